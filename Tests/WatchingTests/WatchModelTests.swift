import Foundation
import Glibc
import Testing
import Watching

/// The model against the disk: after each drain, a mirror kept from changes alone equals a fresh walk.
@Suite(.timeLimit(.minutes(5))) struct WatchModelTests {
    static let seeds = ProcessInfo.processInfo.environment["WATCHING_SEEDS"].flatMap { UInt64($0) } ?? 15

    @Test(arguments: 1...Self.seeds) func `a mirror of the changes equals the tree`(seed: UInt64) throws {
        let site = try Site()
        try site.run("mkdir tree out")
        let includes: @Sendable (String) -> Bool = { !$0.hasSuffix("/c") }
        try site.watch(["tree"], includes: includes)
        var vandal = Vandal(folder: site.folder, seed: seed)
        var mirror = Mirror(of: site.path("tree"), includes: includes)
        for step in 0..<120 {
            // A file that gets another name and is written through it before it is read again goes unseen.
            for _ in 0..<Int.random(in: 0..<4, using: &vandal.random) { vandal.linkFile() }
            mirror.apply(site.watcher.drain())
            site.watcher.watchFiles(mirror.linkedFiles)
            mirror.apply(site.watcher.drain())
            for _ in 0...Int.random(in: 0..<12, using: &vandal.random) { vandal.act() }
            if step % 29 == 28 {
                try site.watch(["tree", "elsewhere"], includes: includes)
                mirror = Mirror(of: site.path("tree"), includes: includes)
            }
            mirror.apply(site.watcher.drain())
            let differences = mirror.differences(from: Mirror(of: site.path("tree"), includes: includes))
            guard differences.isEmpty else {
                Issue.record("seed \(seed), step \(step): \(differences)\n\(vandal.history.suffix(30))")
                return
            }
        }
    }

    @Test(arguments: 1...Self.seeds / 3) func `and so it does when the tree changes while it is drained`(
        seed: UInt64
    ) throws {
        let site = try Site()
        try site.run("mkdir tree out")
        try site.watch(["tree"])
        var mirror = Mirror(of: site.path("tree"))
        let vandals = (0..<2).map { index in
            let folder = site.folder
            let thread = Thread {
                var vandal = Vandal(folder: folder, seed: seed * 10 + UInt64(index), deeds: Vandal.Deed.unmapped)
                for _ in 0..<1_500 { vandal.act() }
            }
            thread.start()
            return thread
        }
        while !vandals.allSatisfy(\.isFinished) { mirror.apply(site.watcher.drain()) }
        mirror.apply(site.watcher.drain())
        let differences = mirror.differences(from: Mirror(of: site.path("tree")))
        #expect(differences.isEmpty, "seed \(seed): \(differences)")
        #expect(site.drain() == [])
        #expect(site.watcher.failure == nil)
        // Whatever is wrong with a watch that was set in the turmoil shows now.
        for path in mirror.entries.keys where mirror.entries[path]?.isDirectory == true {
            symlink("nowhere", site.path("tree/" + path) + "/later")
        }
        mirror.apply(site.watcher.drain())
        let later = mirror.differences(from: Mirror(of: site.path("tree")))
        #expect(later.isEmpty, "seed \(seed), later: \(later)")
    }

    @Test func `an overflowed queue is told, and what came meanwhile is watched`() throws {
        let site = try Site(readsEagerly: false)
        try site.run("mkdir -p tree/old/sub; echo x > tree/old/x")
        try site.watch(["tree"])
        let limit = try #require(
            Int(try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8).dropLast())
        )
        let file = site.path("tree/f")
        // Each round queues three events.
        for _ in 0...limit / 3 {
            close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0o644))
            unlink(file)
        }
        try site.run("mkdir -p tree/new/deep; echo y > tree/new/deep/y; mv tree/old tree/older; rm tree/older/x")
        #expect(site.drain().first == "rescan")
        #expect(site.drain() == [])
        try site.run("echo more >> tree/new/deep/y; echo z > tree/older/sub/z")
        #expect(site.drain() == ["tree/new/deep/y", "tree/older/sub/z"])
    }

    @Test func `a reader keeps the queue from overflowing`() throws {
        let site = try Site(tree: "true")
        let folder = site.path("tree")
        for index in 0..<8_000 {
            close(open("\(folder)/\(index % 100)", O_CREAT | O_WRONLY | O_CLOEXEC, 0o644))
            unlink("\(folder)/\(index % 100)")
        }
        let batch = site.watcher.drain()
        #expect(!batch.mustRescan)
        #expect(batch.changes.count == 200)
    }
}
