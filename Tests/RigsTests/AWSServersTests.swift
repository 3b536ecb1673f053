import Foundation
import Rigs
import Testing

/// boto3 and the AWS CLI get from it what they would get from AWS, and are refused what AWS would refuse.
@Suite(.enabled(if: AWSServers.isInstalled, "`scripts/setup test` was not run"))
struct AWSServersTests {
    /// Starts a build of a project without a source; gives it when it is over.
    private func build(_ servers: AWSServers, _ project: String, _ spec: String) async throws -> JSONValue {
        let fields: JSONValue = ["projectName": .text(project), "buildspecOverride": .text(spec)]
        let id = try servers.call("codebuild", "start_build", fields)["build"]["id"].text
        return try await servers.finishedBuild(#require(id))
    }

    /// A buildspec that pushes an image of one file.
    private func spec(pushing reference: String, content: String = "content") -> String {
        let host = reference.split(separator: "/")[0]
        return """
            version: 0.2
            env:
              exported-variables: [DIGEST, SAID]
            phases:
              pre_build:
                commands:
                  - aws ecr get-login-password | docker login --username AWS --password-stdin \(host)
                  - mkdir context && cd context && export SAID="two words"
              build:
                commands:
                  - printf '%s' '\(content)' > file
                  - printf 'FROM scratch\\nCOPY file /file\\n' > Dockerfile
                  - docker build --provenance=false -t \(reference) .
              post_build:
                commands:
                  - test "$CODEBUILD_BUILD_SUCCEEDING" = 1
                  - docker push \(reference)
                  - >-
                    export DIGEST=$(aws ecr describe-images --repository-name it --image-ids imageTag=1
                    --query 'imageDetails[0].imageDigest' --output text)
            """
    }

    @Test func `a wrong signature is refused in the words of each protocol`() async throws {
        let servers = try #require(await AWSServers.shared.value)
        let script = """
            wrong = {"aws_access_key_id": environ["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": "wrong"}
            say([code(getattr(client(service, **keys), call)) for keys in (wrong, {**wrong, "aws_access_key_id": "no"})
                 for service, call in (("s3", "list_buckets"), ("ecr", "describe_repositories"),
                                       ("lambda", "list_functions"), ("sts", "get_caller_identity"))])
            """
        let said = try await BotoClient.run(servers, script).list.compactMap(\.text)
        #expect(
            said == [
                "403 SignatureDoesNotMatch", "400 InvalidSignatureException", "403 InvalidSignatureException",
                "403 SignatureDoesNotMatch", "403 InvalidAccessKeyId", "400 UnrecognizedClientException",
                "403 UnrecognizedClientException", "403 InvalidClientTokenId",
            ]
        )
        let region = try await BotoClient.run(
            servers,
            "say(code(client('ecr', region_name='eu-west-1').describe_repositories))"
        )
        #expect(region == "400 InvalidSignatureException")
    }

