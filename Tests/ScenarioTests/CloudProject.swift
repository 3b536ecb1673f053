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
        try configure(isSmall ? fewImages : allImages, settings: settings)
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

    /// The function that an image gets, by the default of its name.
    var lambda: String { #"lambda: { function: "{project}-{image}", role: "\#(servers.role("function"))" }"# }

    private var allImages: String {
        """
          base-dynamo: { dockerfile: dynamo/Dockerfile }
          base-label:
            dockerfile: label/Dockerfile
            args: { BASE_IMAGE_URI: { image: base-dynamo } }
          base-agent: { dockerfile: agent/Dockerfile }
          receipt:
            dockerfile: receipt/Dockerfile
            \(lambda)
          upload:
            dockerfile: upload/Dockerfile
            \(lambda)
        """
    }

    private var fewImages: String {
        """
          base-dynamo: { dockerfile: dynamo/Dockerfile }
          receipt:
            dockerfile: receipt/Dockerfile
            \(lambda)
        """
    }

    /// The project has these images from now on: lines as they stand below `images`.
    ///
    /// `settings`: more for `aws`; `builder`: who makes the images.
    func configure(_ images: String, settings: String = "", builder: String = "codebuild") throws {
        try project.write(
            ".imgwatch",
            """
            registry: \(servers.registry)
            aws: { region: \(servers.region), bucket: \(Self.bucket)\(settings) }
            builder: \(builder)
            images:
            \(images)

            """
        )
    }

    /// Of `imgwatch`, as its user has it.
    var environment: [String: String] { servers.environment.merging(["CI": ""]) { $1 } }

    func loop(_ arguments: [String] = ["up"]) throws -> RunningLoop {
        try RunningLoop(project, arguments, environment: environment)
    }

    /// The loop at rest after its first round, which has built everything.
    func begun() async throws -> RunningLoop {
        let loop = try loop()
        try await loop.settle(from: 0, after: nil)
        try servers.clearLog()
        return loop
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

    /// What builds that were started since are to push, in this order.
    func references(since count: Int = 0) throws -> [String] {
        try servers.builds(of: "imgwatch-project").dropFirst(count).map { $0.variable("IMAGE_URI") ?? "" }
    }

    /// The images that builds were started for since, in this order.
    func builtImages(since count: Int = 0) throws -> [String] {
        try references(since: count).map { String($0.split(separator: "/").last?.prefix { $0 != ":" } ?? "") }
    }

    /// What the registry has under a reference by a tag.
    func digest(of reference: String) throws -> String {
        let parts = reference.split(separator: "/").last?.split(separator: ":").map(String.init) ?? []
        let (image, tag) = (try #require(parts.first), try #require(parts.last))
        return try #require(try servers.digest(of: tag, in: image), "there is no \(reference)")
    }

    /// Waits until a build's request is held, as a fault says.
    func hold(of name: String) async throws {
        _ = try await Waiting.until("a build that stands still in \(name)") {
            try servers.log(name, by: "build").first { $0.method == "PUT" && $0.status == nil }
        }
    }

    /// Waits until so many builds are over, and gives the states of all.
    @discardableResult
    func end(ofBuilds count: Int) async throws -> [String] {
        try await Waiting.until("the end of \(count) builds") {
            let states = try servers.builds(of: "imgwatch-project").compactMap { $0["buildStatus"].text }
            return states.count >= count && !states.contains("IN_PROGRESS") ? states : nil
        }
    }

    /// What all builds have printed, as far as it can be read.
    func logs() -> String {
        let builds = (try? servers.builds(of: "imgwatch-project")) ?? []
        return builds.compactMap { try? servers.buildLog($0) }.joined(separator: "\n")
    }

    var buildCount: Int { get throws { try servers.builds(of: "imgwatch-project").count } }

    /// The digest of what a function runs.
    func digest(ofFunction name: String) throws -> String {
        try #require(servers.image(ofFunction: name)?.split(separator: "@").last.map(String.init))
    }
}

extension JSONValue {
    /// Of a build: what a variable of its environment holds.
    func variable(_ name: String) -> String? {
        self["environment"]["environmentVariables"].list.first { $0["name"].text == name }?["value"].text
    }
}
