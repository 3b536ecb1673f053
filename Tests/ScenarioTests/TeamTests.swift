import Foundation
import Rigs
import Testing

/// Two machines and one registry: what one of them pushed, the other does not build.
@Suite(.serialized, .enabled(if: Pushes.isPossible, Pushes.why)) struct TeamTests {
    /// Another home with a clone at another place.
    private static func clone(_ project: TemporaryProject) throws -> TemporaryProject {
        let other = try TemporaryProject()
        try other.git("clone", "-q", project.root.path(), ".")
        return other
    }

    /// Nothing but names was sent, and no layer came.
    private static func expectNothingSent(_ requests: [FaultyProxy.Request], _ place: String) {
        #expect(requests.uploads.summary == [], "\(place)")
        let names = requests.filter { $0.method == "PUT" }.map { $0.path.components(separatedBy: "/").last ?? "" }
        #expect(names.allSatisfy { $0 == "dev" }, "\(place): \(names)")
    }

    @Test func `a second machine builds nothing that the first one pushed, clean or dirty`() async throws {
        let registry = try await RegistryServer.start()
        let proxy = try await FaultyProxy.start(before: registry)
        let first = try Pushes.chain("\(proxy.address)/team")
        let loop = try RunningLoop(first)
        try await loop.publication(of: "leaf", from: 0)
        let second = try Self.clone(first)
        try proxy.reset()
        var built = try second.imgwatch("build", "--json")
        #expect(built.status == 0, "\(built.output)\(built.errors)")
        #expect(built.events.nodes("started") == [] && built.events.nodes("reused") == ["base", "mid", "leaf"])
        Self.expectNothingSent(try proxy.requests(), "clean")
        for pushed in loop.lines where pushed.event == "pushed" {
            let reused = try #require(built.events.first { $0.event == "reused" && $0.node == pushed.node })
            #expect(reused.digest == pushed.digest && reused.refs == pushed.refs)
        }

        let mark = loop.mark
        try first.write("leaf.txt", "dirty\n")
        let dirty = try await loop.publication(of: "leaf", from: mark)
        let third = try Self.clone(first)
        for machine in [second, third] {
            try machine.write("leaf.txt", "dirty\n")
            try proxy.reset()
            built = try machine.imgwatch("build", "--json")
            #expect(built.status == 0 && built.events.nodes("started") == [], "\(built.output)\(built.errors)")
            #expect(built.events.last { $0.node == "leaf" }?.digest == dirty.digest)
            Self.expectNothingSent(try proxy.requests(), "dirty")
        }
        try proxy.reset()
        #expect(try third.imgwatch("build", "--json").events.allSatisfy { ["ready", "idle"].contains($0.event) })
        #expect(try proxy.requests().allSatisfy { ["HEAD", "GET"].contains($0.method) })
        #expect(try await loop.end() == 0)
        try await RegistryWalk(registry).check()
    }

    @Test func `an alias is set also by who builds nothing, and a child is built on a base that never was here`()
        async throws
    {
        let registry = try await RegistryServer.start()
        let proxy = try await FaultyProxy.start(before: registry)
        let first = try Pushes.chain(proxy.address)
        #expect(try first.imgwatch("build").status == 0)
        let clean = try await RegistryWalk(registry).image("leaf", "dev")
        try first.write("leaf.txt", "elsewhere\n")
        #expect(try first.imgwatch("build").status == 0)
        #expect(registry.digest(of: "dev", in: "leaf") != clean.digest)

        let second = try Self.clone(first)
        #expect(try second.imgwatch("build", "--json").events.nodes("reused") == ["base", "mid", "leaf"])
        #expect(registry.digest(of: "dev", in: "leaf") == clean.digest)

        let third = try Self.clone(first)
        try third.write("mid.txt", "of the third\n")
        try proxy.reset()
        let built = try third.imgwatch("build", "--json")
        #expect(
            built.events.nodes("reused") == ["base"] && built.events.nodes("pushed") == ["mid", "leaf"],
            "\(built.output)"
        )
        let walk = try await RegistryWalk(registry)
        try await walk.check()
        let leaf = try walk.image("leaf", "dev")
        #expect(try walk.files(of: leaf) == ["base.txt": "base\n", "mid.txt": "of the third\n", "leaf.txt": "leaf\n"])
        #expect(leaf.layers.first == clean.layers.first)
        let sent = try proxy.requests().filter { $0.method == "PUT" && $0.path.contains("digest=") }
        #expect(sent.allSatisfy { !$0.path.contains(clean.layers[0].dropFirst("sha256:".count)) })
    }

    @Test func `a base that was only reused, and that the registry lost, is built again`() async throws {
        let registry = try await RegistryServer.start()
        let first = try Pushes.chain(registry.address)
        #expect(try first.imgwatch("build").status == 0)
        let base = try #require(try await RegistryWalk(registry).images.first { $0.repository == "base" })
        let second = try Self.clone(first)
        let loop = try RunningLoop(second)
        #expect(try await loop.settle(from: 0, after: nil).nodes("reused") == ["base", "mid", "leaf"])
        try registry.removeBlob(base.layers[0])
        let mark = loop.mark
        try second.write("mid.txt", "two\n")
        let line = try await loop.publication(of: "leaf", from: mark)
        let news = loop.lines.dropFirst(mark)
        #expect(news.contains { $0.event == "notice" && $0.reason.contains("base") }, "\(news.map(\.text))")
        #expect(news.filter { $0.event == "failed" }.isEmpty, "\(news.map(\.text))")
        #expect(try await loop.end() == 0)
        let walk = try await RegistryWalk(registry)
        try await walk.check()
        let files = try walk.files(of: walk.image("leaf", line.tag))
        #expect(files == ["base.txt": "base\n", "mid.txt": "two\n", "leaf.txt": "leaf\n"])
    }

    @Test func `a plan shows what is in the registry already, and changes nothing`() async throws {
        let registry = try await RegistryServer.start()
        let first = try Pushes.project(registry.address, more: "    tag: '{image}-{key}'\n")
        #expect(try first.imgwatch("build").status == 0)
        let second = try Self.clone(first)
        for _ in 0..<2 {
            let node = try #require(try second.imgwatch("plan", "--json").objects("nodes").first)
            #expect(node["action"] as? String == "reference", "\(node)")
            let tag = try #require(node["new"] as? String)
            #expect(try await RegistryWalk(registry).tags("app") == [tag])
        }
        let chain = try Pushes.chain(registry.address)
        #expect(try chain.imgwatch("build").status == 0)
        let nodes = try Self.clone(chain).imgwatch("plan", "--json").objects("nodes")
        #expect(nodes.map { $0["action"] as? String } == ["reference", "reference", "reference"], "\(nodes)")
        try second.write("app.txt", "two\n")
        let node = try #require(try second.imgwatch("plan", "--json").objects("nodes").first)
        #expect(node["action"] as? String == "run" && (node["new"] as? String)?.hasPrefix("app-") == true, "\(node)")
        #expect(registry.tags(of: "app").count == 1)
    }
}
