/// Executions of a pipeline of CodePipeline whose action of CodeBuild builds what an object in a bucket holds.
///
/// Shapes: the service's API reference, CodePipeline 2015-07-09.

internal import OCI

package struct Pipelines: Sendable {
    private let client: AWSClient
    package init(_ client: AWSClient) { self.client = client }

    /// What of a pipeline matters for starting it.
    package struct Pipeline: Hashable, Sendable {
        package var name: String
        /// The action that gets its source from S3.
        package var source: String
        /// Whether that action takes another key than its own.
        package var takesKeys: Bool
        /// `PARALLEL`, `QUEUED` or `SUPERSEDED`.
        package var mode: String
        /// Of CodeBuild; nil where it builds nothing there.
        package var project: String?
    }

    /// Throws where it has no source in S3, or none of this name is there.
    package func pipeline(_ name: String) async throws(AWSError) -> Pipeline {
        let answer = try await client.call(.codepipeline, "GetPipeline", .fields(["name": .text(name)]))
        let stages = answer["pipeline"]?["stages"]?.array ?? []
        let actions = stages.flatMap { $0["actions"]?.array ?? [] }
        guard let action = actions.first(where: { $0["actionTypeId"]?["provider"]?.text == "S3" }),
            let source = action["name"]?.text
        else {
            throw AWSError(
                "the pipeline \(name) has no source in S3",
                remedy: "give it one, with `AllowOverrideForS3ObjectKey: true`, or take `pipeline` out of `aws:`"
            )
        }
        return Pipeline(
            name: name,
            source: source,
            takesKeys: action["configuration"]?["AllowOverrideForS3ObjectKey"]?.text == "true",
            mode: answer["pipeline"]?["executionMode"]?.text ?? "SUPERSEDED",
            project: actions.first { $0["actionTypeId"]?["provider"]?.text == "CodeBuild" }?["configuration"]?[
                "ProjectName"
            ]?.text
        )
    }

    /// Two starts with one token are one execution.
    ///
    /// - Returns: The id of the execution.
    package func start(
        _ pipeline: Pipeline,
        key: String,
        version: String?,
        token: String
    ) async throws(AWSError) -> String {
        var revisions = [("S3_OBJECT_KEY", key)]
        if let version { revisions.append(("S3_OBJECT_VERSION_ID", version)) }
        let input = JSON.fields([
            "name": .text(pipeline.name), "clientRequestToken": .text(token),
            "sourceRevisions": .array(
                revisions.map { type, value in
                    .fields([
                        "actionName": .text(pipeline.source), "revisionType": .text(type),
                        "revisionValue": .text(value),
                    ])
                }
            ),
        ])
        let answer = try await client.call(.codepipeline, "StartPipelineExecution", input)
        return answer["pipelineExecutionId"]?.text ?? ""
    }

    /// Ends an execution at once; one that is over is no error.
    package func stop(_ pipeline: String, _ execution: String) async throws(AWSError) {
        let input = JSON.fields([
            "pipelineName": .text(pipeline), "pipelineExecutionId": .text(execution), "abandon": .boolean(true),
        ])
        do throws(AWSError) {
            _ = try await client.call(.codepipeline, "StopPipelineExecution", input)
        } catch {
            guard error.code == "PipelineExecutionNotStoppableException" else { throw error }
        }
    }

    /// What an execution has come to.
    package enum Progress: Sendable {
        /// It has not begun its build yet.
        case waiting
        /// The id of the build of CodeBuild.
        case building(String)
        /// A newer execution has taken its place before its turn came.
        case superseded
        /// It ended before its build, for this reason.
        case ended(String)
    }

    package func progress(_ pipeline: String, _ execution: String) async throws(AWSError) -> Progress {
        // First how it is, so that the actions of its end are there.
        let own = JSON.fields(["pipelineName": .text(pipeline), "pipelineExecutionId": .text(execution)])
        let answer = try await client.call(.codepipeline, "GetPipelineExecution", own)
        let filter = JSON.fields(["pipelineExecutionId": .text(execution)])
        let listed = try await client.call(
            .codepipeline,
            "ListActionExecutions",
            .fields(["pipelineName": .text(pipeline), "filter": filter])
        )
        let actions = listed["actionExecutionDetails"]?.array ?? []
        let builds = actions.filter { $0["input"]?["actionTypeId"]?["provider"]?.text == "CodeBuild" }
        for result in builds.compactMap({ $0["output"]?["executionResult"] }) {
            if let build = result["externalExecutionId"]?.text, !build.isEmpty { return .building(build) }
        }
        let status = answer["pipelineExecution"]?["status"]?.text ?? "InProgress"
        switch status {
        case "InProgress", "Stopping": return .waiting
        case "Superseded": return .superseded
        default:
            let reasons = actions.compactMap { $0["output"]?["executionResult"]?["errorDetails"]?["message"]?.text }
            let summary = answer["pipelineExecution"]?["statusSummary"]?.text.flatMap { $0.isEmpty ? nil : $0 }
            return .ended(reasons.first ?? summary ?? status)
        }
    }
}
