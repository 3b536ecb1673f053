import Foundation
import Glibc
import Testing
import Watching

/// What cannot be seen is named, and told in every batch.
@Suite struct BlindSpotTests {
    /// The kernel's values change without an event.
    private static let silent = "/proc/sys/fs/inotify"

    @Test(.enabled(if: FileManager.default.fileExists(atPath: silent), "there is no /proc"))
    func `a directory on a silent file system is told by every drain`() throws {
        let site = try Site(tree: "mkdir a")
        try site.watcher.watch(WatchScope(roots: [Self.silent, Self.silent + "/max_user_watches", site.path("tree")]))
        #expect(site.watcher.polled == [Self.silent])
        #expect(
            site.watcher.blindSpots.contains(BlindSpot(path: Self.silent, reason: .silent(kind: "proc")))
        )
        #expect(site.watcher.failure == nil)
        for _ in 1...3 {
            let batch = site.watcher.drain()
            #expect(!batch.mustRescan)
            #expect(site.describe(batch, whole: "/**") == [Self.silent + "/**"])
            #expect(batch.changes.allSatisfy { $0.isDirectory })
        }
        try site.watch(["tree"])
        #expect(site.watcher.polled == [])
        #expect(site.drain() == [])
    }

    @Test func `an unreadable directory is named, and not polled`() throws {
        let site = try Site()
        try site.run("mkdir -p tree/secret/deep; chmod 0 tree/secret")
        defer { chmod(site.path("tree/secret"), 0o755) }
        chmod(site.folder, 0o755)
        try SystemCall.asNobody { try site.watch(["tree"]) }
        #expect(site.watcher.blindSpots == [BlindSpot(path: site.path("tree/secret"), reason: .unreadable)])
        #expect(site.watcher.polled == [])
    }
}
