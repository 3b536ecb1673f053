import Foundation
import Rigs
import Testing

/// Edits and crashes at any moment while images go to a registry: what has a name there is whole, and of one instant.
@Suite(.serialized, .enabled(if: Pushes.isPossible, Pushes.why)) struct PushRaceTests {
    /// `SEED=n` edits and crashes at other moments.
    private static let seed = UInt64(ProcessInfo.processInfo.environment["SEED"] ?? "") ?? 7

    private struct Instant: Hashable {
        var base = "0", mid = "0", leaf = "0", gen = "0"
        var files: [String: String] { ["base.txt": base, "mid.txt": mid, "leaf.txt": leaf, "out/gen": "gen \(gen)"] }

        mutating func edit(_ name: String, _ text: String) {
            switch name {
            case "base": base = text
            case "mid": mid = text
            case "gen": gen = text
            default: leaf = text
            }
        }
    }

    /// `mid` is made from what a step makes, in two pieces.
    private static func project(_ registry: String) throws -> TemporaryProject {
        let project = try TemporaryProject([
            "base.txt": "0", "mid.txt": "0", "leaf.txt": "0", "gen.txt": "0", ".gitignore": "out/\n",
            "gen.sh": """
            text=$(cat gen.txt); mkdir -p out; printf gen > out/gen; sleep 0.1; printf ' %s' "$text" >> out/gen
            """,
            "Dockerfile.base": "FROM scratch\nCOPY base.txt /\n",
            "Dockerfile.mid": "FROM base\nCOPY mid.txt /\nCOPY out/gen /out/\n",
            "Dockerfile.leaf": "FROM mid\nCOPY leaf.txt /\n",
            ".imgwatch": """
            registry: \(registry)
            steps:
              gen: { run: sh gen.sh, inputs: [gen.txt, gen.sh], outputs: [out/gen] }
            images:
              base: { dockerfile: Dockerfile.base }
              mid: { dockerfile: Dockerfile.mid, needs: [gen] }
              leaf: { dockerfile: Dockerfile.leaf, aliases: [dev] }

            """,
        ])
        try project.commitAll("first")
        return project
    }

    @Test func `whatever is edited when, each tag is whole and one instant, and the alias goes only forwards`()
        async throws
    {
        let registry = try await RegistryServer.start()
        let proxy = try await FaultyProxy.start(before: registry)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for world in 0..<4 {
                group.addTask { try await Self.race("world-\(world)", Self.seed &+ UInt64(world), registry, proxy) }
            }
            try await group.waitForAll()
        }
        try await RegistryWalk(registry).check()
        try proxy.requests().checkOrder()
    }

    private static func race(
        _ world: String,
        _ seed: UInt64,
        _ registry: RegistryServer,
        _ proxy: FaultyProxy
    ) async throws {
        var random = SeededRandom(seed: seed)
        let project = try project("\(proxy.address)/\(world)")
        let loop = try RunningLoop(project)
        try await loop.wait(for: "ready")
        var instants = [Instant()]
        for edit in 1...12 {
            await Pause.of(milliseconds: Int.random(in: 0...350, using: &random))
            let name = ["base", "mid", "leaf", "gen"].randomElement(using: &random) ?? "leaf"
            var instant = instants[instants.count - 1]
            instant.edit(name, "\(edit)")
            instants.append(instant)
            try project.write("\(name).txt", "\(edit)")
        }
        let last = instants[instants.count - 1].files
        try await loop.wait(for: "the last state of \(world)") { line in
            guard line.event == "idle", loop.lines.last?.text == line.text,
                let leaf = loop.lines.last(where: { ["pushed", "reused"].contains($0.event) && $0.node == "leaf" })
            else { return false }
            return (try? files(leaf.digest, "\(world)/leaf", in: registry)) == last
        }
        #expect(try await loop.end() == 0)
        let walk = try await RegistryWalk(registry)
        let lines = walk.images.filter { $0.repository.hasPrefix(world + "/") }
        let bases = lines.filter { !$0.repository.hasSuffix("/leaf") }
        for leaf in lines where leaf.repository.hasSuffix("/leaf") {
            let files = try walk.files(of: leaf)
            #expect(instants.contains { $0.files == files }, "\(leaf.name), seed \(seed): \(files) is no instant")
            let base = bases.contains { $0.repository.hasSuffix("/mid") && leaf.layers.starts(with: $0.layers) }
            #expect(base && leaf.layers.count == 4, "\(leaf.name), seed \(seed), does not begin with its base's layers")
        }
        let moves = try proxy.requests().published("\(world)/leaf", "dev")
        let shown = try moves.compactMap { move in
            let image = try RegistryWalk.image("\(world)/leaf", "dev", digest: "", try #require(move.text))
            let files = try walk.files(of: image)
            return instants.firstIndex { $0.files == files }
        }
        #expect(shown == shown.sorted() && shown.last == instants.count - 1, "\(world), seed \(seed): \(shown)")
    }

    private static func files(
        _ digest: String,
        _ repository: String,
        in registry: RegistryServer
    ) throws
        -> [String: String]?
    {
        guard let bytes = registry.blob(digest) else { return nil }
        let image = try RegistryWalk.image(repository, "", digest: digest, String(decoding: bytes, as: UTF8.self))
        return try UnpackedImage.files(of: image, in: registry)
    }

    @Test func `after crashes in the middle of large uploads everything is whole, and becomes the last state`()
        async throws
    {
        let registry = try await RegistryServer.start()
        let project = try Pushes.project(registry.address, more: "    aliases: [dev]\n")
        try project.run("sh", "-c", "head -c 20000000 /dev/urandom > big.bin; echo big.bin > .gitignore")
        try project.write("Dockerfile", "FROM scratch\nCOPY big.bin /\nCOPY app.txt /\n")
        var random = SeededRandom(seed: Self.seed)
        var published = 0
        for round in 0..<8 {
            let loop = try RunningLoop(project)
            try await loop.wait(for: "ready")
            try project.run("sh", "-c", "printf %s \(round) | dd of=big.bin conv=notrunc seek=1000 bs=1 status=none")
            try project.write("app.txt", "\(round)\n")
            let moment = Int.random(in: 0...500, using: &random)
            let mark = loop.mark
            _ = try await loop.wait(from: mark, for: "started", node: "app")
            await Pause.of(milliseconds: moment)
            try await loop.crash()
            published += loop.lines.nodes("pushed").count
            try await RegistryWalk(registry).check("round \(round), \(moment) ms")
        }
        let last = try RunningLoop(project)
        try await last.settle(from: 0, after: "ready")
        let walk = try await RegistryWalk(registry)
        try await walk.check("at the end")
        let folder = try walk.unpacked(walk.image("app", "dev"))
        defer { try? FileManager.default.removeItem(at: folder) }
        try project.run("cmp", "big.bin", folder.path() + "/big.bin")
        try project.run("cmp", "app.txt", folder.path() + "/app.txt")
        #expect(try await last.end() == 0)
        #expect(published < 8, "no upload was cut: seed \(Self.seed) proves nothing")
        let build = try project.imgwatch("build", "--json")
        #expect(build.status == 0 && build.events.nodes("started") == [] && build.events.nodes("reused") == [])
    }
}
