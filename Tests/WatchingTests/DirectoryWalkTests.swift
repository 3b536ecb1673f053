import Foundation
import Glibc
import Testing
import Watching

/// What comes before its directory's watch, and what is not walked into.
@Suite struct DirectoryWalkTests {
    static let scripts = [
        "mkdir -p a/b/c/d; echo x > a/b/c/d/x",
        "mkdir a; echo x > a/x; mkdir a/b; echo x > a/b/x; mkdir a/b/c; echo x > a/b/c/x",
        "cp -r ../source a",
        "cp -r ../source a; mv a/one b; cp -r ../source b/two",
        "for i in 1 2 3 4 5 6 7 8 9; do mkdir -p $i/$i/$i; echo $i > $i/$i/$i/f; done",
        "mkdir a; mkdir a/b; rmdir a/b; rmdir a; mkdir -p a/b/c",
        "mkdir .hidden; echo x > .hidden/x",
        "mkdir 'a b'; echo x > 'a b/ \\'; mkdir $'n\\nl' || true",
    ]

    @Test(arguments: scripts) func `everything in a burst is seen, whatever came before its watch`(
        script: String
    ) throws {
        let site = try Site(tree: "true")
        try site.run("mkdir -p source/one/two/three; echo 1 > source/one/1; echo 3 > source/one/two/three/3")
        var mirror = Mirror(of: site.path("tree"))
        try site.run("cd tree; " + script)
        let batch = site.watcher.drain()
        #expect(!batch.mustRescan)
        mirror.apply(batch)
        let now = Mirror(of: site.path("tree"))
        #expect(mirror.differences(from: now) == [])
        #expect(now.entries.count > 2)
        for path in now.entries.keys where now.entries[path]?.isDirectory == true {
            try site.write("later", to: "tree/\(path)/later")
        }
        mirror.apply(site.watcher.drain())
        #expect(mirror.differences(from: Mirror(of: site.path("tree"))) == [])
    }

    @Test func `a directory that is pruned is seen itself, and gets no watch`() throws {
        let site = try Site()
        try site.run("mkdir -p tree/node_modules/x tree/src")
        try site.watch(["tree"]) { !$0.hasSuffix("/node_modules") }
        let count = site.watcher.watchCount
        try site.run("echo x > tree/node_modules/f; mkdir -p tree/src/node_modules/y; echo s > tree/src/s")
        #expect(Set(site.drain()) == ["tree/src/node_modules", "tree/src/s"])
        try site.run("rm -r tree/node_modules; echo y > tree/src/node_modules/y/y")
        #expect(site.drain() == ["-tree/node_modules"])
        #expect(site.watcher.watchCount == count)
    }

    @Test func `a link to a directory is an entry, and is not followed`() throws {
        let site = try Site(tree: "true")
        let count = site.watcher.watchCount
        try site.run("mkdir -p other/deep; ln -s ../other tree/link; ln -s . tree/cycle; echo x > other/x")
        #expect(Set(site.drain()) == ["tree/link", "tree/cycle"])
        try site.run("echo y > other/deep/y")
        #expect(site.drain() == [])
        #expect(site.watcher.watchCount == count)
    }

    @Test func `a link on the way to a root is followed for that root alone`() throws {
        let site = try Site()
        try site.run("mkdir -p tree other/sub other/side; ln -s ../other tree/link")
        try site.watch(["tree", "tree/link/sub"])
        try site.run("echo x > other/x; echo x > other/side/x; echo x > other/sub/x")
        #expect(site.drain() == ["tree/link/sub/x"])
    }

    @Test func `names that a string holds equal are two directories`() throws {
        let site = try Site(tree: "true")
        let names = ["\u{e9}", "e\u{301}"]
        for name in names { mkdir(site.path("tree/" + name), 0o755) }
        #expect(site.drain().count == 2)
        for name in names {
            try site.write("x", to: "tree/\(name)/x")
            #expect(site.drain().map { Array($0.utf8) } == [Array("tree/\(name)/x".utf8)])
        }
    }

    @Test func `of what has a name that is no text, the folder is told with all that is in it`() throws {
        let site = try Site(tree: "true")
        var name = Array(site.path("tree/a").utf8CString.dropLast()) + [-1, 0]
        mkdir(name, 0o755)
        _ = site.drain()
        name.insert(contentsOf: "/x".utf8CString.dropLast(), at: name.count - 1)
        mkdir(name, 0o755)
        try site.write("b", to: "tree/b")
        #expect(Set(site.drain()) == ["tree", "tree/b"])
    }

    @Test func `an unreadable directory is named, and seen again when it can be read`() throws {
        let site = try Site()
        try site.run("mkdir -p tree/secret tree/open; echo x > tree/secret/x; chmod 0 tree/secret")
        defer { chmod(site.path("tree/secret"), 0o755) }
        chmod(site.folder, 0o755)
        try SystemCall.asNobody { try site.watch(["tree"]) }
        #expect(site.watcher.unreadable == [site.path("tree/secret")])
        #expect(site.watcher.failure == nil)
        try site.write("x", to: "tree/open/x")
        #expect(site.drain().contains("tree/open/x"))
        chmod(site.path("tree/secret"), 0o755)
        #expect(Set(site.drain()) == ["tree/secret", "tree/secret/x"])
        #expect(site.watcher.unreadable == [])
        try site.write("y", to: "tree/secret/y")
        #expect(site.drain() == ["tree/secret/y"])
    }

    @Test func `a root that goes away is missed even where its parent tells nothing`() throws {
        let site = try Site()
        try site.run("mkdir -p p/root; chmod 711 p")
        chmod(site.folder, 0o755)
        try SystemCall.asNobody { try site.watch(["p/root"]) }
        #expect(site.watcher.unreadable == (geteuid() == 0 ? [site.path("p")] : []))
        try site.run("rmdir p/root")
        #expect(site.drain() == ["-p/root"])
    }

    @Test func `a deep and a wide tree are watched as a whole`() throws {
        let site = try Site()
        let deep = (0..<100).map { "d\($0)" }.joined(separator: "/")
        try site.run("mkdir -p tree/\(deep) tree/wide; cd tree/wide; mkdir $(seq 1 2000)")
        try site.watch(["tree"])
        #expect(site.watcher.watchCount > 2100)
        try site.write("x", to: "tree/\(deep)/x")
        try site.write("x", to: "tree/wide/1999/x")
        #expect(Set(site.drain()) == ["tree/\(deep)/x", "tree/wide/1999/x"])
    }
}
