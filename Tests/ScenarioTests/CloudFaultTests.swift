/// What goes wrong in AWS, and on the way there: nothing is lost, nothing is built twice, nothing stale is shown.

import Foundation
import Rigs
import Testing

@Suite(.withAWS) struct CloudFaultTests {
    /// Edits the handler, and gives what followed.
    private func edit(_ cloud: CloudProject, _ loop: RunningLoop, _ text: String) async throws -> [LoopLine] {
        let mark = loop.mark
        try cloud.project.write("receipt/handler", text)
        return try await loop.settle(from: mark)
    }

    @Test func `a base that fails blocks what is built on it, and the next good one frees it`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        let loop = try await cloud.begun()
        let before = try cloud.digest(ofFunction: "project-receipt")
        let dockerfile = try cloud.project.read("dynamo/Dockerfile")
        var mark = loop.mark
        try cloud.project.write("dynamo/Dockerfile", dockerfile + "RUN cat /opt/nothing\n")
        let failed = try await loop.wait(from: mark, for: "failed")
        try await loop.settle(from: mark, after: nil)
        #expect(failed.node == "base-dynamo")
        #expect(failed.reason.contains("cat /opt/nothing"), "\(failed.reason)")
        #expect(failed.reason.contains("No such file or directory"), "\(failed.reason)")
        #expect(try cloud.deeds().builds == 1)
        #expect(try cloud.digest(ofFunction: "project-receipt") == before)
        #expect(loop.lines.dropFirst(mark).contains { $0.event == "blocked" && $0.node == "receipt" })
        // The same state again: what failed is tried again, and not taken for done.
        try cloud.servers.clearLog()
        #expect(try cloud.run("retry").status == 0)
        try await loop.wait(from: loop.mark, for: "failed", node: "base-dynamo")
        #expect(try cloud.deeds().builds == 1)
        mark = loop.mark
        try cloud.project.write("dynamo/Dockerfile", dockerfile + "RUN cat /opt/receipt_dynamo/code\n")
        try await loop.wait(from: mark, for: "pushed", node: "receipt")
        let lines = try await loop.settle(from: mark, after: nil)
        #expect(lines.nodes("pushed") == ["base-dynamo", "receipt"])
        #expect(try cloud.digest(ofFunction: "project-receipt") != before)
        #expect(try await loop.end() == 0)
    }

    /// F22, and throttling.
    @Test func `what is throttled, dropped or skewed is sent again, and is one build`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        let loop = try await cloud.begun()
        let faults: [[AWSServers.Fault]] = [
            [.dropAfter("codebuild StartBuild")],
            [.drop("codebuild StartBuild")],
            [.refuse("codebuild StartBuild", 400, "ThrottlingException", times: 2)],
            [
                .refuse("s3 PutObject", 503, "SlowDown"),
                .refuse("codebuild BatchGetBuilds", 500, "InternalFailure", times: 2),
            ],
            [.dropAfter("lambda UpdateFunctionCode")],
            [.dropAfter("s3 PutObject")],
        ]
        for (number, rules) in faults.enumerated() {
            let count = try cloud.buildCount
            try cloud.servers.faults(rules)
            let lines = try await edit(cloud, loop, "fault \(number)\n")
            #expect(lines.nodes("failed").isEmpty, "\(number): \(lines.last { $0.event == "failed" }?.reason ?? "")")
            #expect(try cloud.buildCount == count + 1, "\(number)")
            let pushed = try #require(lines.last { $0.event == "pushed" && $0.node == "receipt" })
            #expect(try cloud.digest(ofFunction: "project-receipt") == pushed.digest, "\(number)")
        }
        // The clocks of builds are those of AWS, and here they are ours: nothing is built.
        try cloud.servers.skew(1800)
        let lines = try await edit(cloud, loop, "fault 0\n")
        #expect(lines.nodes("finished") == ["receipt/lambda"])
        #expect(try await loop.end() == 0)
    }

    @Test func `passwords of the registry that end are renewed`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        try cloud.servers.settings { $0.tokenLife = 3 }
        let loop = try await cloud.begun()
        for number in 0..<2 {
            let lines = try await edit(cloud, loop, "token \(number)\n")
            #expect(lines.nodes("pushed") == ["receipt"], "\(lines.last { $0.event == "failed" }?.reason ?? "")")
        }
        #expect(try await loop.end() == 0)
    }

    @Test func `a session that has ended is renewed, and no line says its token`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        let secrets = ["first-secret-of-a-session", "second-secret-of-a-session"]
        let tokens = ["first-token-of-a-session", "second-token-of-a-session"]
        func use(_ number: Int, expiresIn: Double) throws {
            let key = "ASIASESSION\(number)"
            try cloud.servers.credentials(key, secrets[number], token: tokens[number], expiresIn: expiresIn)
            let json = """
                {"Version": 1, "AccessKeyId": "\(key)", "SecretAccessKey": "\(secrets[number])",
                "SessionToken": "\(tokens[number])"}
                """
            try json.write(to: cloud.project.home.appending(path: "session"), atomically: true, encoding: .utf8)
        }
        try use(0, expiresIn: 600)
        let config = cloud.project.home.appending(path: "aws-config")
        try "[default]\ncredential_process = cat \(cloud.project.home.path())/session\n"
            .write(to: config, atomically: true, encoding: .utf8)
        var environment = cloud.environment.filter { !["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].contains($0.key) }
        environment["AWS_CONFIG_FILE"] = config.path()
        let loop = try RunningLoop(cloud.project, environment: environment)
        try await loop.settle(from: 0, after: nil)
        // The first one is over before anybody thought so.
        try cloud.servers.credentials("ASIASESSION0", secrets[0], token: tokens[0], expiresIn: -1)
        try use(1, expiresIn: 600)
        let lines = try await edit(cloud, loop, "renewed\n")
        #expect(lines.nodes("pushed") == ["receipt"], "\(loop.lines.last { $0.event == "failed" }?.reason ?? "")")
        #expect(loop.lines.allSatisfy { line in !(secrets + tokens).contains { line.text.contains($0) } })
        #expect(try cloud.servers.requests().allSatisfy { request in !secrets.contains { request.contains($0) } })
        #expect(try await loop.end() == 0)
    }

    @Test func `a project that has no room holds builds back, and a fault of AWS is tried again`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        let loop = try await cloud.begun()
        try cloud.servers.faults([.refuse("codebuild StartBuild", 400, "AccountLimitExceededException", times: 3)])
        var lines = try await edit(cloud, loop, "room\n")
        #expect(lines.nodes("pushed") == ["receipt"])
        #expect(lines.contains { $0.event == "notice" && $0.reason.contains("waits for room") })
        try cloud.servers.settings { $0.faultyBuilds = 1 }
        let mark = loop.mark
        try cloud.project.write("receipt/handler", "fault of AWS\n")
        let pushed = try await loop.wait(from: mark, for: "pushed", node: "receipt")
        lines = try await loop.settle(from: mark)
        #expect(try cloud.digest(ofFunction: "project-receipt") == pushed.digest)
        #expect(try await loop.end() == 0)
    }

    /// F8: somebody else gives the function an image between our look and our change.
    @Test func `a function that somebody else changes meanwhile is looked at again`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        let loop = try await cloud.begun()
        try cloud.servers.faults([
            .refuse("lambda UpdateFunctionCode", 412, "PreconditionFailedException"),
            .refuse("lambda UpdateFunctionCode", 409, "ResourceConflictException"),
        ])
        let lines = try await edit(cloud, loop, "conflict\n")
        #expect(lines.nodes("failed").isEmpty)
        let pushed = try #require(lines.last { $0.event == "pushed" && $0.node == "receipt" })
        #expect(try cloud.digest(ofFunction: "project-receipt") == pushed.digest)
        // What Lambda can't run fails the deploy, with its reason.
        try cloud.servers.settings { $0.lambdaFailure = ["ImageAccessDenied", "Lambda does not have permission"] }
        let failed = try await edit(cloud, loop, "refused\n").last { $0.event == "failed" }
        #expect(failed?.node == "receipt/lambda")
        #expect(failed?.reason.contains("ImageAccessDenied") == true)
        // Once that is mended, another try is enough.
        try cloud.servers.settings { $0.lambdaFailure = [] }
        let mark = loop.mark
        #expect(try cloud.run("retry").status == 0)
        let finished = try await loop.wait(from: mark, for: "finished", node: "receipt/lambda")
        #expect(try cloud.digest(ofFunction: "project-receipt") == finished.digest)
        #expect(try await loop.end() == 0)
    }

    @Test func `an alias names the version of the newest image, and what is done is not done again`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        let configuration = try cloud.project.read(".imgwatch")
        // And a buildspec that is too long for a request.
        let long = "receipt/Dockerfile\n    args: { NOTE: \(String(repeating: "x", count: 26_000)) }"
        let published = configuration.replacingOccurrences(of: ", role:", with: ", alias: live, memory: 256, role:")
            .replacingOccurrences(of: "receipt/Dockerfile", with: long)
        try cloud.project.write(".imgwatch", published)
        // The function is made, and then updated; by the builds themselves where nobody waits.
        for (count, way) in [(2, "--no-wait"), (3, "--wait"), (4, "--no-wait")] {
            try cloud.project.write("receipt/handler", "\(count)\n")
            let built = try cloud.run("build", way)
            #expect(built.status == 0, "\(built.output)\(built.errors)")
            let states = try await cloud.end(ofBuilds: count), logs = cloud.logs()
            #expect(states.allSatisfy { $0 == "SUCCEEDED" }, "\(logs)")
            let live = try cloud.servers.call("lambda", "get_function", ["FunctionName": "project-receipt:live"])
            #expect(live["Code"]["ResolvedImageUri"].text == (try cloud.servers.image(ofFunction: "project-receipt")))
            #expect(live["Configuration"]["MemorySize"] == 256)
        }
        try cloud.servers.clearLog()
        #expect(try cloud.run("build").status == 0)
        #expect(try cloud.servers.log("lambda").allSatisfy { $0.operation.hasPrefix("Get") })
    }

    /// F10: whatever is uploaded later, a build makes what it was started for; F11: an object that is there is enough.
    @Test func `contexts are never overwritten, and a loop that comes back follows what was started`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        let loop = try await cloud.begun()
        try cloud.servers.faults([.hold("PUT /v2/receipt/manifests/")])
        let count = try cloud.buildCount
        try cloud.project.write("receipt/handler", "came back\n")
        try await cloud.hold(of: "registry manifests")
        kill(loop.process.processIdentifier, SIGKILL)
        _ = try await loop.exit()
        let again = try cloud.loop()
        try await again.wait(for: "the build") { $0.node == "receipt" && $0.text.contains("CodeBuild imgwatch") }
        try cloud.servers.release()
        try await again.wait(for: "pushed", node: "receipt")
        try await again.settle(from: 0, after: nil)
        #expect(try cloud.buildCount == count + 1)
        #expect(Set(try cloud.servers.keys(in: CloudProject.bucket)).count == 3)
        #expect(try await again.end() == 0)
    }
}