    @Test func `a request that was changed after it was signed is refused`() async throws {
        let servers = try #require(await AWSServers.shared.value)
        let script = """
            def send(signer, service, method, path, body, headers, change):
                request = AWSRequest(method, endpoint + path, data=body, headers=headers)
                signer(session.get_credentials(), service, environ["AWS_REGION"]).add_auth(request)
                headers, body = dict(request.headers), body
                body = change(headers, body) or body
                try:
                    urllib.request.urlopen(urllib.request.Request(endpoint + path, body, headers, method=method))
                    return "OK"
                except urllib.error.HTTPError as problem:
                    text = problem.read().decode()
                    return text.split("<Code>")[1].split("<")[0] if "<Code>" in text else json.loads(text)["__type"]

            json_headers = {"X-Amz-Target": "CodeBuild_20161006.ListProjects", "Content-Type":
                            "application/x-amz-json-1.1"}
            changes = [lambda headers, body: None, lambda headers, body: b'{"a": 1}',
                       lambda headers, body: headers.update({"X-Amz-Extra": "1"}),
                       lambda headers, body: headers.pop("Authorization") and None]
            say([send(SigV4Auth, "codebuild", "POST", "/", b"{}", json_headers, change) for change in changes]
                + [send(SigV4Auth, "ecr", "POST", "/", b"{}", json_headers, changes[0])]
                + [send(S3SigV4Auth, "s3", "PUT", "/changed/a%20b+c", b"1", {}, change) for change in changes])
            """
        try servers.makeBucket("changed")
        let said = try await BotoClient.run(servers, script).list.compactMap(\.text)
        #expect(
            said == [
                "OK", "InvalidSignatureException", "InvalidSignatureException", "MissingAuthenticationTokenException",
                "InvalidSignatureException", "OK", "XAmzContentSHA256Mismatch", "SignatureDoesNotMatch", "AccessDenied",
            ]
        )
    }

    @Test(arguments: [1200.0, -1200, 600]) func `a clock may be 15 minutes off`(seconds: Double) async throws {
        let servers = try await AWSServers.start()
        try servers.skew(seconds)
        let script = """
            def date(answer):
                text = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
                return datetime.datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT")

            s3 = client("s3")
            try:
                answer = s3.list_buckets()
            except ClientError as problem:
                answer = problem.response
            off = date(answer) - datetime.datetime.utcnow()
            say([code(s3.list_buckets), code(client("ecr").describe_repositories), off.total_seconds()])
            """
        let said = try await BotoClient.run(servers, script)
        let isNear = abs(seconds) < 900
        #expect(said[0].text == (isNear ? "OK" : "403 RequestTimeTooSkewed"))
        #expect(said[1].text == (isNear ? "OK" : "400 InvalidSignatureException"))
        #expect(abs(try #require(said[2].number) - seconds) < 30, "its answers tell its own time")
    }

    @Test func `temporary credentials need their token, and end`() async throws {
        let servers = try await AWSServers.start()
        try servers.makeRole("role", for: "ec2")
        try servers.credentials("ASIATEMPORARY", "secret", token: "token", expiresIn: 600)
        try servers.credentials("ASIAEXPIRED", "secret", token: "token", expiresIn: -1)
        let script = """
            def tried(service, call, key, secret, token):
                keys = {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}
                return code(getattr(client(service, **keys), call))

            role = client("sts").assume_role(RoleArn="\(servers.role("role"))", RoleSessionName="session")
            given = [role["Credentials"][name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
            all = (("ASIATEMPORARY", "secret", "token"), ("ASIATEMPORARY", "secret", "no"),
                   ("ASIAEXPIRED", "secret", "token"), given)
            both = (("s3", "list_buckets"), ("ecr", "describe_repositories"))
            say([tried(*each, *keys) for keys in all for each in both])
            """
        let said = try await BotoClient.run(servers, script).list.compactMap(\.text)
        #expect(
            said == [
                "OK", "OK", "400 InvalidToken", "400 UnrecognizedClientException", "400 ExpiredToken",
                "400 ExpiredTokenException", "OK", "OK",
            ]
        )
    }

    @Test func `S3 holds objects against their checksums, and replaces none that must not be there`() async throws {
        let servers = try #require(await AWSServers.shared.value)
        try servers.makeBucket("objects")
        let script = """
            s3 = client("s3")
            put = lambda key, **more: code(s3.put_object, Bucket="objects", Key=key, Body=b"text", **more)
            s3.put_object(Bucket="objects", Key="sum", Body=b"text", ChecksumAlgorithm="SHA256")
            say([put("wrong", ChecksumSHA256="AAAA"), put("a+b=c:ü ~.zip", IfNoneMatch="*"),
                 put("a+b=c:ü ~.zip", IfNoneMatch="*"),
                 s3.head_object(Bucket="objects", Key="sum", ChecksumMode="ENABLED")["ChecksumSHA256"]])
            """
        let said = try await BotoClient.run(servers, script)
        #expect(said[0] == "400 BadDigest")
        #expect(said[1] == "OK")
        #expect(said[2] == "412 PreconditionFailed")
        #expect(said[3] == "mC2ePrmW9VnmM/TRlN7zdh2Qn1o7ZH0ahR/q1nwyydE=")
        #expect(try servers.keys(in: "objects") == ["a+b=c:ü ~.zip", "sum"])
    }

    @Test func `a build runs its phases and pushes an image, whose tag is then taken`() async throws {
        let servers = try await AWSServers.start()
        try servers.makeRepository("it")
        try servers.makeProject("builds")
        let spec = spec(pushing: "\(servers.registry)/it:1")
        let first = try await build(servers, "builds", spec)
        let log = try servers.buildLog(first)
        #expect(first["buildStatus"] == "SUCCEEDED", "\(log)")
        let digest = try #require(try servers.digest(of: "1", in: "it"))
        let exported = first["exportedEnvironmentVariables"].list
        #expect(exported.map { $0["name"] } == ["DIGEST", "SAID"])
        #expect(exported.map { $0["value"] } == [.text(digest), "two words"])
        let phases = first["phases"].list.compactMap { $0["phaseType"].text }
        #expect(
            phases == [
                "SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD",
                "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED",
            ]
        )
        let second = try await build(servers, "builds", spec)
        #expect(second["buildStatus"] == "FAILED")
        #expect(try servers.buildLog(second).contains("cannot be overwritten because the tag is immutable"))
        #expect(try servers.images(in: "it").count == 1)
        #expect(try servers.log("registry manifests", by: "build").last?.verdict == "TAG_INVALID")
    }

    @Test func `a build has its base from the registry alone`() async throws {
        let servers = try await AWSServers.start()
        try servers.makeRepository("it")
        try servers.makeProject("builds")
        let base = "\(servers.registry)/it:1"
        let first = try await build(servers, "builds", spec(pushing: base))
        #expect(first["buildStatus"] == "SUCCEEDED")
        let child = """
            version: 0.2
            phases:
              build:
                commands:
                  - aws ecr get-login-password | docker login --username AWS --password-stdin \(servers.registry)
                  - printf 'FROM \(base)\\nLABEL a=b\\n' > Dockerfile
                  - docker build .
            """
        let second = try await build(servers, "builds", child)
        let log = try servers.buildLog(second)
        #expect(second["buildStatus"] == "SUCCEEDED", "\(log)")
        let ids: JSONValue = [["imageTag": "1"]]
        try servers.call("ecr", "batch_delete_image", ["repositoryName": "it", "imageIds": ids])
        let third = try await build(servers, "builds", child)
        #expect(third["buildStatus"] == "FAILED")
        #expect(try servers.buildLog(third).contains("manifest unknown"))
    }

    @Test func `after a command that fails, only post_build is to come`() async throws {
        let servers = try #require(await AWSServers.shared.value)
        try servers.makeProject("failures")
        let spec = """
            version: 0.2
            phases:
              build:
                commands: [export A=kept, cd /tmp, sh -c 'exit 7', echo never]
                finally: [echo finally]
              post_build:
                commands: ['echo $CODEBUILD_BUILD_SUCCEEDING $A $PWD']
            """
        let build = try await build(servers, "failures", spec)
        #expect(build["buildStatus"] == "FAILED")
        let failed = try #require(build["phases"].list.first { $0["phaseStatus"] == "FAILED" })
        #expect(failed["phaseType"] == "BUILD")
        let reason = "Error while executing command: sh -c 'exit 7'. Reason: exit status 7"
        #expect(failed["contexts"][0] == ["statusCode": "COMMAND_EXECUTION_ERROR", "message": .text(reason)])
        let log = try servers.buildLog(build)
        #expect(log.contains("\n0 kept /tmp\n"), "\(log)")
        #expect(log.contains("\nfinally\n") && !log.contains("\nnever\n"))
        #expect(log.contains("Phase complete: BUILD State: FAILED\n"))
    }

    private static let chain = """
        version: 0.2
        batch:
          build-graph:
            - {identifier: leaf, depend-on: [middle], env: {variables: {NAME: leaf}}}
            - {identifier: base, env: {variables: {NAME: base}}}
            - {identifier: middle, depend-on: [base], env: {variables: {NAME: middle}}}
        phases:
          build:
            commands: ['test "$NAME" != "$BROKEN"', 'echo $CODEBUILD_BATCH_BUILD_IDENTIFIER']
        """

    @Test(arguments: [("", "SUCCEEDED", 3), ("base", "FAILED", 1), ("middle", "FAILED", 2)])
    func `a batch builds a chain as far as it goes`(broken: String, status: String, count: Int) async throws {
        let servers = try await AWSServers.start()
        try servers.makeProject("batches", batchRole: "batch")
        let fields: JSONValue = [
            "projectName": "batches", "buildspecOverride": .text(Self.chain),
            "environmentVariablesOverride": [["name": "BROKEN", "value": .text(broken)]],
        ]
        let id = try servers.call("codebuild", "start_build_batch", fields)["buildBatch"]["id"].text
        let batch = try await servers.finishedBatch(#require(id))
        #expect(batch["buildBatchStatus"].text == status)
        let builds = try servers.builds(of: "batches")
        #expect(builds.count == count)
        let order = builds.map { $0["environment"]["environmentVariables"].list.last?["value"].text }
        #expect(order == Array(["base", "middle", "leaf"].prefix(count)))
        for (before, after) in zip(builds, builds.dropFirst()) {
            #expect(try #require(before["endTime"].number) <= #require(after["startTime"].number))
        }
    }

    @Test func `a project without a role for batches has none`() async throws {
        let servers = try #require(await AWSServers.shared.value)
        try servers.makeProject("without-batches")
        let script = "say(code(client('codebuild').start_build_batch, projectName='without-batches'))"
        #expect(try await BotoClient.run(servers, script) == "400 InvalidInputException")
    }

    /// Whether a process of the machine has the word in its command line.
    private func isRunning(_ word: String) -> Bool {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.contains { name in
            let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") ?? Data()
            return line.split(separator: 0).contains { Data($0) == Data(word.utf8) }
        }
    }

    /// Starts a build that goes on until it is stopped, in a session of its own too.
    private func startEndless(_ servers: AWSServers, _ word: String) async throws -> String {
        try servers.makeProject("endless")
        let spec = "version: 0.2\nphases: {build: {commands: ['setsid sleep \(word) & sleep 1d']}}\n"
        let fields: JSONValue = ["projectName": "endless", "buildspecOverride": .text(spec)]
        let id = try #require(try servers.call("codebuild", "start_build", fields)["build"]["id"].text)
        _ = try await Waiting.until("the build's command") { isRunning(word) ? true : nil }
        return id
    }

    @Test func `a build that is stopped leaves nothing running`() async throws {
        let servers = try await AWSServers.start()
        let id = try await startEndless(servers, "100001s")
        let stopped = try servers.call("codebuild", "stop_build", ["id": .text(id)])["build"]
        #expect(stopped["buildStatus"] == "STOPPED")
        _ = try await Waiting.until("the end of the build's command") { isRunning("100001s") ? nil : true }
    }

    @Test func `when it goes, its builds go`() async throws {
        func begin() async throws {
            let servers = try await AWSServers.start()
            _ = try await startEndless(servers, "100002s")
        }
        try await begin()
        _ = try await Waiting.until("the end of the build's command") { isRunning("100002s") ? nil : true }
    }

    @Test func `builds beyond the limit are queued or refused, and a token starts one build`() async throws {
        let servers = try await AWSServers.start()
        try servers.settings { $0.concurrency = 1 }
        let running = try await startEndless(servers, "100003s")
        let script = """
            codebuild = client("codebuild")
            fields = {"projectName": "endless", "idempotencyToken": "token"}
            queued = codebuild.start_build(**fields)["build"]
            again = codebuild.start_build(**fields)["build"]
            mismatch = code(codebuild.start_build, **fields, timeoutInMinutesOverride=10)
            codebuild.update_project(name="endless", concurrentBuildLimit=2)
            refused = code(codebuild.start_build, projectName="endless")
            say([queued["id"] == again["id"], mismatch, refused, queued["id"]])
            """
        let said = try await BotoClient.run(servers, script)
        #expect(Array(said.list.prefix(3)) == [true, "400 InvalidInputException", "400 AccountLimitExceededException"])
        let queued = try #require(said[3].text)
        #expect(try servers.build(queued)["buildStatus"] == "IN_PROGRESS")
        #expect(try servers.build(queued)["currentPhase"] == "QUEUED")
        try servers.call("codebuild", "stop_build", ["id": .text(running)])
        #expect(try await servers.finishedBuild(queued)["buildStatus"] == "SUCCEEDED")
    }
}
