import Foundation
import Project
import Testing

@testable import Inputs

/// The tree that all of these read: `real` and `shared` hold files, the rest are links.
@Suite struct LinkedSourcesTests {
    private func opened() throws -> TemporaryTree {
        let tree = try TemporaryTree([
            "real/a.c": "a", "real/b.h": "b", "shared/lib/c.c": "c", "shared/notes.txt": "n", "src/own.c": "o",
        ])
        try tree.link("src/one.c", to: "../real/a.c")
        try tree.link("src/lib", to: "../shared/lib")
        try tree.link("current", to: "real")
        try tree.link("latest.txt", to: "shared/notes.txt")
        try tree.link("outside", to: "/etc/hostname")
        try tree.link("dangling.txt", to: "later.txt")
        return tree
    }

    // MARK: Images

    @Test(arguments: [
        ("COPY real /x", []), ("COPY src /x", []), ("COPY . /x", []), ("COPY current /x", ["current", "real"]),
        ("COPY current/a.c /x", ["current", "real/a.c"]), ("COPY latest.txt /x", ["latest.txt", "shared/notes.txt"]),
        ("COPY outside /x", ["outside", "etc/hostname"]), ("COPY src/lib/c.c /x", ["src/lib", "shared/lib/c.c"]),
        ("COPY *.txt /x/", ["latest.txt", "shared/notes.txt", "dangling.txt", "later.txt"]),
        ("COPY current/*.c /x/", ["current", "real/*.c"]), ("COPY src/*.c /x/", ["src/one.c", "real/a.c"]),
        ("COPY s*/on[e].? /x/", ["src/one.c", "real/a.c"]), ("COPY */none /x/", []), ("COPY none/* /x/", []),
    ])
    func `sources of COPY are followed`(dockerfile: String, sources: [String]) throws {
        let tree = try opened()
        let linked = LinkedSources(of: try tree.image(dockerfile), in: tree.root)
        #expect(Set(linked.sources) == Set(sources))
        #expect(linked.links == Set(sources.filter { tree.isLink($0) }))
    }

