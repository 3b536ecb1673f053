import Foundation
import Rigs
import Testing

/// When registries are asked what a base is now, what becomes of a base that moved, and how old a pin is said to be.
@Suite(.serialized, .enabled(if: Pushes.isPossible && Skopeo.isInstalled, "docker-registry, curl or skopeo is missing"))
struct BasePolicyTests {
    /// A project on `base/it:1`, which can be given other content.
    private struct Site {
        let registry: RegistryServer
        let images: OCILayoutFixture
        let project: TemporaryProject

        var base: String { "\(registry.address)/base/it:1" }

        init(_ policy: String) async throws {
            registry = try await RegistryServer.start()
            images = try await OCILayoutFixture.make(["old": .file("old\n"), "new": .file("new\n")])
            project = try Pushes.project(registry.address, more: policy.isEmpty ? "" : "    pull: \(policy)\n")
            try project.write("Dockerfile", "FROM \(registry.address)/base/it:1\nCOPY app.txt /\n")
            try project.commitAll("on a base")
            try await tag("old")
        }

        func tag(_ image: String) async throws {
            try await Skopeo().push(images.reference(to: image), to: registry, as: "base/it:1")
        }

        /// What the base is that a plan tells.
        func planned() throws -> [String: String] {
            let plan = try Site.object(project.imgwatch("plan", "--json").output)
            let node = (plan["nodes"] as? [[String: Any]])?.first { $0["node"] as? String == "app" }
            return try #require((node?["bases"] as? [[String: String]])?.first)
        }

        static func object(_ text: String) throws -> [String: Any] {
            try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }

        /// The causes of the images that `build` pushes.
        func build(_ words: String...) throws -> (causes: [[String: Any]], command: EndedCommand) {
            let built = try project.command([Programs.imgwatch.path(), "build", "--json"] + words)
            let pushed = built.events.filter { $0.event == "pushed" }
            return (try pushed.map { try Self.object($0.text)["cause"] as? [String: Any] ?? [:] }, built)
        }

        /// As texts have it.
        func digest(_ image: String) throws -> String { String(try images.digest(of: image).prefix(19)) }
    }

    @Test(arguments: ["", "always"])
    func `a base that moved is the stated cause of a build`(policy: String) async throws {
        let site = try await Site(policy)
        #expect(try site.build().causes.count == 1)
        try await site.tag("new")
        let plan = try site.project.imgwatch("plan")
        #expect(plan.output.contains("runs: a base moved: \(site.base)\n"), "\(plan.output)")
        #expect(plan.output.contains("\non \(site.base) \(try site.digest("new")) confirmed just now"))
        let (causes, command) = try site.build()
        #expect(causes.count == 1 && command.status == 0, "\(command.output)")
        let cause = try #require(causes.first)
        #expect(cause["reason"] as? String == "a base moved" && cause["bases"] as? [String] == [site.base])
        #expect(try site.build().causes.isEmpty)
    }

    @Test func `a base that moved is named beside the files that changed`() async throws {
        let site = try await Site("")
        #expect(try site.build().causes.count == 1)
        try await site.tag("new")
        try site.project.write("app.txt", "two\n")
        let plan = try site.project.imgwatch("plan")
        #expect(plan.output.contains("runs: inputs changed: app.txt, \(site.base)\n"), "\(plan.output)")
    }

    @Test func `what has a pin is not asked for, until somebody wants it asked for`() async throws {
        let site = try await Site("missing")
        #expect(try site.build().causes.count == 1)
        let first = try site.planned()
        #expect(first["digest"] == (try site.images.digest(of: "old")) && first["confirmed"] != nil)
        try await site.tag("new")
        #expect(try site.build().causes.isEmpty)
        #expect(try site.planned() == first)
        let loop = try RunningLoop(site.project)
        try await loop.settle(from: 0, after: "ready")
        #expect(loop.lines.nodes("started").isEmpty)
        #expect(try await loop.end() == 0)
        // Nor where it is away.
        try await site.registry.stop()
        #expect(try site.build().command.events.allSatisfy { $0.event != "notice" })
        try await site.registry.startAgain()
        let asking = try RunningLoop(site.project, ["up", "--pull"])
        try await asking.publication(of: "app", from: 0)
        let status = try site.project.imgwatch("status")
        let line = "\n  on \(site.base) \(try site.digest("new")) confirmed just now"
        #expect(status.output.contains(line), "\(status.output)")
        #expect(try await asking.end() == 0)
        let later = try site.planned()
        #expect(later["digest"] == (try site.images.digest(of: "new")))
        #expect((later["confirmed"] ?? "") > (first["confirmed"] ?? ""))
    }

    @Test func `where nobody may ask, what has no pin fails with the remedy`() async throws {
        let site = try await Site("never")
        let (_, refused) = try site.build()
        #expect(refused.status == 1)
        let reason = try #require(refused.events.first { $0.event == "failed" && $0.node == "app" }).reason
        #expect(reason.contains(site.base) && reason.contains("`pull: missing`"), "\(reason)")
        let plan = try site.project.imgwatch("plan")
        #expect(plan.status == 1)
        #expect(plan.output.contains("\non \(site.base) is not pinned yet, for app"), "\(plan.output)")
        // The remedies: ask once, or let it be asked.
        let loop = try RunningLoop(site.project)
        try await loop.wait(for: "failed", node: "app")
        let mark = loop.mark
        let text = try site.project.read(".imgwatch").replacing("never", with: "missing")
        try site.project.write(".imgwatch", text)
        try await loop.publication(of: "app", from: mark)
        #expect(try await loop.end() == 0)
        try site.project.write(".imgwatch", text.replacing("missing", with: "never"))
        try await site.tag("new")
        #expect(try site.build().causes.isEmpty)
        #expect(try site.build("--pull").causes.count == 1)
    }

    @Test func `where the registry does not answer, the pin keeps its age`() async throws {
        let site = try await Site("")
        #expect(try site.build().causes.count == 1)
        try await site.registry.stop()
        let (first, second) = (try site.planned(), try site.planned())
        #expect(first == second && first["confirmed"] != nil)
    }
}
