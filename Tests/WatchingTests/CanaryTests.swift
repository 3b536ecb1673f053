import Foundation
import Glibc
import Testing

@testable import Watching

@Suite struct CanaryTests {
    @Test func `a directory that tells its changes does so, keeps its mode, and wakes nobody`() throws {
        let site = try Site(tree: "mkdir a; chmod 1750 a")
        #expect(Canary.isTold(RawPath(site.path("tree/a").utf8)))
        var status = stat()
        #expect(stat(site.path("tree/a"), &status) == 0 && status.st_mode & 0o7777 == 0o1750)
        #expect(site.drain() == ["tree/a"])
        try site.watch(["tree", "tree/a"])
        #expect(site.drain() == [])
    }

    @Test(arguments: ["missing", "file"]) func `where nothing can be learned, nothing is said`(name: String) throws {
        let site = try Site()
        try site.run("echo x > file")
        #expect(Canary.isTold(RawPath(site.path(name).utf8)))
    }

    @Test func `a file system that tells nothing is polled, once it is in the scope`() throws {
        let site = try Site()
        try site.run("mkdir tree")
        var model = WatchModel(intake: try EventIntake {}, isTold: { _ in false })
        #expect(model.drain().changes == [])
        try model.watch(WatchScope(roots: [site.path("tree")]))
        #expect(model.polled == [RawPath(site.path("tree").utf8)])
        guard case .silent = try #require(model.blindSpots.first).reason else {
            Issue.record("another reason")
            return
        }
        let change = try #require(model.drain().changes.last)
        #expect(change.path == site.path("tree") && change.isRecursive && change.isDirectory)
        try model.watch(WatchScope(roots: []))
        #expect(model.polled == [])
    }
}
