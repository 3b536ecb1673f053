import Foundation
import Glibc
import Synchronization
import Testing
import Watching

/// The promise of `drain`, the wake-up, and a scope that changes.
@Suite(.timeLimit(.minutes(5))) struct WatcherTests {
    // MARK: The barrier

    /// A process that runs each line it is sent, and answers when it has.
    private struct Writer {
        private let shell = Process()
        private let commands = Pipe()
        private let answers = Pipe()

        init(in folder: String) throws {
            shell.executableURL = URL(filePath: "/bin/sh")
            shell.arguments = ["-c", "while read -r line; do eval \"$line\"; echo done; done"]
            shell.currentDirectoryURL = URL(filePath: folder)
            (shell.standardInput, shell.standardOutput) = (commands, answers)
            try shell.run()
        }

        func run(_ line: String) throws {
            try commands.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
            #expect(answers.fileHandleForReading.availableData == Data("done\n".utf8))
        }

        func end() throws {
            try commands.fileHandleForWriting.close()
            shell.waitUntilExit()
        }
    }

    @Test(arguments: [true, false]) func `what another process wrote before the drain is in it`(
        readsEagerly: Bool
    ) throws {
        let site = try Site(readsEagerly: readsEagerly)
        try site.run("mkdir tree")
        try site.watch(["tree"])
        let writer = try Writer(in: site.path("tree"))
        for round in 0..<2_000 {
            try writer.run("echo \(round) > f\(round % 7)")
            let changes = site.drain()
            guard changes == ["tree/f\(round % 7)"] else {
                Issue.record("round \(round): \(changes)")
                break
            }
        }
        try writer.end()
    }

    @Test func `what this process made before the drain is in it, however deep`() throws {
        let site = try Site(tree: "true")
        for round in 0..<2_000 {
            let folder = "tree/\(round % 3)"
            mkdir(site.path(folder), 0o755)
            mkdir(site.path(folder + "/sub"), 0o755)
            symlink("nowhere", site.path(folder + "/sub/\(round)"))
            rename(site.path(folder + "/sub"), site.path(folder + "/moved"))
            rename(site.path(folder + "/moved/\(round)"), site.path(folder + "/moved/f"))
            let changes = site.drain()
            guard changes.contains(folder + "/moved/f"), !changes.contains("rescan") else {
                Issue.record("round \(round): \(changes)")
                break
            }
            unlink(site.path(folder + "/moved/f"))
            rmdir(site.path(folder + "/moved"))
        }
    }

    @Test func `sequences grow over the watcher's life, and the barrier is the last one`() throws {
        let site = try Site(tree: "true")
        var last: UInt64 = 0
        for round in 1...3 {
            try site.run("cd tree; echo x > a; echo x > b; echo x > a; mkdir \(round)")
            let batch = site.watcher.drain()
            #expect(batch.changes.allSatisfy { $0.sequence > last })
            #expect(batch.changes.map(\.sequence) == batch.changes.map(\.sequence).sorted())
            #expect(batch.changes.count { $0.path == site.path("tree/a") } == 1)
            #expect(batch.changes.first { $0.path == site.path("tree/\(round)") }?.isDirectory == true)
            #expect(batch.changes.last?.sequence == batch.barrier)
            last = batch.barrier
        }
        #expect(site.watcher.drain() == ChangeBatch(changes: [], barrier: last))
    }

    // MARK: The wake-up

    @Test func `activity is told once until the next drain`() async throws {
        let (activity, continuation) = AsyncStream.makeStream(of: Void.self)
        let count = Atomic(0)
        let site = try Site {
            count.add(1, ordering: .sequentiallyConsistent)
            continuation.yield()
        }
        try site.run("mkdir tree")
        try site.watch(["tree"])
        var wakes = activity.makeAsyncIterator()
        for round in 1...3 {
            // Somebody may mount something meanwhile, and that is told as well, but no second time before a drain.
            let before = count.load(ordering: .sequentiallyConsistent)
            // Links are one event each; a file may be closed last by a process that another test is just starting.
            for index in 0..<200 { try site.link("x", at: "tree/\(round).\(index)") }
            await wakes.next()
            try site.link("x", at: "tree/last.\(round)")
            #expect(count.load(ordering: .sequentiallyConsistent) <= before + 1)
            #expect(site.drain().contains("tree/last.\(round)"))
        }
    }

    @Test func `without a reader nothing is told, and nothing is lost`() throws {
        let site = try Site(readsEagerly: false) { Issue.record("told") }
        try site.run("mkdir tree")
        try site.watch(["tree"])
        try site.run("echo x > tree/x")
        #expect(site.drain() == ["tree/x"])
    }

    // MARK: The scope

    @Test func `a new scope adds and drops watches, and loses nothing of what stays`() throws {
        let site = try Site()
        try site.run("mkdir -p a/1/2 b/1 c")
        try site.watch(["a", "c"])
        let count = site.watcher.watchCount
        try site.run("echo x > a/x; echo x > c/x")
        try site.watch(["b", "c"])
        #expect(site.watcher.watchCount == count - 1)
        try site.run("echo x > a/1/x; echo x > b/1/x")
        let changes = site.drain()
        #expect(Set(changes).isSuperset(of: ["b/1/x", "c/x"]))
        #expect(!changes.contains { $0.hasPrefix("a/1") })
        try site.watch([])
        #expect(site.watcher.watchCount == 0)
        try site.run("echo y > b/y")
        #expect(site.drain() == [])
    }

    @Test func `what comes into the scope is not reported, and then watched`() throws {
        let site = try Site()
        try site.run("mkdir -p tree/in tree/out/deep; echo x > tree/in/x; echo x > tree/out/deep/x")
        try site.watch(["tree"]) { !$0.hasSuffix("/out") }
        try site.watch(["tree"])
        #expect(site.drain() == [])
        try site.run("echo more >> tree/out/deep/x")
        #expect(site.drain() == ["tree/out/deep/x"])
        try site.watch(["tree"]) { !$0.hasSuffix("/out") }
        try site.run("echo more >> tree/out/deep/x; echo more >> tree/in/x")
        #expect(site.drain() == ["tree/in/x"])
    }

    @Test func `what happened between a drain and a new scope is in the next batch`() throws {
        let site = try Site(tree: "mkdir -p a/b; echo x > a/b/x; echo y > y")
        var mirror = Mirror(of: site.path("tree"))
        try site.run("cd tree; mv a c; echo new > c/b/x; mkdir d; echo d > d/d; rm y")
        try site.watch(["tree", "elsewhere"])
        mirror.apply(site.watcher.drain())
        #expect(mirror.differences(from: Mirror(of: site.path("tree"))) == [])
    }

    // MARK: The end

    @Test func `a closed watcher frees its descriptors and refuses`() throws {
        let site = try Site(tree: "mkdir a")
        #expect(try site.kernelWatches("tree/a") == 1)
        site.watcher.close()
        site.watcher.close()
        #expect(try site.kernelWatches("tree/a") == 0)
        #expect(site.watcher.watchCount == 0)
        #expect(site.watcher.drain().mustRescan)
        #expect(throws: WatchError.closed) { try site.watch(["tree"]) }
    }

    @Test func `a watcher that nobody holds ends, even if its own thread held it last`() async throws {
        let site = try Site()
        let (activity, continuation) = AsyncStream.makeStream(of: Void.self)
        let kept = Mutex<Watcher?>(nil)
        do {
            let watcher = try Watcher { if kept.withLock({ $0.take() }) != nil { continuation.finish() } }
            try watcher.watch(WatchScope(roots: [site.folder]))
            kept.withLock { $0 = watcher }
            // It may have spoken before it was kept, and then does so again only after a drain.
            _ = watcher.drain()
        }
        try site.write("x", to: "x")
        for await _ in activity {}
        #expect(kept.withLock { $0 } == nil)
    }
}
