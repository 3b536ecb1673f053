import Foundation
import Glibc
import Testing
import Watching

/// Roots: missing, replaced, files, links, one within another.
@Suite struct ScopeEntryTests {
    // MARK: Missing and replaced roots

    @Test(arguments: ["a", "a/b", "a/b/c/d"]) func `a missing root is seen when it comes, and again`(
        root: String
    ) throws {
        let site = try Site()
        try site.watch([root])
        #expect(site.drain() == [])
        for _ in 1...2 {
            try site.run("mkdir -p \(root); echo x > \(root)/x")
            #expect(Set(site.drain()).isSuperset(of: [root, root + "/x"]))
            try site.write("new", to: root + "/x")
            #expect(Set(site.drain()) == [root + "/x"])
            try site.run("rm -r a")
            #expect(site.drain().last == "-" + root)
        }
    }

    @Test func `a missing root that comes step by step`() throws {
        let site = try Site()
        try site.watch(["a/b/c"])
        for step in ["mkdir a", "mkdir a/b", "echo x > a/b/other"] {
            try site.run(step)
            #expect(site.drain() == [])
        }
        try site.run("mkdir a/b/c")
        #expect(site.drain() == ["a/b/c"])
        try site.run("echo x > a/b/c/x")
        #expect(Set(site.drain()) == ["a/b/c/x"])
    }

    static let replacements = [
        "rm -r p/root; mkdir p/root; echo new > p/root/x",
        "mv p/root p/old; mkdir p/root; echo new > p/root/x",
        "cp -r p/root p/new; echo new > p/new/x; mv p/root p/old; mv p/new p/root",
        "mv p q; mkdir -p p/root; echo new > p/root/x",
        "mv p q; mkdir p; mv q/root p/root; echo new > p/root/x",
        "mv p q; mv q p; echo new > p/root/x",
        "mv p/root r; mv r p/root; echo new > p/root/x",
    ]

    @Test(arguments: replacements) func `a root that is replaced is seen anew`(script: String) throws {
        let site = try Site()
        try site.run("mkdir -p p/root/sub; echo x > p/root/x; echo s > p/root/sub/s")
        try site.watch(["p/root"])
        var mirror = Mirror(of: site.path("p/root"))
        try site.run(script)
        mirror.apply(site.watcher.drain())
        #expect(mirror.differences(from: Mirror(of: site.path("p/root"))) == [])
        try site.write("newer", to: "p/root/x")
        #expect(Set(site.drain()) == ["p/root/x"])
    }

    @Test func `a directory above the root that goes away takes the root with it`() throws {
        let site = try Site()
        try site.run("mkdir -p p/q/root; echo x > p/q/root/x")
        try site.watch(["p/q/root"])
        try site.run("mv p elsewhere")
        #expect(site.drain() == ["-p/q/root"])
        try site.run("echo y > elsewhere/q/root/y")
        #expect(site.drain() == [])
        try site.run("mv elsewhere p")
        #expect(Set(site.drain()) == ["p/q/root", "p/q/root/x", "p/q/root/y"])
    }

    // MARK: Files

    @Test func `a root that is a file is seen without its siblings`() throws {
        let site = try Site()
        try site.run("echo x > file; echo s > sibling; mkdir dir")
        try site.watch(["file"])
        try site.run("echo more >> sibling; echo z > z; echo d > dir/d; mkdir e")
        #expect(site.drain() == [])
        try site.run("echo more >> file")
        #expect(site.drain() == ["file"])
        try site.run("echo new > sibling; mv sibling file")
        #expect(site.drain() == ["file"])
        try site.run("echo newer > file")
        #expect(site.drain() == ["file"])
        try site.run("rm file")
        #expect(site.drain() == ["-file"])
        try site.run("echo again > file")
        #expect(site.drain() == ["file"])
        #expect(SystemCall.writeThroughMap(site.path("file"), 65))
        #expect(site.drain() == ["file"])
    }

    @Test func `a file root that is missing with its directory`() throws {
        let site = try Site()
        try site.watch(["a/b/file"])
        try site.run("mkdir -p a/b; echo x > a/b/other; echo x > a/b/file")
        #expect(site.drain() == ["a/b/file"])
        try site.run("echo more >> a/b/file; echo more >> a/b/other")
        #expect(site.drain() == ["a/b/file"])
        try site.run("rm -r a/b/file; mkdir a/b/file; echo x > a/b/file/x")
        #expect(site.drain() == ["-a/b/file", "a/b/file", "a/b/file/x"])
    }

    @Test func `a file root within a pruned directory`() throws {
        let site = try Site()
        try site.run("mkdir -p tree/.git/objects; echo ref > tree/.git/HEAD")
        try site.watch(["tree", "tree/.git/HEAD"]) { !$0.hasSuffix("/.git") }
        try site.run("echo o > tree/.git/objects/o; echo i > tree/.git/index")
        #expect(site.drain() == [])
        try site.run("echo new > tree/.git/HEAD.lock; mv tree/.git/HEAD.lock tree/.git/HEAD; echo x > tree/x")
        #expect(Set(site.drain()) == ["tree/.git/HEAD", "tree/x"])
        try site.run("echo more >> tree/.git/HEAD")
        #expect(site.drain() == ["tree/.git/HEAD"])
    }

    // MARK: Links

