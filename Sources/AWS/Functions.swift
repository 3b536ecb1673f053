/// Lambda functions that run an image: looked at, made, and given another image.
///
/// Shapes: the service's API reference, Lambda 2015-03-31 (and 2017-03-31 for tags).

internal import HTTP
package import OCI

package struct Functions: Sendable {
    private let client: AWSClient
    package init(_ client: AWSClient) { self.client = client }

    package struct Function: Hashable, Sendable {
        package var name: String
        package var arn: String
        /// Changes with every change of the function.
        package var revision: String
        /// `Image` or `Zip`.
        package var packageType: String
        /// `x86_64` or `arm64`.
        package var architecture: String
        /// `Pending`, `Active`, `Inactive`, `Failed`.
        package var state: String
        package var stateReason: String?
        /// `InProgress`, `Successful`, `Failed`.
        package var updateStatus: String
        package var updateReason: String?
        /// By digest; nil from calls that do not say it.
        package var image: String?
        package var version: String?
        package var tags: [String: String]

        init?(_ json: JSON) {
            let own = json["Configuration"] ?? json
            guard let name = own["FunctionName"]?.text else { return nil }
            self.name = name
            arn = own["FunctionArn"]?.text ?? ""
            revision = own["RevisionId"]?.text ?? ""
            packageType = own["PackageType"]?.text ?? "Zip"
            architecture = own["Architectures"]?.texts?.first ?? "x86_64"
            state = own["State"]?.text ?? "Active"
            stateReason = Self.reason(own, "StateReason")
            updateStatus = own["LastUpdateStatus"]?.text ?? "Successful"
            updateReason = Self.reason(own, "LastUpdateStatusReason")
            image = json["Code"]?["ResolvedImageUri"]?.text
            version = own["Version"]?.text
            tags = json["Tags"]?.textMap ?? [:]
        }

        private static func reason(_ json: JSON, _ name: String) -> String? {
            let texts = [json[name + "Code"]?.text, json[name]?.text].compactMap(\.self).filter { !$0.isEmpty }
            return texts.isEmpty ? nil : texts.joined(separator: ": ")
        }

        /// Neither being made nor being changed.
        package var isAtRest: Bool { state != "Pending" && updateStatus != "InProgress" }
    }

    /// Settings of a function; what is nil is left as it is.
    package struct Settings: Hashable, Sendable {
        /// In seconds.
        package var timeout: Int?
        /// In MiB.
        package var memory: Int?
        package var environment: [String: String]?

        package init(timeout: Int? = nil, memory: Int? = nil, environment: [String: String]? = nil) {
            (self.timeout, self.memory, self.environment) = (timeout, memory, environment)
        }

        package var isEmpty: Bool { self == Settings() }

        /// Whether another one says nothing else of what this one says.
        package func hold(in other: Settings) -> Bool {
            timeout ?? other.timeout == other.timeout && memory ?? other.memory == other.memory
                && environment ?? other.environment == other.environment
        }

        /// As `UpdateFunctionConfiguration` takes them.
        package var fields: JSON {
            .fields([
                "Timeout": timeout.map { .integer($0) }, "MemorySize": memory.map { .integer($0) },
                "Environment": environment.map { .fields(["Variables": .map($0)]) },
            ])
        }
    }

    /// What a function is made with.
    package struct Creation: Sendable {
        package var name: String
        package var image: String
        package var role: String
        package var architecture: String
        package var settings = Settings()
        package var tags: [String: String] = [:]

        package init(name: String, image: String, role: String, architecture: String) {
            (self.name, self.image, self.role, self.architecture) = (name, image, role, architecture)
        }

        fileprivate var fields: JSON {
            let own = JSON.fields([
                "FunctionName": .text(name), "PackageType": .text("Image"),
                "Code": .fields(["ImageUri": .text(image)]),
                "Role": .text(role), "Architectures": .texts([architecture]), "Tags": .map(tags),
            ])
            return own.adding(settings.fields)
        }
    }

    private static let functions = "/2015-03-31/functions"
    private static func path(_ name: String) -> String { "\(functions)/\(WebAddress.encoded(name))" }

    /// nil where there is none of this name.
    package func function(_ name: String) async throws(AWSError) -> Function? {
        do throws(AWSError) {
            return try Self.function(in: try await client.rest(.lambda, "GetFunction", "GET", Self.path(name)))
        } catch {
            guard error.status == 404 else { throw error }
            return nil
        }
    }

    package func create(_ creation: Creation) async throws(AWSError) -> Function {
        try Self.function(
            in: try await client.rest(.lambda, "CreateFunction", "POST", Self.functions, creation.fields)
        )
    }

    /// Only where the function is still the one of that revision: else `PreconditionFailedException`.
    package func update(_ name: String, image: String, revision: String) async throws(AWSError) -> Function {
        let input = JSON.fields(["ImageUri": .text(image), "RevisionId": .text(revision)])
        return try Self.function(
            in: try await client.rest(.lambda, "UpdateFunctionCode", "PUT", Self.path(name) + "/code", input)
        )
    }

    /// Replaces these settings; the rest stays.
    package func configure(
        _ name: String,
        _ settings: Settings,
        revision: String
    ) async throws(AWSError) -> Function {
        let input = settings.fields.adding(.fields(["RevisionId": .text(revision)]))
        let path = Self.path(name) + "/configuration"
        return try Self.function(
            in: try await client.rest(.lambda, "UpdateFunctionConfiguration", "PUT", path, input)
        )
    }

    /// Those of now, all of them.
    package func settings(_ name: String) async throws(AWSError) -> Settings {
        let path = Self.path(name) + "/configuration"
        let json = try await client.rest(.lambda, "GetFunctionConfiguration", "GET", path)
        return Settings(
            timeout: json["Timeout"]?.integer,
            memory: json["MemorySize"]?.integer,
            environment: json["Environment"]?["Variables"]?.textMap ?? [:]
        )
    }

    /// - Returns: The number of the version that shows what the function is now.
    package func publish(_ name: String, revision: String) async throws(AWSError) -> String {
        let input = JSON.fields(["RevisionId": .text(revision)])
        let json = try await client.rest(.lambda, "PublishVersion", "POST", Self.path(name) + "/versions", input)
        guard let version = json["Version"]?.text else { throw Self.unexpected }
        return version
    }

    /// What an alias names.
    package struct Alias: Hashable, Sendable {
        package var version: String
        package var revision: String
    }

    /// nil where there is no such alias.
    package func alias(_ alias: String, of name: String) async throws(AWSError) -> Alias? {
        let path = Self.path(name) + "/aliases/" + WebAddress.encoded(alias)
        do throws(AWSError) {
            let json = try await client.rest(.lambda, "GetAlias", "GET", path)
            guard let version = json["FunctionVersion"]?.text else { throw Self.unexpected }
            return Alias(version: version, revision: json["RevisionId"]?.text ?? "")
        } catch {
            guard error.status == 404 else { throw error }
            return nil
        }
    }

    /// Makes the alias where there is none (`revision` is nil); else moves it, where it is still of that revision.
    package func move(
        _ alias: String,
        of name: String,
        to version: String,
        revision: String?
    ) async throws(AWSError) {
        let path = Self.path(name) + "/aliases"
        if let revision {
            let input = JSON.fields(["FunctionVersion": .text(version), "RevisionId": .text(revision)])
            let own = path + "/" + WebAddress.encoded(alias)
            _ = try await client.rest(.lambda, "UpdateAlias", "PUT", own, input)
        } else {
            let input = JSON.fields(["Name": .text(alias), "FunctionVersion": .text(version)])
            _ = try await client.rest(.lambda, "CreateAlias", "POST", path, input)
        }
    }

    package func tag(_ arn: String, _ tags: [String: String]) async throws(AWSError) {
        let path = "/2017-03-31/tags/" + WebAddress.encoded(arn)
        _ = try await client.rest(.lambda, "TagResource", "POST", path, .fields(["Tags": .map(tags)]))
    }

    package func untag(_ arn: String, _ keys: [String]) async throws(AWSError) {
        let query = keys.map { "tagKeys=\(WebAddress.encoded($0))" }.joined(separator: "&")
        let path = "/2017-03-31/tags/\(WebAddress.encoded(arn))?\(query)"
        _ = try await client.rest(.lambda, "UntagResource", "DELETE", path)
    }

    private static func function(in json: JSON) throws(AWSError) -> Function {
        guard let function = Function(json) else { throw unexpected }
        return function
    }

    private static var unexpected: AWSError {
        AWSError(
            "lambda answered without a function",
            remedy: "check whether the endpoint is AWS's own, or a proxy that answers in its place"
        )
    }
}
