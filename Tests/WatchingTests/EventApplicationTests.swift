import Foundation
import Glibc
import Testing
import Watching

/// What people and programs do to files, and what the watcher makes of it.
@Suite struct EventApplicationTests {
    // MARK: Saves

    struct Save: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Changes `a` in the current folder, as the editor does.
        var script: String
        var tool = "sh"

        var isPossible: Bool {
            ["/usr/bin/", "/bin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + tool) }
        }
    }

    static let saves = [
        Save(testDescription: "in place", script: "echo new > a"),
        Save(testDescription: "append", script: "echo new >> a"),
        Save(
            testDescription: "truncate, then write, twice (VS Code)",
            script: ": > a; echo ne > a; : > a; echo new > a"
        ),
        Save(testDescription: "a temporary file, renamed (sed -i)", script: "sed -i s/old/new/ a", tool: "sed"),
        Save(testDescription: "a temporary file elsewhere, renamed", script: "echo new > ../t; mv ../t a"),
        Save(
            testDescription: "the old one renamed first (vim with backup)",
            script: "mv a a~; echo new > a; chmod 644 a; rm a~"
        ),
        Save(
            testDescription: "a swap file (vim)",
            script: ": > .a.swp; : > .a.swx; rm .a.swx .a.swp; : > .a.swp; echo new > a; chmod 644 a; rm .a.swp"
        ),
        Save(
            testDescription: "both renamed (JetBrains)",
            script: "echo new > a___jb_tmp___; mv a a___jb_old___; mv a___jb_tmp___ a; rm a___jb_old___"
        ),
        Save(testDescription: "a lock that is a link (emacs)", script: "ln -s me@host:1 .#a; echo new > a; rm .#a"),
        Save(testDescription: "removed and made again (git)", script: "rm a; echo new > a"),
        Save(testDescription: "a hard link put in its place", script: "echo new > ../t; ln -f ../t a; rm ../t"),
        Save(
            testDescription: "vim itself",
            script: "vim -es -N -u NONE -c 's/old/new/' -c wq a </dev/null",
            tool: "vim"
        ),
    ]

    @Test(arguments: saves.filter(\.isPossible)) func `a saved file is a change, and nothing else stays`(
        save: Save
    ) throws {
        let site = try Site(tree: "echo old > a; echo other > b")
        var mirror = Mirror(of: site.path("tree"))
        try site.run("cd tree; " + save.script)
        let batch = site.watcher.drain()
        #expect(site.describe(batch).last { $0.hasSuffix("tree/a") } == "tree/a")
        #expect(!site.describe(batch).contains("tree/b"))
        mirror.apply(batch)
        #expect(mirror == Mirror(of: site.path("tree")))
        #expect(Set(mirror.entries.keys) == ["", "a", "b"])
        #expect(site.drain() == [])
    }

    @Test func `a write through a map is seen when the map goes, though the file was closed before`() throws {
        let site = try Site(tree: "echo old > a")
        #expect(SystemCall.writeThroughMap(site.path("tree/a"), 65))
        #expect(site.drain() == ["tree/a"])
    }

    @Test(arguments: ["chmod +x a", "touch a", "ln -sfn b a", "mkfifo f; mv f a"])
    func `what is no content is a change as well`(script: String) throws {
        let site = try Site(tree: "echo old > a")
        try site.run("cd tree; " + script)
        #expect(site.drain().last == "tree/a")
    }

    @Test(arguments: ["cat a", "ls -R .", "stat a d/x"]) func `reading changes nothing`(script: String) throws {
        let site = try Site(tree: "echo old > a; mkdir d; echo x > d/x")
        try site.run("cd tree; \(script) > /dev/null")
        #expect(site.drain() == [])
    }

    // MARK: Removal

    @Test func `a removed tree is gone from the kernel too`() throws {
        let site = try Site(tree: "true")
        let count = site.watcher.watchCount
        try site.run("mkdir -p tree/a/b/c/d tree/a/e")
        _ = site.drain()
        #expect(site.watcher.watchCount == count + 5)
        try site.run("rm -rf tree/a")
        #expect(site.drain().last == "-tree/a")
        #expect(site.watcher.watchCount == count)
    }

    @Test func `removed and made again: the removal comes before what is there now`() throws {
        let site = try Site(tree: "mkdir -p a/b; echo x > a/b/x")
        try site.run("mv tree/a gone; mkdir tree/a; echo y > tree/a/y")
        let changes = site.drain()
        let removal = try #require(changes.firstIndex(of: "-tree/a"))
        #expect(Set(changes[(removal + 1)...]) == ["tree/a", "tree/a/y"])
        try site.write("new", to: "tree/a/y")
        #expect(Set(site.drain()) == ["tree/a/y"])
    }

    @Test(arguments: ["rm -rf a; echo file > a", "rm f; mkdir f; echo x > f/x", "rm -rf a; ln -s b a", "mv -T b a"])
    func `a path that changes its kind`(script: String) throws {
        let site = try Site(tree: "mkdir -p a b/sub; echo f > f; echo s > b/sub/s")
        var mirror = Mirror(of: site.path("tree"))
        try site.run("cd tree; " + script)
        mirror.apply(site.watcher.drain())
        #expect(mirror == Mirror(of: site.path("tree")))
    }
}