    @Test func `a root that is a link shows its target's changes under its own path`() throws {
        let site = try Site()
        try site.run("mkdir -p real/sub; echo x > real/x; ln -s real link")
        try site.watch(["link"])
        #expect(site.drain() == [])
        try site.run("echo y > real/sub/y; echo more >> real/x")
        #expect(Set(site.drain()) == ["link/sub/y", "link/x"])
        try site.run("mkdir -p other; echo z > other/z; ln -sfn other link")
        #expect(Set(site.drain()).isSuperset(of: ["-link", "link", "link/z"]))
        try site.run("echo more >> other/z; echo more >> real/x")
        #expect(site.drain() == ["link/z"])
    }

    @Test func `a link's target that is replaced, or comes later`() throws {
        let site = try Site()
        try site.run("ln -s p/real link")
        try site.watch(["link"])
        for _ in 1...2 {
            try site.run("mkdir -p p/real; echo x > p/real/x")
            #expect(Set(site.drain()).isSuperset(of: ["link", "link/x"]))
            try site.run("echo more >> p/real/x")
            #expect(site.drain() == ["link/x"])
            try site.run("mv p/real p/old; mkdir p/real; echo y > p/real/y")
            #expect(Set(site.drain()).isSuperset(of: ["-link", "link", "link/y"]))
            try site.run("mv p gone; echo more >> gone/real/y; rm -r gone")
            #expect(Set(site.drain()).isSuperset(of: ["-link", "link"]))
        }
    }

    @Test func `a link that is gone, or leads elsewhere, leaves no watch behind`() throws {
        let site = try Site()
        try site.run("mkdir -p p/q/real other")
        try site.watch(["link"])
        let count = site.watcher.watchCount
        for next in ["rm link", "ln -sfn other link; rm link", "rm link; mkdir link; rmdir link"] {
            try site.run("ln -s p/q/real link")
            _ = site.drain()
            #expect(site.watcher.watchCount == count + 3)
            try site.run(next)
            #expect(site.drain().contains("-link"))
            #expect(site.watcher.watchCount == count)
        }
        try site.run("ln -s p/q/real link")
        _ = site.drain()
        try site.run("ln -sfn other link")
        _ = site.drain()
        #expect(site.watcher.watchCount == count + 1)
    }

    @Test func `links to links, on the way and at the end`() throws {
        let site = try Site()
        try site.run("mkdir -p v1/app v2/app; echo 1 > v1/app/f; echo 2 > v2/app/f; ln -s v1 current; ln -s current c")
        try site.watch(["c/app"])
        try site.run("echo more >> v1/app/f; echo x > v1/other")
        #expect(site.drain() == ["c/app/f"])
        try site.run("ln -sfn v2 current")
        #expect(Set(site.drain()).isSuperset(of: ["c/app", "c/app/f"]))
        try site.run("echo more >> v2/app/f; echo more >> v1/app/f")
        #expect(site.drain() == ["c/app/f"])
    }

    @Test func `a root that is a link to a file is seen when the file is written`() throws {
        let site = try Site()
        try site.run("mkdir p; echo x > p/file; ln -s p/file link")
        try site.watch(["link"])
        try site.run("echo more >> p/file; echo s > p/sibling")
        #expect(site.drain() == ["link"])
        try site.run("rm p/file")
        #expect(site.drain() == ["link"])
        try site.run("echo x > p/file")
        #expect(site.drain() == ["link"])
    }

    @Test func `a link that leads round in a circle is an entry`() throws {
        let site = try Site()
        try site.run("ln -s a b; ln -s b a; ln -s self self")
        try site.watch(["a/x", "self", "b"])
        #expect(site.drain() == [])
        try site.run("rm a; mkdir a; echo x > a/x")
        let changes = Set(site.drain())
        #expect(changes.isSuperset(of: ["a/x", "b", "b/x"]))
    }

    @Test func `a directory that is reached by two roots is seen under both`() throws {
        let site = try Site()
        try site.run("mkdir -p tree/lib; ln -s tree/lib vendor")
        try site.watch(["tree", "vendor"])
        try site.run("echo x > tree/lib/x")
        #expect(Set(site.drain()) == ["tree/lib/x", "vendor/x"])
        try site.watch(["vendor"])
        try site.run("echo more >> tree/lib/x")
        #expect(site.drain() == ["vendor/x"])
    }

    // MARK: Roots within roots

    @Test func `a root within a root costs nothing, and outlives its pruning`() throws {
        let site = try Site()
        try site.run("mkdir -p tree/build/out/deep tree/src")
        try site.watch(["tree"])
        let whole = site.watcher.watchCount
        try site.watch(["tree", "tree/src", "tree/build/out"])
        #expect(site.watcher.watchCount == whole)
        try site.watch(["tree", "tree/build/out"]) { !$0.hasSuffix("/build") }
        #expect(site.watcher.watchCount == whole)
        try site.run("echo x > tree/build/x; echo y > tree/build/out/deep/y")
        #expect(site.drain() == ["tree/build/out/deep/y"])
        try site.run("rm -r tree/build")
        #expect(site.drain().last == "-tree/build")
        try site.run("mkdir -p tree/build/out; echo z > tree/build/out/z; mkdir tree/build/no")
        #expect(Set(site.drain()) == ["tree/build", "tree/build/out", "tree/build/out/z"])
    }

    @Test func `a root is taken as it is meant, whatever its spelling`() throws {
        let site = try Site()
        try site.run("mkdir -p a/b")
        try site.watch(["./a//c/../b/"])
        try site.run("echo x > a/b/x")
        #expect(site.drain() == ["a/b/x"])
    }
}
