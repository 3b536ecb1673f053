/// `imgwatch status` of images that AWS builds: what a person would look up in three consoles.

import Foundation
import Rigs
import Testing

@Suite(.withAWS) struct CloudStatusTests {
    /// By the names of nodes.
    private func status(_ cloud: CloudProject) throws -> (nodes: [String: JSONValue], notes: [String]) {
        let said = try cloud.run("status", "--json")
        #expect(said.status == 0, "\(said.errors)")
        let json = try JSONDecoder().decode(JSONValue.self, from: Data(said.output.utf8))
        let nodes = json["nodes"].list.map { ($0["node"].text ?? "", $0) }
        return (Dictionary(nodes) { first, _ in first }, json["notes"].list.compactMap(\.text))
    }

    /// T8, without a loop and with one.
    @Test func `builds, functions and digests are said, and what can't be asked is no reason to say nothing`()
        async throws
    {
        let cloud = try await CloudProject.start(isSmall: true)
        try cloud.servers.faults([.hold("ecr DescribeImages")])
        #expect(try cloud.run("build").status == 0)
        let first = try await Waiting.until("the first build") {
            try cloud.servers.builds(of: "imgwatch-project").first
        }
        // The base is being built, and what is built on it waits in the batch.
        var (nodes, _) = try status(cloud)
        #expect(nodes["base-dynamo"]?["build"]["id"] == first["id"])
        #expect(nodes["receipt"]?["build"]["status"] == "IN_PROGRESS")
        #expect(nodes["receipt/lambda"]?["function"]["state"] == "missing")
        try cloud.servers.release()
        try await cloud.end(ofBuilds: 2)

        let digest = try cloud.digest(ofFunction: "project-receipt")
        for isLooping in [false, true] {
            let loop = isLooping ? try cloud.loop() : nil
            try await loop?.settle(from: 0, after: nil)
            (nodes, _) = try status(cloud)
            for image in ["base-dynamo", "receipt"] {
                #expect(nodes[image]?["build"]["status"] == "SUCCEEDED")
                #expect(nodes[image]?["build"]["logStream"].text != nil)
            }
            let function = nodes["receipt/lambda"]?["function"] ?? .null
            #expect(function["image"].text?.hasSuffix("@\(digest)") == true)
            #expect(function["update"] == "Successful")
            let text = try cloud.run("status").output
            #expect(text.contains("SUCCEEDED") && text.contains("function project-receipt shows"), "\(text)")
            if let loop { #expect(try await loop.end() == 0) }
        }

        try cloud.servers.faults([.refuse("lambda GetFunction", 403, "AccessDeniedException")])
        let (built, notes) = try status(cloud)
        #expect(built["receipt"]?["build"]["status"] == "SUCCEEDED")
        #expect(notes.contains { $0.contains("lambda:GetFunction") }, "\(notes)")
    }
}
