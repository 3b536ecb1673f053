/// Images that CodeBuild makes, from an edit to the function: what must happen, and what must not.

import Foundation
import Rigs
import Testing

@Suite(.withAWS) struct CloudTests {
    /// T1, T2, T3, T4 and T5 of the acceptance checks.
    @Test func `an edit builds what it is in and what is built on that, and a revert builds nothing`() async throws {
        let cloud = try await CloudProject.start()
        let loop = try await started(cloud)
        let first = try CloudProject.functions.map { try cloud.digest(ofFunction: $0) }
        let edits: [(path: String, images: [String], functions: Int)] = [
            ("receipt/handler", ["receipt"], 1),
            ("packages/receipt_agent/code", ["receipt"], 1),
            ("packages/receipt_label/code", ["base-label", "base-agent", "upload", "receipt"], 2),
            ("packages/receipt_dynamo/code", ["base-dynamo", "base-label", "base-agent", "upload", "receipt"], 2),
        ]
        for edit in edits {
            let before = try cloud.project.read(edit.path)
            var (mark, count) = (loop.mark, try cloud.buildCount)
            try cloud.project.write(edit.path, before + "more\n")
            let lines = try await loop.settle(from: mark)
            #expect(lines.nodes("failed").isEmpty, "\(edit.path): \(lines.map(\.text))")
            #expect(Set(try cloud.builtImages(since: count)) == Set(edit.images), "\(edit.path)")
            #expect(try cloud.deeds().builds == edit.images.count, "\(edit.path)")
            // What a base holds is not in the contexts of what is built on it.
            #expect(try cloud.deeds().uploads == 1, "\(edit.path)")
            #expect(try cloud.deeds().updates == edit.functions, "\(edit.path)")
            try await expectOrder(cloud, lines)

            try cloud.servers.clearLog()
            (mark, count) = (loop.mark, try cloud.buildCount)
            try cloud.project.write(edit.path, before)
            try await loop.settle(from: mark)
            #expect(try cloud.deeds() == CloudProject.Deeds(updates: edit.functions), "\(edit.path)")
            #expect(try CloudProject.functions.map { try cloud.digest(ofFunction: $0) } == first, "\(edit.path)")
            try cloud.servers.clearLog()
        }
        // What no image reads, and what is saved as it was, starts nothing.
        let mark = loop.mark
        try cloud.project.write("README.md", "# other\n")
        try cloud.project.run("touch", "packages/receipt_dynamo/code")
        try cloud.project.write("upload/handler", "upload 2\n")
        try await loop.settle(from: mark)
        #expect(try cloud.deeds() == CloudProject.Deeds(uploads: 1, builds: 1, updates: 1))
        #expect(try await loop.end() == 0)
        try await expectNothing(cloud)
    }

    /// A first start builds bases before what is built on them, and makes the functions.
    private func started(_ cloud: CloudProject) async throws -> RunningLoop {
        let loop = try cloud.loop()
        let lines = try await loop.settle(from: 0, after: nil)
        #expect(lines.nodes("failed").isEmpty)
        #expect(Set(lines.nodes("pushed")) == Set(CloudProject.images))
        #expect(try cloud.builtImages().count == 5)
        #expect(try cloud.builtImages().prefix(2) == ["base-dynamo", "base-label"])
        for (image, function) in zip(["receipt", "upload"], CloudProject.functions) {
            let pushed = try #require(lines.first { $0.event == "pushed" && $0.node == image })
            #expect(try cloud.digest(ofFunction: function) == pushed.digest)
        }
        try cloud.servers.clearLog()
        return loop
    }

    /// Whoever comes when all is fresh asks what is there, and starts nothing.
    private func expectNothing(_ cloud: CloudProject) async throws {
        try cloud.servers.clearLog()
        let again = try cloud.loop()
        try await again.settle(from: 0, after: nil)
        #expect(try cloud.deeds() == CloudProject.Deeds())
        #expect(try await again.end() == 0)
    }

