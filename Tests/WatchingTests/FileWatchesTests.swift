import Foundation
import Glibc
import Testing
import Watching

/// Files that have other names, outside of what is watched.
@Suite struct FileWatchesTests {
    /// `tree/a` is `out` as well; both are seen.
    private func site() throws -> Site {
        let site = try Site(tree: "echo x > ../out; ln ../out a; echo b > b; mkdir d; ln ../out d/a")
        site.watcher.watchFiles([site.path("tree/a"), site.path("tree/d/a")])
        #expect(Set(site.drain()) == ["tree/a", "tree/d/a"])
        return site
    }

    @Test(arguments: [
        "echo new > out", "echo more >> out", "chmod +x out", "ln out out2; echo more >> out2", "touch out",
    ])
    func `what is done through another name is a change of each path`(script: String) throws {
        let site = try site()
        try site.run(script)
        #expect(Set(site.drain()) == ["tree/a", "tree/d/a"])
        #expect(site.drain() == [])
    }

    @Test func `a write through a map of another name is seen when the map goes`() throws {
        let site = try site()
        #expect(SystemCall.writeThroughMap(site.path("out"), 65))
        #expect(Set(site.drain()) == ["tree/a", "tree/d/a"])
    }

    static let replacements = [
        "ln ../new x; mv x a", "rm a; ln ../new a", "ln -f ../new a", "rm a; mkdir a; rmdir a; ln ../new a",
        "mv a old; ln ../new a", "ln -sf b a; ln -f ../new a",
    ]

    @Test(arguments: replacements, [true, false])
    func `the file that takes the place of another is watched`(script: String, isInSteps: Bool) throws {
        let site = try site()
        try site.run("echo new > new")
        for step in isInSteps ? script.split(separator: ";").map(String.init) : [script] {
            try site.run("cd tree; " + step)
            #expect(site.drain().contains { $0.hasSuffix("tree/a") || $0 == "tree/x" })
        }
        try site.run("echo more >> new")
        #expect(site.drain() == ["tree/a"])
        try site.run("echo more >> out")
        #expect(site.drain() == ["tree/d/a"])
    }

    @Test(arguments: [
        "mv d e; mkdir d; ln ../new d/a", "rm -r d; mkdir -p d; ln ../new d/a",
        "mkdir n; ln ../new n/a; mv d e; mv n d",
    ])
    func `and so it is when its directory is replaced`(script: String) throws {
        let site = try site()
        try site.run("echo new > new; cd tree; " + script)
        _ = site.drain()
        try site.run("echo more >> new")
        #expect(site.drain() == ["tree/d/a"])
    }

    @Test func `what is wanted no more loses its watch, and what stays keeps it`() throws {
        let site = try site()
        site.watcher.watchFiles([site.path("tree/a")])
        #expect(site.drain() == [])
        try site.run("echo more >> out")
        #expect(site.drain() == ["tree/a"])
        #expect(try site.kernelWatches("out") == 1)
        site.watcher.watchFiles([])
        #expect(try site.kernelWatches("out") == 0)
        try site.run("echo more >> out; echo more >> tree/b")
        #expect(site.drain() == ["tree/b"])
    }

    @Test(arguments: ["missing", "tree/d", "tree/link", "tree/d/missing"])
    func `what is no file is left to its directory`(path: String) throws {
        let site = try site()
        try site.link("../out", at: "tree/link")
        _ = site.drain()
        site.watcher.watchFiles([site.path(path)])
        #expect(site.drain() == [path])
        try site.run("echo more >> out; chmod 755 tree/d")
        #expect(site.drain() == ["tree/d"])
        try site.run("echo y > tree/d/y")
        #expect(site.drain() == ["tree/d/y"])
    }
}
