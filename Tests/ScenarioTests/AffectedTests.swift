import Foundation
import Testing

/// Only what is affected is rebuilt, on a chain base-dynamo → base-label → base-agent → three handlers.
@Suite(.serialized) struct AffectedTests {
    static let chain = ["base-dynamo", "base-label", "base-agent", "handler-a", "handler-b", "handler-c"]

    /// The chain in a git repository, all built, the loop running.
    private func started() async throws -> (TemporaryProject, RunningLoop) {
        let project = try TemporaryProject(copying: "Examples/chain")
        try project.commitAll("first")
        let loop = try RunningLoop(project)
        try await loop.wait(for: "idle")
        return (project, loop)
    }

    @Test func `an edit rebuilds the images that it affects, in order, and nothing else`() async throws {
        let (project, loop) = try await started()
        #expect(Set(loop.lines.nodes("pushed")) == Set(Self.chain))
        #expect(Array(loop.lines.nodes("started").prefix(3)) == Array(Self.chain.prefix(3)))

        var mark = loop.mark
        try project.write("handlers/c/handler.py", "print('c, edited')\n")
        #expect(try await loop.settle(from: mark).nodes("started") == ["handler-c"])

        mark = loop.mark
        try project.write("packages/pricing/pricing.py", "def price(): return 3\n")
        #expect(Set(try await loop.settle(from: mark).nodes("started")) == ["handler-a", "handler-b"])

        mark = loop.mark
        try project.write("packages/core/core.py", "CORE = 2\n")
        let all = try await loop.settle(from: mark).nodes("started")
        #expect(Array(all.prefix(3)) == Array(Self.chain.prefix(3)))
        #expect(all.count == 6 && Set(all) == Set(Self.chain))
        #expect(try await loop.end() == 0)
    }

    @Test func `what changes no input builds nothing`() async throws {
        let (project, loop) = try await started()
        let mark = loop.mark
        try project.write("README.md", "another text\n")
        try project.run("touch", "handlers/a/handler.py")
        let bytes = try project.read("handlers/b/handler.py")
        try project.write("handlers/b/handler.py", bytes)
        let lines = try await loop.settle(from: mark)
        #expect(lines.nodes("started").isEmpty && lines.nodes("reused").isEmpty && lines.nodes("stale").isEmpty)
        #expect(lines.flatMap(\.paths).contains("README.md") == false)
        try await loop.end()
    }

    @Test func `a reverted tree returns to its old tags without a build, and two dirty states have two tags`()
        async throws
    {
        let (project, loop) = try await started()
        let first = Dictionary(loop.lines.filter { $0.event == "pushed" }.map { ($0.node, $0.tag) }) { $1 }
        #expect(first.values.allSatisfy { $0.hasPrefix("git-") && !$0.contains("dirty") })

        var tags: [String] = []
        for text in ["x = 1\n", "x = 2\n"] {
            let mark = loop.mark
            try project.write("handlers/a/handler.py", text)
            tags += try await loop.settle(from: mark).filter { $0.event == "pushed" }.map(\.tag)
        }
        #expect(tags.count == 2 && Set(tags).count == 2 && tags.allSatisfy { $0.contains("-dirty-") })

        let mark = loop.mark
        try project.git("checkout", "--", ".")
        let lines = try await loop.settle(from: mark)
        #expect(lines.nodes("started").isEmpty)
        #expect(lines.filter { $0.event == "reused" }.map(\.tag) == [first["handler-a"]])
        try await loop.end()
    }

    @Test func `a commit of unchanged work adds the clean tag and builds nothing`() async throws {
        let (project, loop) = try await started()
        var mark = loop.mark
        try project.write("handlers/a/handler.py", "x = 3\n")
        let dirty = try #require(try await loop.settle(from: mark).first { $0.event == "pushed" })
        mark = loop.mark
        try project.commitAll("second")
        let reused = try await loop.wait(from: mark, for: "reused", node: "handler-a")
        #expect(reused.tag.hasSuffix(dirty.tag.suffix(12)) && !reused.tag.contains("dirty"))
        #expect(reused.digest == dirty.digest)
        let lines = try await loop.settle(from: mark, after: nil)
        #expect(lines.nodes("started").isEmpty)
        #expect(lines.nodes("reused") == ["handler-a"])
        try await loop.end()
    }

    @Test func `an unrelated commit changes no tag`() async throws {
        let (project, loop) = try await started()
        try await loop.end()
        try project.write("README.md", "unrelated\n")
        try project.commitAll("unrelated")
        let second = try RunningLoop(project, ["build"])
        #expect(try await second.exit() == 0)
        #expect(second.lines.nodes("started").isEmpty && second.lines.nodes("reused").isEmpty)
    }

    @Test func `a child's first layers are its base's`() async throws {
        let (project, loop) = try await started()
        let store = try project.store()
        let layers = try Dictionary(
            uniqueKeysWithValues: loop.lines.filter { $0.event == "pushed" }.map { line in
                (line.node, try StoredManifest(digest: line.digest, in: store).layers)
            }
        )
        for (base, child) in zip(Self.chain, Self.chain.dropFirst()).prefix(3) {
            let below = try #require(layers[base]), above = try #require(layers[child])
            #expect(above.count > below.count && Array(above.prefix(below.count)) == below)
        }
        try await loop.end()
    }
}

/// What a manifest in the store says.
struct StoredManifest {
    let layers: [String]

    init(digest: String, in store: URL) throws {
        let url = store.appending(path: "blobs/sha256/\(digest.dropFirst("sha256:".count))")
        let manifest = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any]
        layers = try #require(manifest?["layers"] as? [[String: Any]]).compactMap { $0["digest"] as? String }
    }
}
