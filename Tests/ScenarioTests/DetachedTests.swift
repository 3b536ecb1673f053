/// `imgwatch build` where nobody waits: chains go on in AWS, in the order of their bases.

import Foundation
import Rigs
import Testing

@Suite(.withAWS) struct DetachedTests {
    @Test func `a chain is one batch, and what is in the registry then is found`() async throws {
        let cloud = try await CloudProject.start()
        let started = try cloud.run("build")
        #expect(started.status == 0, "\(started.errors)")
        #expect(started.output.contains("AWS builds 5 images"), "\(started.output)")
        // What is being built is not built again.
        let again = try cloud.run("build")
        #expect(again.status == 0 && again.output.contains("is being built already"), "\(again.output)\(again.errors)")
        #expect(try cloud.deeds().builds == 1)
        let states = try await cloud.end(ofBuilds: 5), logs = cloud.logs()
        #expect(states == Array(repeating: "SUCCEEDED", count: 5), "\(logs)")
        // The builds have made the functions, too.
        try cloud.servers.clearLog()
        let waited = try cloud.run("build", "--wait")
        #expect(waited.status == 0, "\(waited.output)\(waited.errors)")
        #expect(try cloud.deeds().builds == 0)
        let first = try cloud.digest(ofFunction: "project-receipt")

        try cloud.project.write("packages/receipt_dynamo/code", "dynamo 2\n")
        #expect(try cloud.run("build").status == 0)
        #expect(try await cloud.end(ofBuilds: 10).suffix(5).allSatisfy { $0 == "SUCCEEDED" })
        #expect(try cloud.digest(ofFunction: "project-receipt") != first)
        try cloud.servers.clearLog()
        #expect(try cloud.run("build").status == 0)
        #expect(try cloud.deeds() == CloudProject.Deeds())
        // A commit gives it another name, and builds nothing; a revert gives the functions what they had.
        try cloud.project.commitAll("second")
        #expect(try cloud.run("build").status == 0)
        #expect(try cloud.deeds() == CloudProject.Deeds())
        try cloud.project.write("packages/receipt_dynamo/code", "dynamo 1\n")
        #expect(try cloud.run("build").status == 0)
        #expect(try cloud.deeds().builds == 0)
        #expect(try cloud.digest(ofFunction: "project-receipt") == first)
    }

    @Test func `without batches each build waits for its base, and a failing base ends them at once`() async throws {
        let cloud = try await CloudProject.start(isSmall: true, batches: false)
        let dockerfile = try cloud.project.read("dynamo/Dockerfile")
        try cloud.project.write("dynamo/Dockerfile", dockerfile + "RUN sleep 3\n")
        let started = try cloud.run("build")
        #expect(started.status == 0, "\(started.errors)")
        #expect(started.output.contains("each build waits for its base"), "\(started.output)")
        let states = try await cloud.end(ofBuilds: 2), logs = cloud.logs()
        #expect(states == ["SUCCEEDED", "SUCCEEDED"], "\(logs)")
        // Both began at once, and the second asked in vain as long as the first was at it.
        let asked = try cloud.servers.log("ecr DescribeImages", by: "build").map(\.status)
        #expect(asked.count { $0 == 400 } >= 3 && asked.last == 200, "\(asked)")
        #expect(try cloud.references().map { try cloud.digest(of: $0) }.allSatisfy { $0.hasPrefix("sha256:") })
        try cloud.project.write("dynamo/Dockerfile", dockerfile + "RUN false\n")
        #expect(try cloud.run("build").status == 0)
        #expect(try await cloud.end(ofBuilds: 4).suffix(2) == ["FAILED", "FAILED"])
        let log = try cloud.run("logs", "base-dynamo", "--follow")
        #expect(log.status == 1 && log.output.contains("RUN false"), "\(log.output)\(log.errors)")
        // What failed is tried again.
        #expect(try cloud.run("build").status == 0)
        #expect(try await cloud.end(ofBuilds: 6).suffix(2) == ["FAILED", "FAILED"])
    }

