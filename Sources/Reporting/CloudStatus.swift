/// What AWS says of a node: the build that makes it, and the function that shows it.

extension LoopStatus {
    /// A build in CodeBuild.
    package struct CloudBuild: Codable, Equatable, Sendable {
        package var project: String
        package var id: String
        /// As CodeBuild has it, like `IN_PROGRESS` or `SUCCEEDED`.
        package var status: String
        package var phase: String
        /// Of CloudWatch Logs; nil until the build has a machine.
        package var logGroup: String?
        package var logStream: String?

        package init(project: String, id: String, status: String, phase: String) {
            (self.project, self.id, self.status, self.phase) = (project, id, status, phase)
        }
    }

    /// A Lambda function.
    package struct CloudFunction: Codable, Equatable, Sendable {
        package var name: String
        /// What it shows now, by digest; nil where there is no such function, or it does not say it.
        package var image: String?
        /// `Active`, `Pending`, …; `missing` where there is none.
        package var state: String
        /// `Successful`, `InProgress`, `Failed`.
        package var update: String?
        package var reason: String?
        package var alias: String?
        /// The version that the alias names.
        package var version: String?

        package init(name: String, state: String) { (self.name, self.state) = (name, state) }
    }
}

extension LoopStatus.CloudBuild {
    var text: String { status == "IN_PROGRESS" ? "CodeBuild \(id): \(phase)" : "CodeBuild \(id): \(status)" }

    func write(to writer: inout JSONWriter) {
        writer.key("build")
        writer.object { writer in
            writer.member("project", project)
            writer.member("id", id)
            writer.member("status", status)
            writer.member("phase", phase)
            writer.member("logGroup", logGroup)
            writer.member("logStream", logStream)
        }
    }
}

extension LoopStatus.CloudFunction {
    var text: String {
        let digest = image?.split(separator: "@").last.map { " shows \($0.prefix(19))" } ?? ""
        let isUsual = state == "Active" && update == "Successful"
        let states = isUsual ? "" : " (\([state, update, reason].compactMap(\.self).joined(separator: ", ")))"
        return "function \(name)\(digest)\(states)"
    }

    func write(to writer: inout JSONWriter) {
        writer.key("function")
        writer.object { writer in
            writer.member("name", name)
            writer.member("image", image)
            writer.member("state", state)
            writer.member("update", update)
            writer.member("reason", reason)
            writer.member("alias", alias)
            writer.member("version", version)
        }
    }
}
