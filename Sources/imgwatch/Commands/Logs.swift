/// `imgwatch logs`: what the latest build of an image in AWS printed, and prints.

import AWS
import ArgumentParser
import Foundation
import HTTP
import OCI
import Project
import Reporting
import State

struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the latest build of an image in CodeBuild printed.",
        discussion: """
            The running loop shows the same lines as they come; this is for builds that nobody follows. Exit code 1 \
            where the build failed.
            """
    )

    @Argument(help: "The image.")
    var name: String

    @Flag(help: "Go on until the build is over.")
    var follow = false

    @OptionGroup var options: CommonOptions

    private static let pace = Duration.seconds(1)

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let project = try options.load().project
        let folders = StateFolders.forProject(root: project.root, environment: environment)
        let http = HTTPClient()
        defer { http.close() }
        let builds = CloudBuilds(
            CloudServices(environment, http, project.cloud),
            CloudRecords(path: folders.state + "/builds.json")
        )
        guard let record = builds.records[name] else {
            let known = builds.records.all.keys.sorted().joined(separator: ", ")
            throw SessionError(
                reason: "no build of \(name) in AWS is known here",
                remedy: known.isEmpty ? "`imgwatch build` starts builds" : "builds are known of: \(known)"
            )
        }
        do throws(AWSError) {
            let client = try await builds.services.access().client()
            try await show(record, builds, BuildLogs(client))
        } catch {
            if error.code == Self.failed { throw ExitCode(1) }
            throw SessionError(reason: error.reason, remedy: error.remedy)
        }
    }

    private static let failed = "failed"

    private func show(
        _ record: CloudRecords.Record,
        _ builds: CloudBuilds,
        _ logs: BuildLogs
    ) async throws(AWSError) {
        var place: String?
        while true {
            guard let build = try await latest(record, builds) else {
                guard follow else { return Say.error("\(name) waits for what it is built on") }
                try await pause()
                continue
            }
            if let group = build.logGroup, let stream = build.logStream {
                var page = try await logs.page(group, stream, after: place)
                while page.next != place {
                    place = page.next
                    for line in page.lines { tell(line) }
                    page = try await logs.page(group, stream, after: place)
                }
            }
            guard build.isOver || !follow else {
                try await pause()
                continue
            }
            Say.error("CodeBuild \(build.id): \(build.isOver ? build.status.rawValue : build.phase)")
            guard build.isOver, build.status != .succeeded else { return }
            var error = AWSError(build.complaints.first ?? "the build failed", remedy: "")
            error.code = Self.failed
            throw error
        }
    }

    /// nil where AWS has not started it yet.
    private func latest(
        _ record: CloudRecords.Record,
        _ builds: CloudBuilds
    ) async throws(AWSError) -> CodeBuild.Build? {
        switch try await builds.progress([name: record])[name] {
        case .begun(let build): return build
        case .waiting: return nil
        case .unknown where record.isNew: return nil
        case .left(let batch):
            throw AWSError(
                "the batch \(record.id) ended without \(name)\(batch.complaints.map { ": \($0)" }.joined())",
                remedy: "see the log of what it is built on, and `imgwatch build`, which starts it again"
            )
        case .unknown, nil:
            throw AWSError(
                "CodeBuild knows no build \(record.id) any more",
                remedy: "`imgwatch build` starts another one"
            )
        }
    }

    private func pause() async throws(AWSError) {
        do { try await Task.sleep(for: Self.pace) } catch { throw .notNeeded }
    }

    private func tell(_ line: String) {
        guard options.isJSON else { return Say.line(TerminalText.escaped(line)) }
        Say.json(.object([.init("image", .text(name)), .init("line", .text(line))]))
    }
}
