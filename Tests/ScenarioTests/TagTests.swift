import Foundation
import Rigs
import Testing

/// What images are called and how they are packed, where the configuration says so.
@Suite(.serialized, .enabled(if: Pushes.isPossible && Skopeo.isInstalled, "docker-registry, curl or skopeo is missing"))
struct TagTests {
    /// The digest under `app:stable`, in the registry or in the embedded one's store.
    private func stable(_ project: TemporaryProject, _ registry: RegistryServer?) throws -> String? {
        if let registry { return registry.digest(of: "stable", in: "app") }
        return try PublishedNames(in: project.store()).digests["app:stable"]
    }

    private func project(_ registry: RegistryServer?, _ more: String) throws -> TemporaryProject {
        let project = try Pushes.project(registry?.address ?? "", more: more)
        if registry == nil {
            try project.write(".imgwatch", project.read(".imgwatch").replacing("registry: \n", with: ""))
        }
        return project
    }

    @Test(arguments: [true, false]) func `a tag that stands still moves only where it may`(isRemote: Bool) async throws
    {
        let registry = isRemote ? try await RegistryServer.start() : nil
        let project = try project(registry, "    tag: stable\n")
        let loop = try RunningLoop(project)
        let first = try await loop.publication(of: "app", from: 0)
        #expect(first.tag == "stable")
        var mark = loop.mark
        try project.write("app.txt", "two\n")
        let failed = try await loop.wait(from: mark, for: "failed", node: "app")
        #expect(failed.reason.contains("tag-moves: true"), "\(failed.reason)")
        try await loop.settle(from: mark)
        #expect(try stable(project, registry) == first.digest)

        mark = loop.mark
        try project.write("app.txt", "one\n")
        try await loop.settle(from: mark, until: "well again") {
            $0.contains { $0.event == "reused" || $0.event == "pushed" }
        }
        #expect(try stable(project, registry) == first.digest)

        mark = loop.mark
        try project.write(".imgwatch", project.read(".imgwatch") + "    tag-moves: true\n")
        try project.write("app.txt", "three\n")
        let moved = try await loop.publication(of: "app", from: mark)
        #expect(moved.tag == "stable" && moved.digest != first.digest)
        #expect(try stable(project, registry) == moved.digest)
        #expect(loop.lines.dropFirst(mark).contains { $0.event == "notice" && $0.reason.contains(first.digest) })

        mark = loop.mark
        try project.write("app.txt", "one\n")
        let back = try await loop.settle(from: mark, until: "the first again") { $0.nodes("reused") == ["app"] }
        #expect(back.nodes("started") == [] && back.last { $0.event == "reused" }?.digest == first.digest)
        #expect(try stable(project, registry) == first.digest)
        #expect(try await loop.end() == 0)
        let build = try project.imgwatch("build", "--json")
        #expect(
            build.status == 0 && build.events.nodes("started") == [] && build.events.nodes("reused") == [],
            "\(build.output)"
        )
    }

    @Test func `a tag that somebody else set is not taken without leave`() async throws {
        let registry = try await RegistryServer.start()
        let images = try await OCILayoutFixture.make(["it": .file("it\n")])
        try await Skopeo().push(images.reference(to: "it"), to: registry, as: "app:stable")
        let project = try project(registry, "    tag: stable\n")
        let refused = try project.imgwatch("build", "--json")
        let failure = try #require(refused.events.first { $0.event == "failed" })
        #expect(refused.status == 1 && failure.reason.contains("imgwatch did not build"), "\(failure.reason)")
        #expect(try stable(project, registry) == images.digest(of: "it"))
        try project.write(".imgwatch", project.read(".imgwatch") + "    tag-moves: true\n")
        let built = try project.imgwatch("build", "--json")
        #expect(built.status == 0 && built.events.nodes("pushed") + built.events.nodes("reused") == ["app"])
        #expect(try stable(project, registry) == built.events.last { $0.node == "app" && !$0.digest.isEmpty }?.digest)
    }

    @Test func `a tag that may not be looked at is not taken either`() async throws {
        let registry = try await RegistryServer.start()
        let proxy = try await FaultyProxy.start(before: registry)
        let images = try await OCILayoutFixture.make(["it": .file("it\n")])
        try await Skopeo().push(images.reference(to: "it"), to: registry, as: "app:stable")
        let project = try Pushes.project(proxy.address, more: "    tag: stable\n")
        try proxy.setRules([.answer(403).on("GET|HEAD", "/manifests/").always])
        let refused = try project.imgwatch("build", "--json")
        let failure = try #require(refused.events.first { $0.event == "failed" }, "\(refused.output)")
        #expect(refused.status == 1 && failure.reason.contains("403"), "\(failure.reason)")
        #expect(registry.digest(of: "stable", in: "app") == (try images.digest(of: "it")))
    }

    @Test(arguments: [true, false]) func `templates are filled in, and the commit is shown where it is wanted`(
        isRemote: Bool
    ) async throws {
        let registry = isRemote ? try await RegistryServer.start() : nil
        let project = try project(registry, "    tag: 'v1-{image}-{commit}{dirty}-{key}'\n    revision: true\n")
        let clean = try #require(try project.imgwatch("build", "--json").events.first { $0.event == "pushed" })
        let commit = try project.git("rev-parse", "HEAD").trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(clean.tag == "v1-app-\(commit.prefix(9))-\(clean.string("key").prefix(12))")
        try project.write("app.txt", "two\n")
        let dirty = try #require(try project.imgwatch("build", "--json").events.first { $0.event == "pushed" })
        #expect(dirty.tag == "v1-app-\(commit.prefix(9))-dirty-\(dirty.string("key").prefix(12))")
        guard let registry else { return }
        let walk = try await RegistryWalk(registry)
        try await walk.check()
        for (line, revision) in [(clean, commit), (dirty, "\(commit)-dirty")] {
            let configuration = try walk.configuration(of: walk.image("app", line.tag))["config"] as? [String: Any]
            let labels = configuration?["Labels"] as? [String: String]
            let shown = try #require(labels?["org.opencontainers.image.revision"])
            #expect(revision.hasPrefix(shown) || shown == revision || shown == "\(commit.prefix(9))-dirty", "\(shown)")
        }
    }

    @Test func `every way to pack a layer is read by others, and holds the same`() async throws {
        let registry = try await RegistryServer.start()
        let ways = ["stored", "gzip", "zstd", "none"]
        let images = ways.map { "  \($0):\n    dockerfile: Dockerfile\n    compression: \($0)\n" }.joined()
        let project = try Pushes.project(registry.address, more: images)
        try project.run("sh", "-c", "seq 100000 > lib.txt")
        let built = try project.imgwatch("build", "--json")
        #expect(built.status == 0, "\(built.output)\(built.errors)")
        let walk = try await RegistryWalk(registry)
        try await walk.check()
        var diffIDs: Set<[String]> = []
        let target = project.home.appending(path: "pulled").path()
        for way in ways {
            let image = try #require(walk.images.first { $0.repository == way })
            diffIDs.insert(try walk.diffIDs(of: image))
            #expect(try walk.files(of: image)["app.txt"] == "one\n")
            try await Skopeo().pull(image.name, from: registry, to: "oci:\(target):\(way)")
            // Debian's umoci knows no zstd.
            guard way != "zstd", let umoci = MachineProgram("umoci") else { continue }
            let bundle = project.home.appending(path: "bundle-\(way)").path()
            try await umoci.succeed(["unpack", "--rootless", "--image", "\(target):\(way)", bundle])
            try project.run("cmp", "lib.txt", bundle + "/rootfs/lib.txt")
        }
        #expect(diffIDs.count == 1)
        let sizes = try ways.map { way in
            try #require(walk.images.first { $0.repository == way }.flatMap { registry.blob($0.layers[0])?.count })
        }
        #expect(sizes[1] < sizes[0] / 2 && sizes[2] < sizes[0] / 2 && sizes[3] < sizes[0])
    }
}
