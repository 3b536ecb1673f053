import Foundation
import Glibc
import Testing
import Watching

/// Renamed directories: what is told of them, and what is seen in them afterwards.
@Suite struct DirectoryMoveTests {
    @Test func `a renamed directory is a removal, and one change for all that is at the new path`() throws {
        let site = try Site(tree: "mkdir -p a/b; echo x > a/b/x; echo y > a/y")
        let count = site.watcher.watchCount
        try site.run("mv tree/a tree/c")
        #expect(site.drainWholes() == ["-tree/a", "tree/c/**"])
        #expect(site.watcher.watchCount == count)
        try site.run("echo new > tree/c/b/x; mkdir tree/c/d")
        #expect(Set(site.drain()) == ["tree/c/b/x", "tree/c/d"])
    }

    @Test func `what happens below a renamed directory before it is drained is told at the new path`() throws {
        let site = try Site(readsEagerly: false)
        try site.run("mkdir -p tree/a/b; echo x > tree/a/b/x")
        try site.watch(["tree"])
        _ = site.drain()
        try site.run("mv tree/a tree/c; echo new > tree/c/b/x; mkdir -p tree/c/d/e; echo e > tree/c/d/e/e")
        let changes = site.drainWholes()
        #expect(Set(changes) == ["-tree/a", "tree/c/**", "tree/c/b/x", "tree/c/d/**", "tree/c/d/e", "tree/c/d/e/e"])
        try site.run("echo newer > tree/c/d/e/e")
        #expect(site.drain() == ["tree/c/d/e/e"])
    }

    @Test func `a directory keeps its watches however long the chain of its moves`() throws {
        let site = try Site(readsEagerly: false)
        try site.run("mkdir -p tree/0/sub tree/other; echo x > tree/0/sub/x")
        try site.watch(["tree"])
        _ = site.drain()
        let count = site.watcher.watchCount
        var mirror = Mirror(of: site.path("tree"))
        try site.run("cd tree; for i in 1 2 3 4 5 6 7; do mv $((i - 1)) $i; done; mv 7 other/8; mv other a; mkdir 0")
        let batch = site.watcher.drain()
        #expect(!Set(site.describe(batch, whole: "/**")).isDisjoint(with: ["tree/a/8/**", "tree/a/**"]))
        mirror.apply(batch)
        #expect(mirror == Mirror(of: site.path("tree")))
        #expect(site.watcher.watchCount == count + 1)
        try site.run("echo new > tree/a/8/sub/x")
        #expect(site.drain() == ["tree/a/8/sub/x"])
    }

    // MARK: Other rules at the new place

    @Test func `directories that are pruned at the new path lose their watches`() throws {
        let site = try Site()
        try site.run("mkdir -p tree/a/tmp/x tree/a/src/y")
        try site.watch(["tree"]) { !$0.hasSuffix("/b/tmp") }
        _ = site.drain()
        let count = site.watcher.watchCount
        try site.run("mv tree/a tree/b")
        #expect(site.drainWholes() == ["-tree/a", "tree/b/**"])
        #expect(site.watcher.watchCount == count - 2)
        try site.run("echo x > tree/b/tmp/f; echo y > tree/b/src/y/f")
        #expect(site.drain() == ["tree/b/src/y/f"])
        try site.run("mv tree/b tree/c; echo x > tree/c/tmp/x/f")
        _ = site.drain()
        try site.run("echo x > tree/c/tmp/x/f; echo y > tree/c/src/y/f")
        #expect(Set(site.drain()) == ["tree/c/tmp/x/f", "tree/c/src/y/f"])
        #expect(site.watcher.watchCount == count)
    }

    @Test func `directories that were pruned at the old path are watched at the new one`() throws {
        let site = try Site()
        try site.run("mkdir -p tree/a/tmp/x tree/a/src; echo x > tree/a/tmp/x/x")
        try site.watch(["tree"]) { !$0.hasSuffix("/a/tmp") }
        try site.run("mv tree/a tree/b")
        #expect(Set(site.drain()).isSuperset(of: ["-tree/a", "tree/b/tmp/x", "tree/b/tmp/x/x"]))
        try site.run("echo new > tree/b/tmp/x/x")
        #expect(site.drain() == ["tree/b/tmp/x/x"])
    }

    @Test func `a directory that may hold nothing at its new path is seen there, and not watched`() throws {
        let site = try Site()
        try site.run("mkdir -p tree/a/b")
        try site.watch(["tree"]) { !$0.hasSuffix("/node_modules") }
        let count = site.watcher.watchCount
        try site.run("mv tree/a tree/node_modules; echo x > tree/node_modules/b/x")
        #expect(Set(site.drain()).subtracting(["tree/a/b/x"]) == ["-tree/a", "tree/node_modules"])
        #expect(site.watcher.watchCount == count - 2)
    }

