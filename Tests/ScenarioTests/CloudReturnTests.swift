/// What happened in AWS while nobody looked, or somebody else did: it is found, and nothing is done twice.

import Foundation
import Rigs
import Testing

@Suite(.withAWS) struct CloudReturnTests {
    @Test func `a function that is not as it was left is mended by whoever comes next`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        #expect(try cloud.run("build", "--wait").status == 0)
        let (first, image) = (try cloud.digest(ofFunction: "project-receipt"), try shown(cloud))
        try cloud.servers.call("lambda", "delete_function", ["FunctionName": "project-receipt"])
        let made = try cloud.run("build", "--wait")
        #expect(made.status == 0, "\(made.errors)")
        #expect(try cloud.digest(ofFunction: "project-receipt") == first)
        // Somebody gives it another image by hand.
        try cloud.project.write("receipt/handler", "receipt 2\n")
        #expect(try cloud.run("build", "--wait").status == 0)
        let second = try cloud.digest(ofFunction: "project-receipt")
        let fields: JSONValue = ["FunctionName": "project-receipt", "ImageUri": .text(image)]
        try cloud.servers.call("lambda", "update_function_code", fields)
        try cloud.servers.clearLog()
        let loop = try cloud.loop()
        try await loop.wait(for: "finished", node: "receipt/lambda")
        #expect(try cloud.digest(ofFunction: "project-receipt") == second)
        #expect(try cloud.deeds() == CloudProject.Deeds(updates: 1))

        // A build that ended while no loop ran is found in the registry.
        try cloud.servers.settings { $0.provisioning = 2 }
        let mark = loop.mark
        try cloud.project.write("receipt/handler", "receipt 3\n")
        try await loop.wait(from: mark, for: "the build") { $0.event == "log" && $0.text.contains("PROVISIONING") }
        kill(loop.process.processIdentifier, SIGKILL)
        _ = try await loop.exit()
        try await cloud.end(ofBuilds: 4)
        try cloud.servers.clearLog()
        let built = try cloud.run("build", "--wait")
        #expect(built.status == 0, "\(built.output)\(built.errors)")
        #expect(try cloud.deeds() == CloudProject.Deeds(updates: 1))
        #expect(try cloud.digest(ofFunction: "project-receipt") != second)
    }

    private func shown(_ cloud: CloudProject) throws -> String {
        let image = try cloud.servers.image(ofFunction: "project-receipt")
        return try #require(image)
    }

    /// F8, between two machines.
    @Test func `who wants an image shown keeps it from a build of before that ends later`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        let other = cloud.project.home.appending(path: "other").path()
        let elsewhere = ["XDG_STATE_HOME": other, "XDG_DATA_HOME": other]
        #expect(try cloud.run("build", "--wait", more: elsewhere).status == 0)
        let wanted = try cloud.digest(ofFunction: "project-receipt")
        try cloud.servers.settings { $0.provisioning = 4 }
        try cloud.project.write("receipt/handler", "another\n")
        let begun = try cloud.run("build")
        #expect(begun.status == 0, "\(begun.errors)")
        try cloud.project.write("receipt/handler", "receipt 1\n")
        let kept = try cloud.run("build", more: elsewhere)
        #expect(kept.status == 0, "\(kept.errors)")
        let states = try await cloud.end(ofBuilds: 3), logs = cloud.logs()
        #expect(states == ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"], "\(logs)")
        #expect(logs.contains("was given a newer image meanwhile"), "\(logs)")
        #expect(try cloud.digest(ofFunction: "project-receipt") == wanted)
        try cloud.servers.clearLog()
        #expect(try cloud.run("build", more: elsewhere).status == 0)
        #expect(try cloud.servers.log("lambda").allSatisfy { $0.operation.hasPrefix("Get") })

        // What is being built comes under the name that it was begun with, whatever is committed meanwhile.
        try cloud.servers.settings { $0.provisioning = 2 }
        try cloud.project.write("packages/receipt_dynamo/code", "dynamo 2\n")
        #expect(try cloud.run("build", "base-dynamo").status == 0)
        try cloud.project.commitAll("second")
        let waiting = try cloud.run("build")
        #expect(waiting.status == 0 && waiting.output.contains("waits in AWS"), "\(waiting.output)\(waiting.errors)")
        let all = try await cloud.end(ofBuilds: 5), printed = cloud.logs()
        #expect(all.suffix(2) == ["SUCCEEDED", "SUCCEEDED"], "\(printed)")
        try cloud.servers.clearLog()
        let last = try cloud.run("build", "--wait")
        #expect(last.status == 0, "\(last.errors)")
        #expect(try cloud.deeds().builds == 0)
    }

    @Test func `an image with a tag that moves is built once, whoever builds it`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        let configuration = try cloud.project.read(".imgwatch")
        let moving = configuration.replacingOccurrences(
            of: "dockerfile: dynamo/Dockerfile",
            with: "dockerfile: dynamo/Dockerfile, tag: stable, tag-moves: true"
        )
        try cloud.project.write(".imgwatch", moving)
        let begun = try cloud.run("build")
        #expect(begun.status == 0, "\(begun.errors)")
        let states = try await cloud.end(ofBuilds: 2), logs = cloud.logs()
        #expect(states == ["SUCCEEDED", "SUCCEEDED"], "\(logs)")
        try cloud.servers.clearLog()
        let waited = try cloud.run("build", "--wait")
        #expect(waited.status == 0, "\(waited.output)\(waited.errors)")
        #expect(try cloud.deeds().builds == 0)
        #expect(
            try cloud.servers.log("registry", by: "user").contains {
                $0.method == "PUT" && $0.path.hasSuffix("/stable")
            }
        )
    }
}
