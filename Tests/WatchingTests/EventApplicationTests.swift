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

    // MARK: Stories

    struct Story: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var before = "true"
        var script: String

        init(_ name: String, before: String = "true", _ script: String) {
            (testDescription, self.before, self.script) = (name, before, script)
        }
    }

    private static let nested = "mkdir -p one/two/three; echo 1 > one/1; echo 3 > one/two/three/3"

    static let stories = [
        Story("a folder and files in it", "mkdir -p one/two; touch one/f one/two/f; echo x > one/two/f"),
        Story("a renamed folder is edited at its new place", before: nested, "mv one uno; echo 2 > uno/two/three/3"),
        Story(
            "a name that begins like another folder's",
            before: nested + "; mkdir one-other; echo o > one-other/o",
            "mv one uno; echo x > one-other/o; echo y > uno/two/y; mv one-other one; echo z > one/o"
        ),
        Story("into another folder", before: nested + "; mkdir b", "mv one/two b/dos; echo x > b/dos/three/x"),
        Story("nested, renamed twice", before: nested, "mv one/two one/dos; mv one uno; echo x > uno/dos/three/3"),
        Story("renamed, and its child too", before: nested, "mv one uno; mv uno/two uno/dos; echo x > uno/dos/three/x"),
        Story("from outside over a file", before: "echo x > a", "echo new > ../t; mv ../t a"),
        Story(
            "from outside over an empty folder",
            before: "mkdir a",
            "mkdir -p ../t/u; echo x > ../t/u/x; mv -T ../t a"
        ),
        Story("removed with all in it", before: nested, "rm -rf one"),
        Story("removed and made again", before: nested, "rm -rf one; mkdir -p one/two; echo x > one/two/x"),
        Story("removed and made again as a file", before: nested, "rm -rf one; echo x > one"),
        Story("a link that leads round", "ln -s . cycle; mkdir a; ln -s ../a a/a; echo x > a/x"),
        Story("a link is written through", before: "echo x > a; ln -s a l", "echo new > l; rm l; ln -s b l"),
        Story("a folder gives way to a link to it", before: nested, "mv one uno; ln -s uno one; echo x > one/two/x"),
        Story("and back", before: nested + "; mv one uno; ln -s uno one", "rm one; mv uno one; echo x > one/x"),
        Story("unlinked while it is open", before: "echo x > a", "exec 3>> a; rm a; echo y >&3; echo z > a"),
        Story("only its mode", before: "echo x > a; mkdir d", "chmod 700 a d"),
        Story("truncated", before: "echo long > a", ": > a"),
        Story(
            "names change places",
            before: "mkdir d1 d2; echo 1 > d1/f; echo 2 > d2/f",
            "mv d1 t; mv d2 d1; mv t d2; echo 3 > d1/f"
        ),
        Story(
            "and again, one within the other",
            before: "mkdir -p d1/x d2/y; echo 1 > d1/x/f",
            "mv d1 d2/d1; mv d2/d1/x d1; mv d2 d1/d2; echo 2 > d1/f; echo 3 > d1/d2/y/f; rmdir d1/d2/d1"
        ),
        Story("moved file by file", before: nested, "cp -r one uno; rm -r one; echo x > uno/two/x"),
        Story(
            "moved away and another in its place",
            before: nested,
            "mv one ../gone; mkdir -p one/two; echo x > one/two/3"
        ),
        Story("two deep at once", "mkdir foo; echo x > foo/x; mkdir foo/bar; echo y > foo/bar/y; rm foo/x"),
        Story("two deep removed", before: "mkdir -p foo/bar; echo y > foo/bar/y", "rm -r foo/bar; rm -r foo"),
        Story("closed to others and opened", before: nested, "chmod 0 one/two; chmod 755 one/two; echo x > one/two/x"),
        Story(
            "formatted by a temporary file in another folder",
            before: "mkdir a .tmp; echo x > a/x",
            "echo new > .tmp/x; mv .tmp/x a/x; rmdir .tmp"
        ),
        Story(
            "checked out",
            before: nested,
            "rm one/1 one/two/three/3; rmdir one/two/three one/two one; mkdir -p one/two; echo 9 > one/two/three"
        ),
    ]

    @Test(arguments: stories, [true, false]) func `whatever happens, the changes lead to the true tree`(
        story: Story,
        readsEagerly: Bool
    ) throws {
        let site = try Site(readsEagerly: readsEagerly)
        try site.run("mkdir tree; cd tree; " + story.before)
        try site.watch(["tree"])
        var mirror = Mirror(of: site.path("tree"))
        try site.run("cd tree; " + story.script)
        let batch = site.watcher.drain()
        #expect(!batch.mustRescan && !batch.changes.isEmpty)
        mirror.apply(batch)
        let now = Mirror(of: site.path("tree"))
        #expect(mirror.differences(from: now) == [])
        for (path, entry) in now.entries where entry.isDirectory { try site.link("x", at: "tree/\(path)/later") }
        mirror.apply(site.watcher.drain())
        #expect(mirror.differences(from: Mirror(of: site.path("tree"))) == [])
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
