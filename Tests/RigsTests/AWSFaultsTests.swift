import Foundation
import Rigs
import Testing

/// What AWS does besides building: functions that change one at a time, passwords that expire, and faults on demand.
@Suite(.enabled(if: AWSServers.isInstalled, "`scripts/setup test` was not run"))
struct AWSFaultsTests {
    /// A server with the function `it`, which runs the image `it:1`; there are `it:2`, and `it:arm` for arm64.
    private func serversWithFunction() async throws -> AWSServers {
        let servers = try await AWSServers.start()
        try servers.makeRepository("it", isImmutable: false)
        try servers.makeProject("it")
        let image = "\(servers.registry)/it"
        let spec = """
            version: 0.2
            phases:
              build:
                commands:
                  - aws ecr get-login-password | docker login --username AWS --password-stdin \(servers.registry)
                  - printf 'FROM scratch\\nCOPY file /file\\n' > Dockerfile
                  - for tag in 1 2; do echo $tag > file; docker buildx build --push -t \(image):$tag . || exit; done
                  - docker build --platform linux/arm64 -t \(image):arm . && docker push \(image):arm
            """
        let fields: JSONValue = ["projectName": "it", "buildspecOverride": .text(spec)]
        let id = try servers.call("codebuild", "start_build", fields)["build"]["id"].text
        let build = try await servers.finishedBuild(#require(id))
        let log = try servers.buildLog(build)
        #expect(build["buildStatus"] == "SUCCEEDED", "\(log)")
        try servers.makeFunction("it", image: image + ":1", role: servers.makeRole("lambda", for: "lambda"))
        _ = try await Waiting.until("the function") {
            try servers.function("it")["Configuration"]["State"] == "Active" ? true : nil
        }
        return servers
    }

    @Test func `a function changes one at a time, for who knows what it was`() async throws {
        let servers = try await serversWithFunction()
        try servers.settings { $0.lambdaUpdate = 600 }
        let image = "\(servers.registry)/it"
        let script = """
            functions, image = client("lambda"), "\(image)"
            def update(tag, **more):
                return code(functions.update_function_code, FunctionName="it", ImageUri=f"{image}:{tag}", **more)

            before = functions.get_function(FunctionName="it")["Configuration"]["RevisionId"]
            said = [update("absent"), update("arm"), update("2", RevisionId="other"), update("2", DryRun=True),
                    update("2", RevisionId=before), update("2")]
            after = functions.get_function(FunctionName="it")
            say(said + [before != after["Configuration"]["RevisionId"], after["Configuration"]["LastUpdateStatus"]])
            """
        #expect(
            try await BotoClient.run(servers, script) == [
                "400 InvalidParameterValueException", "400 InvalidParameterValueException",
                "412 PreconditionFailedException", "OK", "OK", "409 ResourceConflictException", true, "InProgress",
            ]
        )
        let digest = try #require(try servers.digest(of: "2", in: "it"))
        #expect(try servers.image(ofFunction: "it") == "\(image)@\(digest)")
    }

    @Test func `an update that fails leaves the function as it was, and versions stay`() async throws {
        let servers = try await serversWithFunction()
        let image = "\(servers.registry)/it"
        try servers.settings { $0.lambdaFailure = ["ImageAccessDenied", "no access"] }
        let script = """
            functions, image = client("lambda"), "\(image)"
            functions.publish_version(FunctionName="it")
            functions.create_alias(FunctionName="it", Name="live", FunctionVersion="1")
            functions.update_function_code(FunctionName="it", ImageUri=f"{image}:2")
            try:
                functions.get_waiter("function_updated_v2").wait(FunctionName="it")
            except BotoCoreError:
                pass
            found = functions.get_function(FunctionName="it")
            say([found["Code"]["ImageUri"], found["Configuration"]["LastUpdateStatusReasonCode"]])
            """
        #expect(try await BotoClient.run(servers, script) == [.text(image + ":1"), "ImageAccessDenied"])
        try servers.settings { $0.lambdaFailure = [] }
        let second = """
            functions, image = client("lambda"), "\(image)"
            functions.update_function_code(FunctionName="it", ImageUri=f"{image}:2")
            functions.get_waiter("function_updated_v2").wait(FunctionName="it")
            found = [functions.get_function(FunctionName="it", **more) for more in ({}, {"Qualifier": "live"})]
            say([each["Code"]["ImageUri"] for each in found])
            """
        #expect(try await BotoClient.run(servers, second) == [.text(image + ":2"), .text(image + ":1")])
    }

