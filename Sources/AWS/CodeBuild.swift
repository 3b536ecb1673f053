/// Builds in AWS CodeBuild: started, looked at, stopped.
///
/// Shapes: the service's API reference, CodeBuild 2016-10-06.

package import OCI

package struct CodeBuild: Sendable {
    private let client: AWSClient
    package init(_ client: AWSClient) { self.client = client }

    /// What one build is started with; the rest is the project's.
    package struct Order: Sendable {
        package var project: String
        /// `BUCKET/KEY`; nil: there is no source.
        package var source: String?
        package var sourceVersion: String?
        /// Its text, or the ARN of an object that is it.
        package var buildspec: String?
        package var environment: [(name: String, value: String)] = []
        /// For another architecture than the project's.
        package var machine: (type: String, image: String)?
        package var timeoutMinutes: Int?
        /// Two orders with one token within five minutes are one build.
        package var token: String

        package init(project: String, token: String) { (self.project, self.token) = (project, token) }

        fileprivate var fields: JSON {
            .fields([
                "projectName": .text(project),
                "sourceTypeOverride": .text(source == nil ? "NO_SOURCE" : "S3"),
                "sourceLocationOverride": source.map(JSON.text),
                "sourceVersion": sourceVersion.map(JSON.text),
                "artifactsOverride": .fields(["type": .text("NO_ARTIFACTS")]),
                "buildspecOverride": buildspec.map(JSON.text),
                "environmentVariablesOverride": environment.isEmpty
                    ? nil
                    : .array(
                        environment.map {
                            .fields(["name": .text($0.name), "value": .text($0.value), "type": .text("PLAINTEXT")])
                        }
                    ),
                "environmentTypeOverride": machine.map { .text($0.type) },
                "imageOverride": machine.map { .text($0.image) },
                "timeoutInMinutesOverride": timeoutMinutes.map { .integer($0) },
                "idempotencyToken": .text(token),
            ])
        }
    }

    /// A build as CodeBuild tells of it.
    package struct Build: Hashable, Sendable {
        package enum Status: String, Sendable {
            case succeeded = "SUCCEEDED"
            case failed = "FAILED"
            /// AWS's own fault.
            case fault = "FAULT"
            case timedOut = "TIMED_OUT"
            case stopped = "STOPPED"
            case inProgress = "IN_PROGRESS"
        }
        package var id: String
        package var project: String
        package var status: Status
        /// As CodeBuild has it, like `QUEUED` or `POST_BUILD`.
        package var phase: String
        /// In seconds since 1970.
        package var start: Double?
        package var end: Double?
        /// Of CloudWatch Logs; nil until the build has a machine.
        package var logGroup: String?
        package var logStream: String?
        /// What the phases that failed say, one line each.
        package var complaints: [String]
        package var timeoutMinutes: Int?

        package var isOver: Bool { status != .inProgress }

        init?(_ json: JSON?) {
            guard let json, let id = json["id"]?.text else { return nil }
            self.id = id
            project = json["projectName"]?.text ?? String(id.prefix { $0 != ":" })
            status = json["buildStatus"]?.text.flatMap { Status(rawValue: $0) } ?? .inProgress
            phase = json["currentPhase"]?.text ?? "SUBMITTED"
            (start, end) = (json["startTime"]?.seconds, json["endTime"]?.seconds)
            logGroup = json["logs"]?["groupName"]?.text
            logStream = json["logs"]?["streamName"]?.text
            timeoutMinutes = json["timeoutInMinutes"]?.integer
            complaints = CodeBuild.complaints(json)
        }
    }

    package func start(_ order: Order) async throws(AWSError) -> Build {
        let answer = try await client.call(.codebuild, "StartBuild", order.fields)
        guard let build = Build(answer["build"]) else { throw Self.unexpected("StartBuild") }
        return build
    }

    /// Those of the ids that CodeBuild knows; any number of ids.
    package func builds(_ ids: [String]) async throws(AWSError) -> [Build] {
        var found: [Build] = []
        var rest = ids[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.mostIDs)
            rest = rest.dropFirst(Self.mostIDs)
            let answer = try await client.call(.codebuild, "BatchGetBuilds", .fields(["ids": .texts(Array(part))]))
            found += (answer["builds"]?.array ?? []).compactMap { Build($0) }
        }
        return found
    }

    private static let mostIDs = 100

    package func stop(_ id: String) async throws(AWSError) {
        do throws(AWSError) {
            _ = try await client.call(.codebuild, "StopBuild", .fields(["id": .text(id)]))
        } catch {
            // One that is over can't be stopped.
            guard error.code == "ResourceNotFoundException" || error.code == "InvalidInputException" else {
                throw error
            }
        }
    }

    /// What the phases that failed say, one line each.
    private static func complaints(_ json: JSON) -> [String] {
        let failed = (json["phases"]?.array ?? []).filter { phase in
            guard let status = phase["phaseStatus"]?.text else { return false }
            return !["SUCCEEDED", "IN_PROGRESS", "QUEUED"].contains(status)
        }
        return failed.flatMap { phase -> [String] in
            let name = phase["phaseType"]?.text ?? ""
            return (phase["contexts"]?.array ?? []).compactMap { context in
                guard let message = context["message"]?.text, !message.isEmpty else { return nil }
                return "\(name): \(message)"
            }
        }
    }

    /// The project as CodeBuild has it; nil where there is none of this name.
    package func project(_ name: String) async throws(AWSError) -> JSON? {
        let answer = try await client.call(.codebuild, "BatchGetProjects", .fields(["names": .texts([name])]))
        return answer["projects"]?.array?.first
    }

    private static func unexpected(_ operation: String) -> AWSError {
        AWSError(
            "codebuild \(operation) answered without a build",
            remedy: "check whether the endpoint is AWS's own, or a proxy that answers in its place"
        )
    }

    // MARK: Batches

    /// Builds that AWS itself starts one after the other, by a graph in the buildspec.
    package struct Batch: Hashable, Sendable {
        package var id: String
        package var project: String
        package var status: Build.Status
        /// As CodeBuild has it, like `DOWNLOAD_BATCHSPEC` or `IN_PROGRESS`.
        package var phase: String
        /// What the phases that failed say, one line each.
        package var complaints: [String]
        /// By the identifiers of the graph; empty until AWS has read it.
        package var builds: [String: (id: String, status: Build.Status)] {
            Dictionary(groups.map { ($0.name, ($0.build, $0.status)) }, uniquingKeysWith: { first, _ in first })
        }
        private var groups: [Group]

        private struct Group: Hashable, Sendable {
            var name: String
            /// "" until it was started.
            var build: String
            var status: Build.Status
        }

        package var isOver: Bool { status != .inProgress }

        init?(_ json: JSON?) {
            guard let json, let id = json["id"]?.text else { return nil }
            self.id = id
            project = json["projectName"]?.text ?? String(id.prefix { $0 != ":" })
            phase = json["currentPhase"]?.text ?? "SUBMITTED"
            complaints = CodeBuild.complaints(json)
            status = json["buildBatchStatus"]?.text.flatMap { Build.Status(rawValue: $0) } ?? .inProgress
            groups = (json["buildGroups"]?.array ?? []).map { group in
                let summary = group["currentBuildSummary"]
                return Group(
                    name: group["identifier"]?.text ?? "",
                    build: summary?["arn"]?.text?.split(separator: "/").last.map(String.init) ?? "",
                    status: summary?["buildStatus"]?.text.flatMap { Build.Status(rawValue: $0) } ?? .inProgress
                )
            }
        }
    }

    package func startBatch(_ order: Order) async throws(AWSError) -> Batch {
        let answer = try await client.call(.codebuild, "StartBuildBatch", order.fields)
        guard let batch = Batch(answer["buildBatch"]) else { throw Self.unexpected("StartBuildBatch") }
        return batch
    }

    package func batches(_ ids: [String]) async throws(AWSError) -> [Batch] {
        var found: [Batch] = []
        var rest = ids[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.mostIDs)
            rest = rest.dropFirst(Self.mostIDs)
            let answer = try await client.call(
                .codebuild,
                "BatchGetBuildBatches",
                .fields(["ids": .texts(Array(part))])
            )
            found += (answer["buildBatches"]?.array ?? []).compactMap { Batch($0) }
        }
        return found
    }

    package func stopBatch(_ id: String) async throws(AWSError) {
        do throws(AWSError) {
            _ = try await client.call(.codebuild, "StopBuildBatch", .fields(["id": .text(id)]))
        } catch {
            guard error.code == "ResourceNotFoundException" || error.code == "InvalidInputException" else {
                throw error
            }
        }
    }
}
