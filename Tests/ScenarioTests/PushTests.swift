import Foundation
import Rigs
import Testing

/// Projects whose images go to a registry elsewhere.
enum Pushes {
    /// One image of two layers.
    static func project(_ registry: String, more: String = "") throws -> TemporaryProject {
        let project = try TemporaryProject([
            "Dockerfile": "FROM scratch\nCOPY lib.txt /\nCOPY app.txt /\n", "lib.txt": "lib\n", "app.txt": "one\n",
            ".imgwatch": "registry: \(registry)\nimages:\n  app:\n    dockerfile: Dockerfile\n\(more)",
        ])
        try project.commitAll("first")
        return project
    }

    /// Three images, each made from the one before; `leaf` is called `dev`, too.
    static func chain(_ registry: String, base: String = "") throws -> TemporaryProject {
        let project = try TemporaryProject([
            "Dockerfile.base": "FROM scratch\nCOPY base.txt /\n", "base.txt": "base\n",
            "Dockerfile.mid": "FROM base\nCOPY mid.txt /\n", "mid.txt": "mid\n",
            "Dockerfile.leaf": "FROM mid\nCOPY leaf.txt /\n", "leaf.txt": "leaf\n",
            ".imgwatch": """
            registry: \(registry)
            images:
              base: { dockerfile: Dockerfile.base\(base) }
              mid: { dockerfile: Dockerfile.mid }
              leaf: { dockerfile: Dockerfile.leaf, aliases: [dev] }

            """,
        ])
        try project.commitAll("first")
        return project
    }

    static let isPossible = RegistryServer.isInstalled && MachineProgram("curl") != nil
    static let why: Comment = "docker-registry or curl is not installed"
}

