/// A project whose images CodeBuild makes, and all of AWS that it needs: two functions on three bases.

import Foundation
import Rigs
import Testing

extension Trait where Self == ConditionTrait {
    /// Left out, and said so, where nothing can stand in for AWS.
    static var withAWS: Self { .enabled("nothing can stand in for AWS here") { AWSServers.isInstalled } }
}

final class CloudProject: Sendable {
    let servers: AWSServers
    let project: TemporaryProject
    static let images = ["base-dynamo", "base-label", "base-agent", "receipt", "upload"]
    static let functions = ["project-receipt", "project-upload"]
    static let bucket = "contexts"

    /// Makes what it needs in AWS, and its first commit.
    ///
    /// `isSmall`: one base, and one image with a function on it. `batches`: the project of CodeBuild has
    /// a role for them.
    init(_ servers: AWSServers, isSmall: Bool = false, batches: Bool = true, settings: String = "") throws {
        self.servers = servers
        try servers.makeBucket(Self.bucket)
        for image in Self.images { try servers.makeRepository(image) }
        try servers.makeProject("imgwatch-project", batchRole: batches ? "batches" : nil)
        try servers.makeRole("function", for: "lambda")
        project = try TemporaryProject(Self.files)
        try FileManager.default.copyItem(
            atPath: "/bin/busybox",
            toPath: project.path("dynamo/busybox")
        )
        try project.write(".imgwatch", isSmall ? smallConfiguration(settings) : configuration(settings))
        if isSmall {
            try project.write(
                "receipt/Dockerfile",
                "FROM base-dynamo\nCOPY receipt /var/task\nRUN cat /var/task/handler\n"
            )
        }
        try project.commitAll("first")
    }

    static func start(
        isSmall: Bool = false,
        batches: Bool = true,
        settings: String = ""
    ) async throws -> CloudProject {
        try CloudProject(try await AWSServers.start(), isSmall: isSmall, batches: batches, settings: settings)
    }

    private static let files = [
        "dynamo/Dockerfile": """
        FROM scratch
        COPY dynamo/busybox /bin/busybox
        RUN ["/bin/busybox", "--install", "-s", "/bin"]
        COPY packages/receipt_dynamo /opt/receipt_dynamo

        """,
        "label/Dockerfile": """
        ARG BASE_IMAGE_URI
        FROM ${BASE_IMAGE_URI}
        COPY packages/receipt_label /opt/receipt_label
        RUN cat /opt/receipt_dynamo/code

        """,
        "agent/Dockerfile": "FROM base-label\nCOPY packages/receipt_chroma /opt/receipt_chroma\n",
        "receipt/Dockerfile": """
        FROM base-agent
        COPY packages/receipt_agent /opt/receipt_agent
        COPY receipt/handler /var/task/handler
        CMD ["handler.main"]

        """,
        "upload/Dockerfile": "FROM base-label\nCOPY upload/handler /var/task/handler\n",
        "packages/receipt_dynamo/code": "dynamo 1\n", "packages/receipt_label/code": "label 1\n",
        "packages/receipt_chroma/code": "chroma 1\n", "packages/receipt_agent/code": "agent 1\n",
        "receipt/handler": "receipt 1\n", "upload/handler": "upload 1\n", "README.md": "# receipts\n",
    ]

    func configuration(_ settings: String = "") -> String {
        """
        registry: \(servers.registry)
        aws: { region: \(servers.region), bucket: \(Self.bucket)\(settings) }
        builder: codebuild
        images:
          base-dynamo: { dockerfile: dynamo/Dockerfile }
          base-label:
            dockerfile: label/Dockerfile
            args: { BASE_IMAGE_URI: { image: base-dynamo } }
          base-agent: { dockerfile: agent/Dockerfile }
          receipt:
            dockerfile: receipt/Dockerfile
            lambda: { function: "{project}-{image}", role: "\(servers.role("function"))" }
          upload:
            dockerfile: upload/Dockerfile
            lambda: { function: "{project}-{image}", role: "\(servers.role("function"))" }

        """
    }

    func smallConfiguration(_ settings: String = "") -> String {
        """
        registry: \(servers.registry)
        aws: { region: \(servers.region), bucket: \(Self.bucket)\(settings) }
        builder: codebuild
        images:
          base-dynamo: { dockerfile: dynamo/Dockerfile }
          receipt:
            dockerfile: receipt/Dockerfile
            lambda: { function: "{project}-{image}", role: "\(servers.role("function"))" }

        """
    }

    /// Of `imgwatch`, as its user has it.
    var environment: [String: String] { servers.environment.merging(["CI": ""]) { $1 } }

    func loop(_ arguments: [String] = ["up"]) throws -> RunningLoop {
        try RunningLoop(project, arguments, environment: environment)
    }

    /// What a command printed, and its status.
    func run(
        _ arguments: String...,
        more: [String: String] = [:]
    ) throws -> (status: Int32, output: String, errors: String) {
        try Programs.finish(
            [Programs.imgwatch.path()] + arguments,
            in: project.root,
            project.environment.merging(environment) { $1 }.merging(more) { $1 }
        )
    }

    // MARK: What it did

    struct Deeds: Equatable {
        var uploads = 0
        var builds = 0
        var updates = 0
    }

    /// What was sent, started and changed since the log was cleared.
    func deeds() throws -> Deeds {
        let log = try servers.log(".")
        return Deeds(
            uploads: log.count { $0.name == "s3 PutObject" && $0.status == 200 },
            builds: log.count {
                ["codebuild StartBuild", "codebuild StartBuildBatch"].contains($0.name) && $0.status == 200
            },
            updates: log.count { ["lambda UpdateFunctionCode", "lambda CreateFunction"].contains($0.name) }
        )
    }

    /// The images that builds were started for since, in this order.
    func builtImages(since count: Int = 0) throws -> [String] {
        try servers.builds(of: "imgwatch-project").dropFirst(count).map { build in
            let variables = build["environment"]["environmentVariables"].list
            let image = variables.first { $0["name"].text == "IMAGE_URI" }?["value"].text ?? ""
            return String(image.split(separator: "/").last?.prefix { $0 != ":" } ?? "")
        }
    }

    /// Waits until all builds are over, and gives their states.
    @discardableResult
    func endOfBuilds(count: Int = 1) async throws -> [String] {
        try await Waiting.until("the end of \(count) builds") {
            let states = try servers.builds(of: "imgwatch-project").compactMap { $0["buildStatus"].text }
            return states.count >= count && !states.contains("IN_PROGRESS") ? states : nil
        }
    }

    /// What all builds have printed.
    func logs() throws -> String {
        try servers.builds(of: "imgwatch-project").map { try "\(servers.buildLog($0))" }
            .joined(separator: "\n")
    }

    var buildCount: Int { get throws { try servers.builds(of: "imgwatch-project").count } }

    /// The digest of what a function runs.
    func digest(ofFunction name: String) throws -> String {
        try #require(servers.image(ofFunction: name)?.split(separator: "@").last.map(String.init))
    }
}