    /// No build is started before the digest of its base is in the registry, and each is on that very digest.
    private func expectOrder(_ cloud: CloudProject, _ lines: [LoopLine]) async throws {
        let bases = [
            "base-label": "base-dynamo", "base-agent": "base-label", "receipt": "base-agent", "upload": "base-label",
        ]
        for (image, base) in bases {
            guard let start = lines.firstIndex(where: { $0.event == "started" && $0.node == image }),
                let published = lines.firstIndex(where: { $0.event == "pushed" && $0.node == base })
            else { continue }
            #expect(published < start, "\(image)")
            let build = try #require(
                try cloud.servers.builds(of: "imgwatch-project").last { build in
                    build["environment"]["environmentVariables"].list.contains {
                        $0["name"].text == "IMAGE_URI" && $0["value"].text?.contains("/\(image):") == true
                    }
                }
            )
            let references = build["environment"]["environmentVariables"].list.compactMap { $0["value"].text }
            #expect(references.contains { $0.hasSuffix("/\(base)@\(lines[published].digest)") }, "\(image)")
        }
    }

    @Test func `two states of one dirty tree have two tags, and no line has a secret in it`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        let loop = try await cloud.begun()
        var tags: Set<String> = []
        for text in ["a", "b"] {
            let mark = loop.mark
            try cloud.project.write("receipt/handler", text)
            let lines = try await loop.settle(from: mark)
            let published = try #require(lines.first { $0.event == "pushed" && $0.node == "receipt" })
            tags.insert(published.tag)
            #expect(try cloud.digest(ofFunction: "project-receipt") == published.digest)
        }
        #expect(tags.count == 2)
        try await expectNoSecrets(cloud, loop)
        #expect(try await loop.end() == 0)
    }

    /// F21, in requests, lines and errors.
    private func expectNoSecrets(_ cloud: CloudProject, _ loop: RunningLoop) async throws {
        let mark = loop.mark
        try cloud.servers.faults([.refuse("codebuild StartBuild", 403, "AccessDeniedException")])
        try cloud.project.write("receipt/handler", "denied\n")
        let failed = try await loop.wait(from: mark, for: "failed", node: "receipt")
        #expect(failed.reason.contains("codebuild:StartBuild"))
        #expect(try cloud.servers.requests().allSatisfy { !$0.contains(cloud.servers.secret) })
        #expect(loop.lines.allSatisfy { !$0.text.contains(cloud.servers.secret) })
    }

    @Test func `a newer edit stops the older build, and what was built for it reaches no function`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        let loop = try await cloud.begun()
        try cloud.servers.settings { $0.provisioning = 3 }
        let mark = loop.mark
        try cloud.project.write("packages/receipt_dynamo/code", "dynamo old\n")
        try await loop.wait(from: mark, for: "the first build") { line in
            line.event == "log" && line.node == "base-dynamo" && line.text.contains("CodeBuild")
        }
        try cloud.servers.settings { $0.provisioning = 0 }
        // Saved as it was, it is followed on.
        let count = try cloud.buildCount
        try cloud.project.write("packages/receipt_dynamo/code", "dynamo old\n")
        try await loop.wait(from: mark, for: "another run") { [lines = loop.lines.count] line in
            line.event == "started" && line.node == "base-dynamo" && loop.lines.count > lines
        }
        #expect(try cloud.buildCount == count)
        try cloud.project.write("packages/receipt_dynamo/code", "dynamo new\n")
        let lines = try await loop.settle(from: mark)
        let statuses = try cloud.servers.builds(of: "imgwatch-project").dropFirst(2).compactMap {
            $0["buildStatus"].text
        }
        #expect(statuses.filter { $0 == "STOPPED" }.count == 1)
        #expect(statuses.filter { $0 == "SUCCEEDED" }.count == 2)
        let published = try #require(lines.last { $0.event == "pushed" && $0.node == "receipt" })
        #expect(try cloud.digest(ofFunction: "project-receipt") == published.digest)
        #expect(try await loop.end() == 0)
    }
}
