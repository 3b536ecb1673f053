/// Images that a pipeline of CodePipeline builds, where nobody may start builds.

import Foundation
import Rigs
import Testing

@Suite(.withAWS) struct PipelineTests {
    @Test(arguments: ["PARALLEL", "SUPERSEDED"])
    func `a pipeline's executions take the place of builds`(mode: String) async throws {
        let cloud = try await CloudProject.start(isSmall: true, settings: ", pipeline: it")
        try await make(mode, in: cloud.servers)
        try cloud.project.write("upload/Dockerfile", "FROM base-dynamo\nCOPY upload /var/task\n")
        let small = try cloud.project.read(".imgwatch")
        try cloud.project.write(".imgwatch", small + "  upload: { dockerfile: upload/Dockerfile }\n")
        let loop = try cloud.loop()
        let lines = try await loop.settle(from: 0, after: nil)
        #expect(lines.nodes("pushed").first == "base-dynamo")
        #expect(Set(lines.nodes("pushed")) == ["base-dynamo", "receipt", "upload"])
        let pushed = try #require(lines.last { $0.event == "pushed" && $0.node == "receipt" })
        #expect(try cloud.digest(ofFunction: "project-receipt") == pushed.digest)
        #expect(try cloud.servers.log("codebuild StartBuild").isEmpty)
        // Both are built at once, and none is lost where only one may be.
        let executions = try cloud.servers.log("codepipeline StartPipelineExecution").count
        #expect(mode == "PARALLEL" ? executions == 3 : executions >= 3)
        #expect(try cloud.servers.builds(of: "pipeline-builds").count == 3)

        // A failure is shown like that of any build.
        let mark = loop.mark
        try cloud.project.write("receipt/Dockerfile", "FROM base-dynamo\nCOPY receipt /var/task\nRUN cat /nothing\n")
        let failed = try await loop.wait(from: mark, for: "failed", node: "receipt")
        #expect(failed.reason.contains("receipt/Dockerfile:3") && failed.reason.contains("cat /nothing"))
        #expect(try await loop.end() == 0)
        let refused = try cloud.run("build", "--no-wait")
        #expect(refused.status == 1 && refused.errors.contains("pipeline it"), "\(refused.errors)")
        let doctor = try cloud.run("aws", "doctor").output
        let note = "the pipeline it has one execution at a time"
        #expect(doctor.contains(mode == "PARALLEL" ? "the pipeline it is there" : note), "\(doctor)")
    }

    private func make(_ mode: String, in servers: AWSServers) async throws {
        try servers.makeProject("pipeline-builds", source: ["type": "S3", "location": "contexts/none.zip"])
        let role = try servers.makeRole("pipeline", for: "codepipeline")
        let stage = { (category: String, provider: String, settings: JSONValue, artifacts: String) -> JSONValue in
            [
                "name": .text(category),
                "actions": [
                    [
                        "name": .text(provider), "configuration": settings,
                        .init(stringLiteral: artifacts): [["name": "source"]],
                        "actionTypeId": [
                            "category": .text(category), "owner": "AWS", "provider": .text(provider), "version": "1",
                        ],
                    ]
                ],
            ]
        }
        let source: JSONValue = [
            "S3Bucket": "contexts", "S3ObjectKey": "none.zip", "AllowOverrideForS3ObjectKey": "true",
        ]
        let pipeline: JSONValue = [
            "name": "it", "roleArn": .text(role), "artifactStore": ["type": "S3", "location": "contexts"],
            "pipelineType": "V2", "executionMode": .text(mode),
            "stages": [
                stage("Source", "S3", source, "outputArtifacts"),
                stage("Build", "CodeBuild", ["ProjectName": "pipeline-builds"], "inputArtifacts"),
            ],
        ]
        try servers.call("codepipeline", "create_pipeline", ["pipeline": pipeline])
    }
}
