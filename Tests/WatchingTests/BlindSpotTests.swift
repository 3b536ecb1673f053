import Foundation
import Glibc
import Testing

@testable import Watching

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

    @Test func `what no watch is left for is polled, and watched once there is one`() throws {
        let site = try Site()
        try site.run("mkdir -p tree/a/b/c tree/d; echo c > tree/a/b/c/c; echo d > tree/d/d")
        let above = RawPath(site.folder.utf8).components.count + 1
        var model = WatchModel(intake: try EventIntake {}, limit: above + 2)
        let scope = WatchScope(roots: [site.path("tree")])
        #expect { try model.watch(scope) } throws: { error in
            guard case WatchError.watchLimit(_, let needed) = error else { return false }
            return needed == above + 5
        }
        var mirror = Mirror(of: site.path("tree"))
        #expect(model.polled.count == (model.polled.contains(RawPath(site.path("tree/d").utf8)) ? 2 : 1))
        #expect(model.blindSpots.allSatisfy { $0.reason == .limit })
        try site.run("cd tree; echo new > a/b/c/c; mkdir a/b/c/e; echo e > a/b/c/e/e; rm d/d; echo f > d/f; mkdir g")
        let batch = model.drain()
        #expect(!batch.mustRescan)
        mirror.apply(batch)
        #expect(mirror.differences(from: Mirror(of: site.path("tree"))) == [])
        try site.run("rm -r tree/a tree/g")
        for _ in 1...3 { mirror.apply(model.drain()) }
        #expect(model.polled == [] && model.failure == nil)
        try site.run("echo newer > tree/d/f")
        #expect(site.describe(model.drain()) == ["tree/d/f"])
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