/// What a push costs, and what becomes of it where the registry is not always there.
@Suite(.serialized, .enabled(if: Pushes.isPossible, Pushes.why)) struct PushTests {
    @Test func `a one-file push is five requests, a way back one, and a commit of it only manifests`() async throws {
        let registry = try await RegistryServer.start()
        let proxy = try await FaultyProxy.start(before: registry)
        let project = try Pushes.project(proxy.address + "/shop")
        let loop = try RunningLoop(project)
        try await loop.publication(of: "app", from: 0)

        try proxy.reset()
        var mark = loop.mark
        try project.write("app.txt", "two\n")
        let line = try await loop.publication(of: "app", from: mark)
        let push = try proxy.requests()
        let upload = "shop/app/blobs/uploads/"
        #expect(
            push.summary.dropLast().sorted() == ["POST \(upload)", "POST \(upload)", "PUT \(upload)", "PUT \(upload)"]
        )
        #expect(push.summary.last == "PUT shop/app/manifests/\(line.tag)")
        #expect(push.allSatisfy { $0.status == 201 || $0.status == 202 })

        try proxy.reset()
        mark = loop.mark
        try project.write("app.txt", "one\n")
        #expect(try await loop.settle(from: mark).nodes("reused") == ["app"])
        let first = try #require(loop.lines.last { $0.event == "reused" })
        #expect(try proxy.requests().summary == ["HEAD shop/app/manifests/\(first.tag)"])

        mark = loop.mark
        try project.write("app.txt", "three\n")
        let dirty = try await loop.publication(of: "app", from: mark)
        try proxy.reset()
        mark = loop.mark
        try project.commitAll("three")
        try await loop.settle(from: mark, until: "the clean tag") { $0.nodes("reused") == ["app"] }
        let clean = try #require(loop.lines.last { $0.event == "reused" })
        #expect(clean.digest == dirty.digest && clean.tag != dirty.tag && !clean.tag.contains("dirty"))
        #expect(
            try proxy.requests().summary == ["GET", "PUT"].map { "\($0) shop/app/manifests/\(clean.tag)" }
        )
        try await RegistryWalk(registry).check()
        #expect(try await loop.end() == 0)
    }

    @Test func `a registry that is away at the start, or goes in the middle, is caught up with by itself`() async throws
    {
        let registry = try await RegistryServer.start()
        let project = try Pushes.chain(registry.address)
        try await registry.stop()
        let loop = try RunningLoop(project)
        #expect(try await loop.wait(for: "failed", node: "base").reason.contains(registry.address))
        try await loop.settle(from: 0, after: "ready")
        try await registry.startAgain()
        try await loop.publication(of: "leaf", from: 0)
        try await RegistryWalk(registry).check("after the start")

        try await registry.stop()
        let mark = loop.mark
        try project.write("mid.txt", "edited\n")
        try await loop.wait(from: mark, for: "failed", node: "mid")
        try await registry.startAgain()
        let line = try await loop.publication(of: "leaf", from: mark)
        let walk = try await RegistryWalk(registry)
        try await walk.check("after the edit")
        let leaf = try walk.image("leaf", "dev")
        #expect(leaf.digest == line.digest)
        #expect(try walk.files(of: leaf) == ["base.txt": "base\n", "mid.txt": "edited\n", "leaf.txt": "leaf\n"])
        #expect(try await loop.end() == 0)
    }

    @Test func `a blob that was spoilt here is made again, and does not stay a failure`() async throws {
        let registry = try await RegistryServer.start()
        let project = try Pushes.project(registry.address)
        #expect(try project.imgwatch("build").status == 0)
        let layer = try #require(try await RegistryWalk(registry).images.first?.layers.first)
        let path = try project.store().appending(path: "blobs/sha256/\(layer.dropFirst("sha256:".count))")
        var bytes = try Data(contentsOf: path)
        bytes.replaceSubrange(10..<20, with: Data(repeating: 0, count: 10))
        try bytes.write(to: path)
        try registry.removeBlob(layer)
        let built = try project.imgwatch("build", "--json")
        #expect(built.status == 0, "\(built.output)\(built.errors)")
        try await RegistryWalk(registry).check()
    }

    @Test func `what vanishes from the registry is sent again with the next edit`() async throws {
        let registry = try await RegistryServer.start()
        let project = try Pushes.chain(registry.address)
        let loop = try RunningLoop(project)
        try await loop.publication(of: "leaf", from: 0)
        for (edit, lost) in ["configuration", "first", "second"].enumerated() {
            let leaf = try await RegistryWalk(registry).image("leaf", "dev")
            let blob = lost == "configuration" ? leaf.configuration : leaf.layers[lost == "first" ? 0 : 1]
            try registry.removeBlob(blob)
            for repository in ["leaf", "mid", "base"] { try? registry.removeBlob(blob, from: repository) }
            let mark = loop.mark
            try project.write("leaf.txt", "edit \(edit)\n")
            try await loop.publication(of: "leaf", from: mark)
            let walk = try await RegistryWalk(registry)
            let files = try walk.files(of: walk.image("leaf", "dev"))
            #expect(files == ["base.txt": "base\n", "mid.txt": "mid\n", "leaf.txt": "edit \(edit)\n"], "\(lost)")
        }
        #expect(try await loop.end() == 0)
    }

    @Test func `after a restart an edit sends only the layer that it made`() async throws {
        let registry = try await RegistryServer.start()
        let proxy = try await FaultyProxy.start(before: registry)
        let project = try Pushes.project(proxy.address + "/shop")
        #expect(try project.imgwatch("build").status == 0)
        let loop = try RunningLoop(project)
        try await loop.settle(from: 0, after: "ready")
        try proxy.reset()
        let mark = loop.mark
        try project.write("app.txt", "two\n")
        let line = try await loop.publication(of: "app", from: mark)
        #expect(line.text.contains(#""layers":1,"#))
        #expect(try proxy.requests("PUT", "/blobs/uploads/").count == 2)
        #expect(try proxy.requests("HEAD", "/blobs/").isEmpty)
        #expect(try await loop.end() == 0)
    }

    @Test func `a tag that somebody deleted, and what was below it, is set again on the way back`() async throws {
        let registry = try await RegistryServer.start()
        let project = try Pushes.project(registry.address)
        let loop = try RunningLoop(project)
        let first = try await loop.publication(of: "app", from: 0)
        var mark = loop.mark
        try project.write("app.txt", "two\n")
        try await loop.publication(of: "app", from: mark)
        let image = try await RegistryWalk(registry).image("app", first.tag)
        try FileManager.default.removeItem(
            atPath: "\(registry.root)/docker/registry/v2/repositories/app/_manifests/tags/\(first.tag)"
        )
        for blob in image.layers + [image.configuration] {
            try registry.removeBlob(blob)
            try? registry.removeBlob(blob, from: "app")
        }
        mark = loop.mark
        try project.write("app.txt", "one\n")
        try await loop.settle(from: mark)
        let walk = try await RegistryWalk(registry)
        #expect(try walk.files(of: walk.image("app", first.tag)) == ["lib.txt": "lib\n", "app.txt": "one\n"])
        #expect(try await loop.end() == 0)
    }

    @Test func `a layer that the registry lost while nothing ran is there again after the next start`() async throws {
        let registry = try await RegistryServer.start()
        let project = try Pushes.project(registry.address)
        #expect(try project.imgwatch("build").status == 0)
        let image = try #require(try await RegistryWalk(registry).images.first)
        for blob in image.layers {
            try registry.removeBlob(blob)
            try? registry.removeBlob(blob, from: "app")
        }
        #expect(try project.imgwatch("build").status == 0)
        let walk = try await RegistryWalk(registry)
        #expect(try walk.files(of: walk.image("app", image.tag)) == ["lib.txt": "lib\n", "app.txt": "one\n"])
    }

    @Test func `another registry in the configuration gets everything at the next start, and nothing is built`()
        async throws
    {
        let (one, two) = (try await RegistryServer.start(), try await RegistryServer.start())
        let project = try Pushes.chain(one.address)
        let loop = try RunningLoop(project)
        try await loop.publication(of: "leaf", from: 0)
        let mark = loop.mark
        let text = try project.read(".imgwatch")
        try project.write(".imgwatch", text.replacing(one.address, with: two.address + "/team"))
        try await loop.settle(from: mark, until: "a word about the restart") {
            $0.contains { $0.event == "notice" && $0.reason.contains("registry") }
        }
        #expect(try await RegistryWalk(two).images.isEmpty)
        #expect(try await loop.end() == 0)

        let again = try project.imgwatch("build", "--json")
        #expect(again.status == 0, "\(again.output)\(again.errors)")
        #expect(again.events.nodes("started") == [] && again.events.nodes("reused") == ["base", "mid", "leaf"])
        let walk = try await RegistryWalk(two)
        try await walk.check()
        #expect(try walk.files(of: walk.image("team/leaf", "dev")).count == 3)
        let third = try project.imgwatch("build", "--json")
        #expect(third.events.nodes("reused") == [] && third.events.nodes("started") == [])
    }

    @Test func `a deploy runs again where its image goes to another registry`() async throws {
        let (one, two) = (try await RegistryServer.start(), try await RegistryServer.start())
        let project = try Pushes.project(
            one.address,
            more: "    deploy: { run: 'echo $IMGWATCH_REF' }\n"
        )
        let deploy = { try project.imgwatch("build", "--deploy", "--json").events.filter { $0.event == "log" } }
        #expect(try deploy().count == 1)
        #expect(try deploy().isEmpty)
        try project.write(".imgwatch", project.read(".imgwatch").replacing(one.address, with: two.address))
        let again = try deploy()
        #expect(again.count == 1 && again[0].string("line").hasPrefix(two.address), "\(again)")
    }

    @Test func `a base that is not pushed is in its children, which are whole without it`() async throws {
        let registry = try await RegistryServer.start()
        let project = try Pushes.chain(registry.address, base: ", push: false")
        let built = try project.imgwatch("build", "--json")
        #expect(built.status == 0, "\(built.output)\(built.errors)")
        let walk = try await RegistryWalk(registry)
        try await walk.check()
        #expect(Set(walk.images.map(\.repository)) == ["mid", "leaf"])
        let (mid, leaf) = (try #require(walk.images.first { $0.repository == "mid" }), try walk.image("leaf", "dev"))
        #expect(mid.layers.count == 2 && leaf.layers.prefix(2) == mid.layers[...])
        #expect(try walk.files(of: leaf) == ["base.txt": "base\n", "mid.txt": "mid\n", "leaf.txt": "leaf\n"])
    }
}