    @Test func `a throttled call succeeds later, and one that is cut off may have been carried out`() async throws {
        let servers = try await AWSServers.start()
        try servers.makeProject("it")
        try servers.faults([
            .refuse("codebuild ListProjects", 400, "ThrottlingException", times: 2), .dropAfter("codebuild StartBuild"),
            .drop("POST /"),
        ])
        let script = """
            codebuild = client("codebuild", attempts=3)
            cut = code(client("codebuild").start_build, projectName="it", idempotencyToken="token")
            lost = code(client("codebuild").list_builds)
            again = codebuild.start_build(projectName="it", idempotencyToken="token")["build"]["id"]
            say([cut, lost, len(codebuild.list_projects()["projects"]), codebuild.list_builds()["ids"] == [again]])
            """
        let said = try await BotoClient.run(servers, script)
        #expect(said == ["ConnectionClosedError", "ConnectionClosedError", 1, true])
        let log = try servers.log("codebuild (ListProjects|StartBuild|ListBuilds)$")
        #expect(
            log.map { "\($0.operation) \($0.verdict)" } == [
                "StartBuild dropped after", "ListBuilds dropped", "StartBuild ", "ListProjects ThrottlingException",
                "ListProjects ThrottlingException", "ListProjects ", "ListBuilds ",
            ]
        )
        #expect(log.allSatisfy { $0.path == "/" && $0.method == "POST" && $0.size > 0 })
    }

    @Test func `what is held goes on when it is released`() async throws {
        let servers = try await AWSServers.start()
        try servers.faults([.hold("sts GetCallerIdentity")])
        async let said = BotoClient.run(servers, "say(code(client('sts').get_caller_identity))")
        _ = try await Waiting.until("the request") { try servers.log("sts").first { $0.status == nil } }
        try servers.release()
        #expect(try await said == "OK")
    }

    @Test func `the registry wants a password that has not expired, and a repository`() async throws {
        let servers = try await AWSServers.start()
        let script = """
            say(client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"])
            """
        let first = try await BotoClient.run(servers, script).text ?? ""
        try servers.settings { $0.tokenLife = -1 }
        let expired = try await BotoClient.run(servers, script).text ?? ""
        let address = "http://\(servers.registry)/v2/"
        for (token, path, status, code) in [
            (first, "", 200, "{}"), (expired, "", 403, "DENIED"), ("QVdTOng=", "", 401, "UNAUTHORIZED"),
            (first, "absent/manifests/1", 404, "NAME_UNKNOWN"),
        ] {
            let answer = try await Curl.send("GET", address + path, ["--header", "Authorization: Basic \(token)"])
            #expect(answer.status == status)
            #expect(answer.text.contains(code))
        }
    }

    @Test func `the AWS CLI is served, and whole requests are kept for a look`() async throws {
        let servers = try await AWSServers.start()
        try servers.makeBucket("bucket")
        let folder = try RigFolder()
        let file = try folder.write("file", "a secret's text")
        let words = ["s3", "cp", "--quiet", file, "s3://bucket/copies/file"]
        try await AWSServers.tool("aws").succeed(words, environment: servers.environment)
        #expect(try servers.text("bucket", "copies/file") == "a secret's text")
        let requests = try servers.requests("s3 PutObject")
        #expect(requests.count == 1)
        #expect(requests.allSatisfy { $0.contains("a secret's text") && !$0.contains(servers.secret) })
        let hosts = try servers.requests().map { $0.header("host") }
        #expect(Set(hosts) == [String(servers.endpoint.dropFirst("http://".count))])
        try servers.clearLog()
        #expect(try servers.log().isEmpty)
    }

    /// Builds have a CLI that is quicker than the real one.
    @Test func `in builds the AWS CLI says what the real one says`() async throws {
        let servers = try await serversWithFunction()
        let spec = """
            version: 0.2
            phases:
              build:
                commands:
                  - |-
                    same() {
                      aws "$@" >said 2>complained
                      "$(dirname "$IMGWATCH_RIG_PYTHON")/aws" "$@" >wanted 2>meant
                      diff said wanted && diff complained meant && cat said complained || echo different
                    }
                    arn=\(try servers.function("it")["Configuration"]["FunctionArn"].text ?? "")
                    aws lambda tag-resource --resource "$arn" --tags a:1=b,c=d,e=f
                    aws lambda untag-resource --resource "$arn" --tag-keys e g
                    same lambda get-function --function-name it --output text --query \\
                      '[Configuration.FunctionArn,Configuration.PackageType,keys(not_null(Tags,`{}`))]'
                    same lambda update-function-code --function-name it --image-uri no --revision-id no
                    same ecr describe-images --repository-name it --image-ids imageTag=3
            """
        let fields: JSONValue = ["projectName": "it", "buildspecOverride": .text(spec)]
        let id = try servers.call("codebuild", "start_build", fields)["build"]["id"].text
        let log = try servers.buildLog(try await servers.finishedBuild(#require(id)))
        #expect(!log.contains("\ndifferent\n"), "\(log)")
        #expect(log.contains("function:it\tImage\na:1\tc\n"), "\(log)")
        #expect(log.contains("An error occurred (PreconditionFailedException)"), "\(log)")
        #expect(log.contains("An error occurred (ImageNotFoundException)"), "\(log)")
    }

    @Test func `a build may end by the fault of AWS`() async throws {
        let servers = try await AWSServers.start()
        try servers.makeProject("it")
        try servers.settings { $0.faultyBuilds = 1 }
        for status in ["FAULT", "SUCCEEDED"] {
            let id = try servers.call("codebuild", "start_build", ["projectName": "it"])["build"]["id"].text
            #expect(try await servers.finishedBuild(#require(id))["buildStatus"].text == status)
        }
    }

    @Test func `a stack makes projects, changes and removes them`() async throws {
        let servers = try await AWSServers.start()
        func template(_ timeout: Int) -> JSONValue {
            .text(
                """
                Resources:
                  Images: {Type: AWS::ECR::Repository, Properties: {RepositoryName: it}}
                  Builds:
                    Type: AWS::CodeBuild::Project
                    Properties:
                      Name: it
                      ServiceRole: \(servers.role("codebuild"))
                      TimeoutInMinutes: \(timeout)
                      Artifacts: {Type: NO_ARTIFACTS}
                      Source: {Type: NO_SOURCE, BuildSpec: "version: 0.2"}
                      Environment: {Type: LINUX_CONTAINER, Image: it, ComputeType: BUILD_GENERAL1_SMALL}
                Outputs: {Arn: {Value: !GetAtt Builds.Arn}}
                """
            )
        }
        func projects() throws -> JSONValue {
            try servers.call("codebuild", "batch_get_projects", ["names": ["it"]])["projects"]
        }
        try servers.call("cloudformation", "create_stack", ["StackName": "it", "TemplateBody": template(10)])
        let stack = try servers.call("cloudformation", "describe_stacks", ["StackName": "it"])["Stacks"][0]
        #expect(try projects()[0]["arn"] == stack["Outputs"][0]["OutputValue"])
        #expect(try projects()[0]["source"]["buildspec"] == "version: 0.2")
        try servers.call("cloudformation", "update_stack", ["StackName": "it", "TemplateBody": template(20)])
        #expect(try projects()[0]["timeoutInMinutes"] == 20)
        try servers.call("cloudformation", "delete_stack", ["StackName": "it"])
        #expect(try projects() == [])
    }

    @Test func `a pipeline's execution builds the source that it is started with`() async throws {
        let servers = try await AWSServers.start()
        try servers.makeProject("it")
        try servers.makeBucket("bucket")
        let version = try #require(try servers.put("not a zip".utf8, "bucket", "source.zip"))
        let script = """
            pipelines, role = client("codepipeline"), "\(try servers.makeRole("pipeline", for: "codepipeline"))"
            def stage(category, provider, configuration, **more):
                action = {"name": provider, "configuration": configuration, "actionTypeId": {
                    "category": category, "owner": "AWS", "provider": provider, "version": "1"}, **more}
                return {"name": category, "actions": [action]}

            pipelines.create_pipeline(pipeline={
                "name": "it", "roleArn": role, "artifactStore": {"type": "S3", "location": "bucket"}, "stages": [
                    stage("Source", "S3", {"S3Bucket": "bucket", "S3ObjectKey": "source.zip"},
                          outputArtifacts=[{"name": "source"}]),
                    stage("Build", "CodeBuild", {"ProjectName": "it"}, inputArtifacts=[{"name": "source"}])]})
            say(pipelines.start_pipeline_execution(name="it", sourceRevisions=[{
                "actionName": "S3", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": "\(version)"}]))
            """
        let id = try await BotoClient.run(servers, script)["pipelineExecutionId"]
        let fields: JSONValue = ["pipelineName": "it", "pipelineExecutionId": id]
        let status = try await Waiting.until("the end of the execution") { () -> JSONValue? in
            let found = try servers.call("codepipeline", "get_pipeline_execution", fields)
            let status = found["pipelineExecution"]["status"]
            return status == "InProgress" ? nil : status
        }
        #expect(status == "Failed")
        let build = try #require(try servers.builds(of: "it").first)
        #expect(build["sourceVersion"].text == version)
        #expect(build["source"]["location"] == "bucket/source.zip")
    }
}
