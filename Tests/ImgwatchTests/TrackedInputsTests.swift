import Engine
import Foundation
import Glibc
import Graph
import Inputs
import Project
import Rigs
import Testing
import Watching

@testable import imgwatch

/// What is known after each barrier, against a look from scratch.
@Suite(.serialized) struct TrackedInputsTests {
    /// Every node's files are known as they are now.
    private func tracked(_ folder: TemporaryFolder, _ configuration: String) throws -> (TrackedInputs, InputReader) {
        let project = try folder.project(configuration)
        let reader = InputReader(root: project.root, index: HashIndex())
        var tracked = TrackedInputs(ProjectNodes(project, graph: project.graph))
        for entry in tracked.nodes.entries {
            let files = try #require(try reader.hold(entry, in: tracked.nodes, knowing: nil))
            tracked.held[entry.id] = HeldReading(files, barrier: 0)
        }
        return (tracked, reader)
    }

    @Test func `the configuration is looked at again when a folder that holds a file of it came or went`() throws {
        let folder = try TemporaryFolder(["app/a": "", "Dockerfile": "FROM scratch\nCOPY . /\n"])
        let (tracked, _) = try tracked(folder, "images: { app: { dockerfile: Dockerfile, context: app } }\n")
        let isConfiguration = { (path: String) in
            tracked.mayRedefine([Change(path: path, sequence: 1)], and: ["/elsewhere/file"])
        }
        for path in ["app", "app/.dockerignore", "Dockerfile"] {
            #expect(isConfiguration(folder.path(path)), "\(path)")
        }
        for path in ["app/a", "ap", "Dockerfile.x"] { #expect(!isConfiguration(folder.path(path)), "\(path)") }
        #expect(isConfiguration("/elsewhere") && isConfiguration("/elsewhere/file"))
    }

    @Test func `what is missing after events were lost concerns the node, though it reads nothing there`() throws {
        let folder = try TemporaryFolder([
            "a/b/c": "", ".dockerignore": "a\n", "Dockerfile": "FROM scratch\nCOPY a/b /\n",
        ])
        var (tracked, reader) = try tracked(folder, "images: { app: {} }\n")
        #expect(tracked.noteRescan(at: 1, reader).isEmpty)
        try folder.remove("a/b")
        #expect(tracked.noteRescan(at: 2, reader).map(\.path) == ["a/b"])
        try folder.write("a/b", "")
        let whole = Change(path: folder.path("a"), sequence: 3, isRecursive: true)
        #expect(tracked.note([whole], offset: 0, barrier: 3, reader).map(\.readers) == [[NodeID("app")]])
    }

    @Test func `outputs that can't be read as yet are outputs, and no input of the step that writes them`() throws {
        let folder = try TemporaryFolder(["in": ""])
        var (tracked, reader) = try tracked(folder, "steps: { s: { run: x, inputs: [in], outputs: [out/] } }\n")
        let told = { (changes: [PathChange]) in changes.map { [$0.owner] + $0.readers } }
        try folder.write("out/f", "")
        let unreadable = [UInt8](folder.path("out/").utf8) + [0xFF, 0]
        let descriptor = unreadable.withUnsafeBufferPointer {
            $0.withMemoryRebound(to: CChar.self) { open($0.baseAddress!, O_CREAT | O_WRONLY, 0o644) }
        }
        try #require(descriptor >= 0 && close(descriptor) == 0)
        let before = tracked
        #expect(told(tracked.noteRescan(at: 1, reader)) == [[NodeID("s")]])
        tracked = before
        let tree = Change(path: folder.path("out"), sequence: 1, isRecursive: true)
        #expect(told(tracked.note([tree], offset: 0, barrier: 1, reader)) == [[NodeID("s")]])
        tracked = before
        try folder.write("in", "1")
        #expect(told(tracked.noteRescan(at: 1, reader)) == [[nil, NodeID("s")]])
    }

    @Test func `what is written by one name of a file changes its other names`() throws {
        let folder = try TemporaryFolder(["src/a": "1", "Dockerfile": "FROM scratch\nCOPY src /\n"])
        var (tracked, reader) = try tracked(folder, "images: { app: {} }\n")
        try FileManager.default.linkItem(atPath: folder.path("src/a"), toPath: folder.path("src/b"))
        let change = Change(path: folder.path("src/b"), sequence: 1)
        #expect(tracked.note([change], offset: 0, barrier: 1, reader).map(\.path) == ["src/b", "src/a"])
    }

    @Test func `a link that leads away and back is read through anew`() throws {
        let folder = try TemporaryFolder(["r1/f": "", "r2/f": "", "Dockerfile": "FROM scratch\nCOPY link/ /\n"])
        try folder.link("link", to: "r1")
        var (tracked, _) = try tracked(folder, "images: { app: {} }\n")
        #expect(tracked.changes(of: NodeID("app")) == [])
        for target in ["r2", "r1"] {
            try folder.remove("link")
            try folder.link("link", to: target)
            #expect(tracked.relink(at: 1) != nil)
        }
        #expect(tracked.changes(of: NodeID("app")) == nil)
    }

    @Test func `a link that came while events were lost concerns who reads through it from now on`() throws {
        let folder = try TemporaryFolder(["real/d/f": "", "Dockerfile": "FROM scratch\nCOPY link/d/f* /\n"])
        var (tracked, reader) = try tracked(folder, "images: { app: {} }\n")
        try folder.link("link", to: "real")
        #expect(tracked.noteRescan(at: 1, reader).isEmpty)
        let changes = tracked.relink(at: 1)
        #expect(changes?.map(\.readers) == [[NodeID("app")]] && changes?.map(\.path) == ["link"])
        #expect(tracked.relink(at: 2) == nil && tracked.recent.redefinition == 1)
    }

    @Test func `what a step writes by way of a link is known when the link comes, and forgotten when it goes`() throws {
        let folder = try TemporaryFolder(["real/f": "", "Dockerfile": "FROM scratch\nCOPY real/out/x /\n"])
        var (tracked, reader) = try tracked(
            folder,
            "steps: { s: { run: x, outputs: link/out/ } }\nimages: { app: { needs: [s] } }\n"
        )
        let change = { (isRemoval: Bool) in
            [Change(path: folder.path("link"), sequence: 1, isRemoval: isRemoval)]
        }
        let missing = { (tracked: TrackedInputs) in
            let (entry, held) = (try #require(tracked.nodes[NodeID("app")]), tracked.held[NodeID("app")])
            let known = held.map { KnownFiles($0.files, for: entry.scope) }
            return try reader.files(of: entry, in: tracked.nodes, known, changed: [])?.missing
        }
        #expect(try missing(tracked) == ["real/out/x"])
        try folder.link("link", to: "real")
        #expect(tracked.mayRelink(change(false)))
        #expect(tracked.relink(at: 1)?.map(\.readers) == [[NodeID("app")]])
        #expect(try missing(tracked) == [] && tracked.nodes.isGenerated("real/out/x"))
        try folder.remove("link")
        #expect(tracked.mayRelink(change(true)))
        #expect(tracked.relink(at: 2)?.map(\.path) == ["real/out"])
        #expect(try missing(tracked) == ["real/out/x"] && tracked.relink(at: 3) == nil)
    }

    @Test func `links are looked at again when one came that nobody reads, or where a link leads to no file`() throws {
        let folder = try TemporaryFolder(["real/f": "", "src/a": ""])
        try folder.link("src/l", to: "../real")
        let (tracked, _) = try tracked(folder, "steps: { s: { run: x, inputs: src/*, outputs: out/ } }\n")
        let mayRelink = { (path: String, isRemoval: Bool) in
            tracked.mayRelink([Change(path: folder.path(path), sequence: 1, isRemoval: isRemoval)])
        }
        #expect(mayRelink("real", true) && !mayRelink("src/a", false) && !mayRelink("other", true))
        try folder.link("other", to: "nowhere")
        #expect(mayRelink("other", false))
    }

    @Test func `a folder that comes makes nobody look for links, unless one is in it`() throws {
        let folder = try TemporaryFolder(["src/a": "", "src/new/deep/b": ""])
        let (tracked, _) = try tracked(folder, "steps: { s: { run: x, inputs: src/*, outputs: out/ } }\n")
        let mayRelink = {
            tracked.mayRelink([Change(path: folder.path("src/new"), sequence: 1, isRecursive: true)])
        }
        #expect(!mayRelink())
        try folder.link("src/new/deep/l", to: "b")
        #expect(mayRelink())
    }

    @Test func `outputs with other names are watched like inputs`() throws {
        let folder = try TemporaryFolder(["in": "", "out/made": ""])
        let (before, _) = try tracked(folder, "steps: { s: { run: x, inputs: in, outputs: out/ } }\n")
        #expect(before.hardLinks(of: NodeID("s")) == [])
        for name in ["in", "out/made"] { try #require(Glibc.link(folder.path(name), folder.path(name) + "-2") == 0) }
        let (after, _) = try tracked(folder, "steps: { s: { run: x, inputs: in, outputs: out/ } }\n")
        let names = ["in", "out/made", "out/made-2"].map(folder.path)
        #expect(after.hardLinks(of: NodeID("s")) == Set(names))
    }

    // MARK: Any tree, any deeds

    /// How many operations a run by hand is to do, and whether it replays one seed.
    private static let wanted = ProcessInfo.processInfo.environment["FUZZ_OPS"].flatMap { Int($0) }
    private static let seed = ProcessInfo.processInfo.environment["FUZZ_SEED"].flatMap { UInt64($0) }
    private static let rounds = 30

    struct Outcome {
        var operations = 0
        var overflows = 0
        var comparisons = 0
        var problem: String?
    }

    /// One world: deeds, barrier, comparison, again and again.
    static func run(seed: UInt64, rounds: Int = Self.rounds) throws -> Outcome {
        var world = try TreeFuzz(seed: seed)
        defer { world.end() }
        var outcome = Outcome()
        for round in 0..<rounds {
            do {
                if try self.round(&world, round) { outcome.comparisons += 1 }
            } catch {
                let history = world.vandal.history.suffix(120).joined(separator: "\n")
                outcome.problem =
                    "seed \(seed), round \(round): \(error)\nmake fuzz-watch SEED=\(seed)\n\(history)\n"
                    + world.picture
                break
            }
        }
        (outcome.operations, outcome.overflows) = (outcome.operations + world.vandal.operations, world.overflows)
        return outcome
    }

    /// - Returns: Whether there was a project to be compared; a link can make one that does not load.
    private static func round(_ world: inout TreeFuzz, _ round: Int) throws -> Bool {
        world.vandal.note("-- round \(round)")
        var dice = world.vandal.dice
        for _ in 0...dice.next(below: dice.one(in: 8) ? 60 : 10) { world.vandal.act() }
        if dice.one(in: 10) { try actMeanwhile(&world, seed: dice.next()) }
        try world.settleOrThrow()
        if dice.one(in: 20) {
            try world.restart()
            try world.settleOrThrow()
        }
        var found = world.found
        if found == nil {
            world.vandal.restore(world.tracked.nodes.project.images.map(\.context).filter { !$0.isEmpty })
            try world.settleOrThrow()
            found = world.found
        }
        guard let found else {
            world.vandal.clear()
            return false
        }
        try world.compare(with: found)
        if round % 16 == 15 { try world.compareNames() }
        if world.isLarge { world.vandal.clear() }
        return true
    }

    /// Somebody else acts while barriers pass.
    private static func actMeanwhile(_ world: inout TreeFuzz, seed: UInt64) throws {
        world.vandal.note("-- somebody else acts")
        let vandal = world.vandal.companion(seed: seed)
        let thread = Thread {
            var vandal = vandal
            for _ in 0..<30 { vandal.act() }
            vandal.closeAll()
        }
        thread.start()
        while !thread.isFinished { _ = try world.settle() }
    }

    @Test(arguments: 1...UInt64(12)) func `the keys after each barrier are those of a look from scratch`(
        seed: UInt64
    ) throws {
        let outcome = try Self.run(seed: seed)
        #expect(outcome.problem == nil, "\(outcome.problem ?? "")")
        #expect(outcome.comparisons > Self.rounds / 4)
    }

    @Test(.enabled(if: wanted != nil || seed != nil, "by hand: make fuzz-watch")) func `and so they are all night`()
        throws
    {
        var (operations, overflows) = (0, 0)
        var seed = Self.seed ?? UInt64(getpid()) << 20
        let start = seed
        while true {
            let outcome = try Self.run(seed: seed)
            (operations, overflows) = (operations + outcome.operations, overflows + outcome.overflows)
            #expect(outcome.problem == nil, "\(outcome.problem ?? "")")
            if (seed - start) % 10 == 9 {
                Self.tell("\(operations) operations, \(seed - start + 1) seeds, \(overflows) overflows")
            }
            if Self.seed != nil || outcome.problem != nil || operations >= Self.wanted ?? 0 { break }
            seed += 1
        }
        Self.tell("\(operations) operations, \(seed - start + 1) seeds, \(overflows) overflows")
    }

    private static func tell(_ line: String) { FileHandle.standardError.write(Data("fuzz-watch: \(line)\n".utf8)) }
}
