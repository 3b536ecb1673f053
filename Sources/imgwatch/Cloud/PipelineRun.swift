/// A build by way of a pipeline: an execution is started, and its build found.

import AWS
import Foundation
import OCI
import Registry

struct PipelineRun: Sendable {
    private let name: String
    private let key: String
    private let version: String?
    private let isCancelled: @Sendable () -> Bool

    /// What the pipeline gets: an object by its key and its version.
    init(_ name: String, _ key: String, _ version: String?, _ isCancelled: @escaping @Sendable () -> Bool) {
        (self.name, self.key, self.version, self.isCancelled) = (name, key, version, isCancelled)
    }

    /// Where a pipeline has one execution at a time, the next is started when the build of the one before has begun:
    /// else a third would take the place of the second.
    private static let turn = Slots(1)
    private static let mostStarts = 10
    /// So often in a row CodeBuild may not know the build.
    private static let mostAbsences = 20

    /// The build that the same token always leads to, but for executions that ended without one.
    func build(
        _ token: String,
        _ pipelines: Pipelines,
        _ codebuild: CodeBuild
    ) async throws(AWSError) -> CodeBuild.Build {
        let pipeline = try await pipelines.pipeline(name)
        guard pipeline.takesKeys else {
            throw AWSError(
                "the source \(pipeline.source) of the pipeline \(name) takes no other object than its own",
                remedy: "set `AllowOverrideForS3ObjectKey: true` in its configuration"
            )
        }
        guard pipeline.mode == "PARALLEL" else {
            return try await Self.turn.with { () async throws(AWSError) in
                try await build(token, pipeline, pipelines, codebuild)
            }
        }
        return try await build(token, pipeline, pipelines, codebuild)
    }

    private func build(
        _ token: String,
        _ pipeline: Pipelines.Pipeline,
        _ pipelines: Pipelines,
        _ codebuild: CodeBuild
    ) async throws(AWSError) -> CodeBuild.Build {
        var reason = ""
        for number in 0..<Self.mostStarts {
            guard !isCancelled() else { throw .notNeeded }
            // What ended without a build is not what another try is to find.
            let own = Digest.sha256(of: Array("\(token) \(number)".utf8)).hex
            let execution = try await pipelines.start(pipeline, key: key, version: version, token: own)
            switch try await follow(execution, pipelines, codebuild) {
            case .success(let build): return build
            case .failure(let ended): reason = ended.reason
            }
        }
        throw AWSError(
            "the pipeline \(name) ends before its build: \(reason)",
            remedy: "see its executions in AWS, then `imgwatch retry`"
        )
    }

    private struct Ended: Error {
        var reason: String
    }

    private func follow(
        _ execution: String,
        _ pipelines: Pipelines,
        _ codebuild: CodeBuild
    ) async throws(AWSError) -> Result<CodeBuild.Build, Ended> {
        var absences = 0
        while !isCancelled() {
            switch try await pipelines.progress(name, execution) {
            case .building(let id):
                if let build = try await codebuild.builds([id]).first { return .success(build) }
                absences += 1
                guard absences < Self.mostAbsences else {
                    throw AWSError(
                        "CodeBuild knows no build \(id), which the pipeline \(name) has started",
                        remedy: "let the pipeline build in this account and region"
                    )
                }
            case .waiting: break
            case .superseded: return .failure(Ended(reason: "a newer execution takes its place"))
            case .ended(let reason): return .failure(Ended(reason: reason))
            }
            do { try await Task.sleep(for: CloudBuilds.holdPause) } catch { throw .notNeeded }
        }
        try? await pipelines.stop(name, execution)
        throw .notNeeded
    }
}
