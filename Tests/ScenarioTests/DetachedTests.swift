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
        let states = try await cloud.endOfBuilds(count: 5), logs = try cloud.logs()
        #expect(states == Array(repeating: "SUCCEEDED", count: 5), "\(logs)")
        // The builds have made the functions, too.
        try cloud.servers.clearLog()
        let waited = try cloud.run("build", "--wait")
        #expect(waited.status == 0, "\(waited.output)\(waited.errors)")
        #expect(try cloud.deeds().builds == 0)
        let first = try cloud.digest(ofFunction: "project-receipt")

        try cloud.project.write("packages/receipt_dynamo/code", "dynamo 2\n")
        #expect(try cloud.run("build").status == 0)
        #expect(try await cloud.endOfBuilds(count: 10).suffix(5).allSatisfy { $0 == "SUCCEEDED" })
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
        let started = try cloud.run("build")
        #expect(started.status == 0, "\(started.errors)")
        #expect(started.output.contains("each build waits for its base"), "\(started.output)")
        let states = try await cloud.endOfBuilds(count: 2), logs = try cloud.logs()
        #expect(states == ["SUCCEEDED", "SUCCEEDED"], "\(logs)")
        try cloud.project.write("dynamo/Dockerfile", try cloud.project.read("dynamo/Dockerfile") + "RUN false\n")
        #expect(try cloud.run("build").status == 0)
        #expect(try await cloud.endOfBuilds(count: 4).suffix(2) == ["FAILED", "FAILED"])
        let log = try cloud.run("logs", "base-dynamo", "--follow")
        #expect(log.status == 1 && log.output.contains("RUN false"), "\(log.output)\(log.errors)")
        // What failed is tried again.
        #expect(try cloud.run("build").status == 0)
        #expect(try await cloud.endOfBuilds(count: 6).suffix(2) == ["FAILED", "FAILED"])
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
}