    @Test func `an image reads what its sources lead to, each file in its own place`() throws {
        let tree = try opened()
        #expect(
            try tree.paths(in: tree.scope(of: tree.image("COPY current/*.c latest.txt /x/")))
                == ["current", "latest.txt", "real", "real/a.c", "shared/notes.txt"]
        )
        #expect(
            try tree.paths(in: tree.scope(of: tree.image("COPY src /x"))) == [
                "src", "src/lib", "src/one.c", "src/own.c",
            ]
        )
    }

    @Test func `links of a context are followed inside it`() throws {
        let tree = try TemporaryTree(["web/real/a": "a", "real/b": "b"])
        try tree.link("web/inside", to: "/real")
        let image = try tree.image("COPY inside /x", "context: web")
        let linked = LinkedSources(of: image, in: tree.root)
        #expect(linked.sources == ["inside", "real"])
        #expect(linked.links == ["web/inside"])
        #expect(try tree.paths(in: tree.scope(of: image)) == ["web/inside", "web/real", "web/real/a"])
    }

    @Test func `what is ignored stays ignored behind a link`() throws {
        let tree = try opened()
        try tree.write(".dockerignore", "real/a.c\n")
        #expect(try tree.paths(in: tree.scope(of: tree.image("COPY current /x"))) == ["current", "real", "real/b.h"])
    }

    @Test func `a wildcard finds no link that is ignored`() throws {
        let tree = try TemporaryTree(["real/f": "", "a/x": "", "b/x": "", ".dockerignore": "a\n"])
        for folder in ["a", "b"] { try tree.link(folder + "/l", to: "../real") }
        let linked = LinkedSources(of: try tree.image("COPY ?/l /x/"), in: tree.root)
        #expect(linked.sources == ["b/l", "real"])
    }

    // MARK: Steps

    @Test(arguments: [
        ("real/**", []), ("src/own.c", []), ("current/**", ["current", "real/**"]), ("current", ["current", "real"]),
        ("current/", ["current", "real/"]), ("current/*.c", ["current", "real/*.c"]),
        ("current/a.c", ["current", "real/a.c"]), ("latest.txt", ["latest.txt", "shared/notes.txt"]),
        ("src/**", ["src/one.c", "real/a.c"]), ("src/*.c", ["src/one.c", "real/a.c"]),
        ("src/lib/**", ["src/lib", "shared/lib/**"]),
        ("dangling.txt", ["dangling.txt", "later.txt"]), ("none", []),
    ])
    func `patterns are followed where they begin, and links to files where they are found`(
        pattern: String,
        sources: [String]
    ) throws {
        let tree = try opened()
        let step = try tree.step("run: x", "inputs: \(pattern)", "outputs: out")
        let linked = LinkedSources(of: step, in: tree.root)
        #expect(linked.sources == sources)
        #expect(linked.links == Set(sources.filter { tree.isLink($0) }))
    }

    @Test func `a step reads the file behind a link, so its key changes with it`() throws {
        let tree = try opened()
        let step = try tree.step("run: x", "inputs: src/**", "outputs: out")
        let scope = tree.scope(of: step)
        #expect(try tree.paths(in: scope) == ["real/a.c", "src/lib", "src/one.c", "src/own.c"])
        let before = Keys.own(of: step, try tree.read(scope))
        try tree.write("real/b.h", "other")
        #expect(Keys.own(of: step, try tree.read(scope)) == before)
        try tree.write("real/a.c", "other")
        #expect(Keys.own(of: step, try tree.read(scope)) != before)
    }

    @Test func `links behind links are found, and circles end`() throws {
        let tree = try TemporaryTree(["c/file": ""])
        try tree.link("a/to-b", to: "../b")
        try tree.link("b/to-c", to: "../c/file")
        try tree.link("b/to-a", to: "../a/to-b")
        try tree.link("loop", to: "loop")
        let step = try tree.step("run: x", "inputs: [a/to-b, loop]", "outputs: out")
        #expect(try tree.paths(in: tree.scope(of: step)) == ["a/to-b", "b", "b/to-a", "b/to-c", "c/file", "loop"])
    }

    @Test func `a name with signs of a pattern is that name`() throws {
        let tree = try TemporaryTree(["real/[a]*": "", "real/a": ""])
        try tree.link("link", to: "real/[a]*")
        let step = try tree.step("run: x", "inputs: link", "outputs: out")
        #expect(try tree.paths(in: tree.scope(of: step)) == ["link", "real/[a]*"])
    }

    @Test func `a step's own outputs are no input behind a link either`() throws {
        let tree = try TemporaryTree(["out/made": "x"])
        try tree.link("src/made", to: "../out/made")
        let step = try tree.step("run: x", "inputs: src/**", "outputs: out/")
        #expect(try tree.paths(in: tree.scope(of: step)) == ["src/made"])
    }

    @Test func `a link that leads to a folder, or in a circle, may lead to a file one day`() throws {
        let tree = try TemporaryTree(["real/in": "", "src/own": ""])
        try tree.link("src/folder", to: "../real")
        try tree.link("src/loop", to: "loop")
        let linked = LinkedSources(of: try tree.step("run: x", "inputs: src/*", "outputs: out"), in: tree.root)
        #expect(linked.sources == [] && linked.turns == ["src/folder", "real", "src/loop"])
    }

    // MARK: Single files

    @Test func `a file leads to nothing else, and a link to what is behind it`() throws {
        let tree = try opened()
        #expect(LinkedSources.ends(of: "real/a.c", in: tree.root) == [])
        #expect(LinkedSources.ends(of: "current/a.c", in: tree.root) == ["current", "real/a.c"])
    }
}

extension TemporaryTree {
    fileprivate func isLink(_ name: String) -> Bool { FileStat(of: path(name))?.isLink == true }
}