    @Test(arguments: ["mv tree/a tree/b", "mv tree/b tree/a/sub/b", "mv tree/a/sub tree/s; mv tree/a tree/b/a"])
    func `roots below either place are seen where they are named`(script: String) throws {
        let site = try Site()
        try site.run("mkdir -p tree/a/sub/root tree/b/sub; echo x > tree/a/sub/root/x; echo y > tree/b/sub/y")
        let roots = ["tree", "tree/a/sub/root", "tree/b/sub/root"]
        try site.watch(roots) { !$0.hasSuffix("/sub") }
        let isSeen: @Sendable (String) -> Bool = { path in
            !path.hasSuffix("/sub") || roots.contains { path.hasSuffix("/" + $0) }
        }
        var mirror = Mirror(of: site.path("tree"), includes: isSeen)
        try site.run(script)
        mirror.apply(site.watcher.drain())
        #expect(mirror.differences(from: Mirror(of: site.path("tree"), includes: isSeen)) == [])
        try site.run("mkdir -p tree/a/sub/root; echo new > tree/a/sub/root/x")
        #expect(site.drain().contains("tree/a/sub/root/x"))
    }

    // MARK: Twice, deeper, exchanged

    @Test func `a directory that was renamed twice is seen under its last name only`() throws {
        let site = try Site(tree: "mkdir -p a/b; echo x > a/b/x")
        let count = site.watcher.watchCount
        try site.run("mv tree/a tree/c; mv tree/c tree/d")
        #expect(site.drainWholes().contains("tree/d/**"))
        try site.write("new", to: "tree/d/b/x")
        #expect(site.drain().contains("tree/d/b/x"))
        try site.run("mv tree/d tree/e; echo newer > tree/e/b/x; mv tree/e tree/a; echo newest > tree/a/b/x")
        #expect(site.drain().contains("tree/a/b/x"))
        try site.write("last", to: "tree/a/b/x")
        #expect(site.drain() == ["tree/a/b/x"])
        #expect(site.watcher.watchCount == count)
    }

    @Test func `a directory that moves deeper and its new parent's rename are followed`() throws {
        let site = try Site(tree: "mkdir -p a b; echo x > a/x")
        var mirror = Mirror(of: site.path("tree"))
        try site.run("cd tree; mv a b/a; mv b c; mkdir a; mv c a/c")
        mirror.apply(site.watcher.drain())
        #expect(mirror == Mirror(of: site.path("tree")))
        try site.write("new", to: "tree/a/c/a/x")
        #expect(site.drain().contains("tree/a/c/a/x"))
    }

    @Test(arguments: [("a", "b"), ("a", "f"), ("f", "a"), ("f", "g"), ("a", "b/c"), ("b/c", "f")])
    func `exchanged paths are both seen`(pair: (String, String)) throws {
        let site = try Site(tree: "mkdir -p a/sub b/c; echo 1 > a/sub/1; echo 2 > b/c/2; echo 3 > f; echo 4 > g")
        var mirror = Mirror(of: site.path("tree"))
        try #require(SystemCall.exchange(site.path("tree/" + pair.0), site.path("tree/" + pair.1)))
        mirror.apply(site.watcher.drain())
        #expect(mirror == Mirror(of: site.path("tree")))
        try site.run("find tree -type f -exec sh -c 'echo more >> \"$1\"' - {} \\;")
        mirror.apply(site.watcher.drain())
        #expect(mirror == Mirror(of: site.path("tree")))
    }

    @Test func `a directory that is moved out is a removal, and no longer watched`() throws {
        let site = try Site(tree: "mkdir -p a/b/c; echo x > a/b/x")
        let count = site.watcher.watchCount
        try site.run("mv tree/a away")
        #expect(site.drain() == ["-tree/a"])
        #expect(site.watcher.watchCount == count - 3)
        #expect(try site.kernelWatches("away/b") == 0)
        try site.run("echo new > away/b/x; mkdir away/d")
        #expect(site.drain() == [])
    }

    @Test func `a directory that is moved in is seen with all that it holds`() throws {
        let site = try Site(tree: "true")
        try site.run("mkdir -p away/b; echo x > away/b/x; mv away tree/a")
        #expect(Set(site.drain()) == ["tree/a", "tree/a/b", "tree/a/b/x"])
        try site.write("new", to: "tree/a/b/x")
        #expect(Set(site.drain()) == ["tree/a/b/x"])
    }

    @Test func `out and in again, within one batch or over two`() throws {
        let site = try Site(tree: "mkdir -p a/b; echo x > a/b/x")
        var mirror = Mirror(of: site.path("tree"))
        try site.run("mv tree/a away; echo new > away/b/x; mv away tree/a")
        mirror.apply(site.watcher.drain())
        #expect(mirror == Mirror(of: site.path("tree")))
        try site.run("mv tree/a away")
        mirror.apply(site.watcher.drain())
        try site.run("echo newer > away/b/x; mv away tree/a")
        mirror.apply(site.watcher.drain())
        #expect(mirror == Mirror(of: site.path("tree")))
    }
}