    @Test func `in CI the command ends when everything has, and says by its status how`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        let good = try cloud.run("build", more: ["CI": "true"])
        #expect(good.status == 0, "\(good.output)\(good.errors)")
        #expect(try cloud.servers.image(ofFunction: "project-receipt") != nil)
        try cloud.project.write("receipt/Dockerfile", "FROM base-dynamo\nCOPY receipt /var/task\nRUN false\n")
        let bad = try cloud.run("build", more: ["CI": "true"])
        #expect(bad.status == 1)
        #expect(bad.output.contains("`RUN false`") || bad.output.contains("RUN false"), "\(bad.output)")
        // What stands on the command line counts more.
        #expect(try cloud.run("build", "--no-wait", more: ["CI": "true"]).status == 0)
    }

    @Test func `under confirm nothing is started without a person's word`() async throws {
        let cloud = try await CloudProject.start(isSmall: true, settings: ", confirm: true")
        let refused = try cloud.run("build", "--wait")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("base-dynamo") && refused.errors.contains("--yes"), "\(refused.errors)")
        #expect(try cloud.deeds() == CloudProject.Deeds())
        let loop = try cloud.loop()
        try await loop.settle(from: 0, after: nil)
        #expect(try cloud.deeds() == CloudProject.Deeds())
        let mark = loop.mark
        let answer = try cloud.run("trigger")
        #expect(answer.output.contains("base-dynamo"), "\(answer.output)\(answer.errors)")
        try await loop.wait(from: mark, for: "pushed", node: "receipt")
        #expect(try await loop.end() == 0)
        #expect(try cloud.run("build", "--wait", "--yes").status == 0)
    }

    /// F1: the registry does not show what its build has pushed for some seconds, and nothing is built in vain.
    @Test func `in a loop nothing is built before its base can be seen`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        // One look before the build, and some after it.
        try cloud.servers.faults([
            .refuse("GET /v2/base-dynamo/manifests/git-", 404, "MANIFEST_UNKNOWN", times: 9)
        ])
        let loop = try cloud.loop()
        let lines = try await loop.settle(from: 0, after: nil)
        #expect(lines.nodes("failed").isEmpty, "\(lines.map(\.text))")
        #expect(lines.nodes("pushed") == ["base-dynamo", "receipt"])
        let log = try cloud.servers.log()
        let push = try #require(log.first { $0.method == "PUT" && $0.path.contains("/base-dynamo/manifests/") })
        let starts = log.filter { $0.operation == "StartBuild" }.map(\.time)
        #expect(starts.count == 2 && starts[1] - push.time > 2, "\(push.time) \(starts)")
        #expect(try await cloud.end(ofBuilds: 2) == ["SUCCEEDED", "SUCCEEDED"])
        let pushed = try #require(lines.last { $0.event == "pushed" })
        #expect(try cloud.digest(ofFunction: "project-receipt") == pushed.digest)
        #expect(try await loop.end() == 0)
    }

    /// F7, in the middle of a chain.
    @Test func `a batch that failed goes on where it failed, once that is mended`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        try cloud.configure(
            """
              base-dynamo: { dockerfile: dynamo/Dockerfile }
              base-label:
                dockerfile: label/Dockerfile
                args: { BASE_IMAGE_URI: { image: base-dynamo } }
              upload:
                dockerfile: upload/Dockerfile
                \(cloud.lambda)
            """
        )
        let dockerfile = try cloud.project.read("label/Dockerfile")
        try cloud.project.write("label/Dockerfile", dockerfile + "RUN cat /opt/nothing\n")
        #expect(try cloud.run("build").status == 0)
        #expect(try await cloud.end(ofBuilds: 2) == ["SUCCEEDED", "FAILED"], "\(cloud.logs())")
        #expect(try cloud.builtImages() == ["base-dynamo", "base-label"])
        #expect(try cloud.servers.images(in: "base-label").isEmpty)
        try cloud.project.write("label/Dockerfile", dockerfile + "RUN cat /opt/receipt_label/code\n")
        let mended = try cloud.run("build")
        #expect(mended.status == 0 && mended.output.contains("AWS builds 2 images"), "\(mended.output)")
        #expect(try await cloud.end(ofBuilds: 4).suffix(2) == ["SUCCEEDED", "SUCCEEDED"], "\(cloud.logs())")
        #expect(try cloud.builtImages() == ["base-dynamo", "base-label", "base-label", "upload"])
        let last = try #require(try cloud.references().last)
        #expect(try cloud.run("build", "--wait").status == 0)
        #expect(try cloud.digest(ofFunction: "project-upload") == (try cloud.digest(of: last)))
        #expect(try cloud.buildCount == 4)
    }

    /// F8: an older build that can't be stopped, and ends when the newer image has been shown for long.
    ///
    /// It is held before its push and overtaken by another build that nobody follows, then in the middle of its update,
    /// and overtaken by a loop.
    @Test func `what is built for an older edit and ends last takes no function back`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        #expect(try cloud.run("build", "--wait").status == 0)
        for request in ["registry manifests", "lambda UpdateFunctionCode"] {
            let slow = try await build(heldIn: request, cloud)
            try cloud.project.write("receipt/handler", "after \(request)\n")
            let loop = request.hasPrefix("lambda") ? try cloud.loop() : nil
            if let loop { try await loop.settle(from: 0, after: nil) } else { _ = try cloud.run("build") }
            let quick = try #require(try cloud.servers.builds(of: "imgwatch-project").last)
            #expect(try await cloud.servers.finishedBuild(try id(of: quick))["buildStatus"] == "SUCCEEDED")
            let shown = try cloud.digest(ofFunction: "project-receipt")
            #expect(shown == (try cloud.digest(of: try #require(quick.variable("IMAGE_URI")))))
            #expect(try cloud.servers.build(try id(of: slow))["buildStatus"] == "IN_PROGRESS")
            #expect(try cloud.servers.log("codebuild StopBuild").last?.status == 400)
            // Now it pushes what it was started for, and does nothing more.
            try cloud.servers.release()
            let ended = try await cloud.servers.finishedBuild(try id(of: slow))
            #expect(ended["buildStatus"] == "SUCCEEDED", "\(cloud.logs())")
            #expect(try cloud.digest(of: try #require(slow.variable("IMAGE_URI"))) != shown)
            #expect(try cloud.servers.buildLog(ended).contains("was given a newer image meanwhile"))
            #expect(try cloud.digest(ofFunction: "project-receipt") == shown)
            if let loop { #expect(try await loop.end() == 0) }
        }
    }

    /// A build for an edit of now that stands still in this request.
    private func build(heldIn name: String, _ cloud: CloudProject) async throws -> JSONValue {
        try cloud.servers.clearLog()
        let request = name.hasPrefix("registry") ? "PUT /v2/receipt/manifests/" : name
        try cloud.servers.faults([
            .hold(request), .refuse("codebuild StopBuild", 400, "AccessDeniedException", times: 9),
        ])
        try cloud.project.write("receipt/handler", "before \(name)\n")
        #expect(try cloud.run("build").status == 0)
        try await cloud.hold(of: name)
        return try #require(try cloud.servers.builds(of: "imgwatch-project").last)
    }

    private func id(of build: JSONValue) throws -> String { try #require(build["id"].text) }

    @Test func `what can't be built is told, and the rest is started`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        try cloud.project.write("receipt/Dockerfile", "FROM registry.invalid/none:1\nCOPY receipt /var/task\n")
        let begun = try cloud.run("build")
        #expect(begun.status == 1)
        #expect(begun.errors.contains("receipt  can't be built: "), "\(begun.output)\(begun.errors)")
        #expect(begun.output.contains("AWS builds 1 image"), "\(begun.output)")
        #expect(try await cloud.end(ofBuilds: 1) == ["SUCCEEDED"], "\(cloud.logs())")
    }
}
