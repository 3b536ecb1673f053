import Foundation
import OCI
import Project
import Rigs
import Testing

@testable import Inputs

@Suite struct ReadingTests {
    /// A step that reads `src`, and makes `src/gen`.
    private func opened() throws -> (TemporaryTree, InputScope) {
        let tree = try TemporaryTree(["src/a": "a", "src/b": "b", "src/sub/c": "c"])
        try tree.link("src/link", to: "a")
        return (tree, InputScope(of: try tree.step("run: x", "inputs: src", "outputs: src/sub/gen/")))
    }

    @Test func `a reading has each file with its kind, its stat and its content`() throws {
        let (tree, scope) = try opened()
        let files = try tree.read(scope).files
        #expect(files.map(\.path) == ["src", "src/a", "src/b", "src/link", "src/sub", "src/sub/c"])
        #expect(files[0].kind == .directory && files[4].kind == .directory)
        #expect(files[3].kind == .link(target: "a"))
        #expect(files[1].kind == .file(ContentHash("a")))
        for file in files { #expect(try file.stat == tree.stat(file.path)) }
    }

    @Test func `what is left alone is unchanged`() throws {
        let (tree, scope) = try opened()
        let reading = try tree.read(scope)
        #expect(reading.isUnchanged(in: scope, below: tree.root))
        try tree.write("other", "x")
        try tree.write("src/sub/gen/made", "x")
        #expect(reading.isUnchanged(in: scope, below: tree.root))
    }

    @Test func `an ignored folder counts with its mode where something in it is given back`() throws {
        let tree = try TemporaryTree([".dockerignore": "docs\n!docs/keep\n", "docs/keep": "", "docs/x": "", "d": ""])
        let image = try tree.image("COPY d* /x/")
        let scope = tree.scope(of: image)
        let reading = try tree.read(scope)
        let key = Keys.own(of: image, reading)
        try tree.setMode("docs", 0o700)
        #expect(try Keys.own(of: image, tree.read(scope)) != key)
        try tree.write("docs/keep", "new")
        #expect(try tree.reader.updated(reading, at: [ChangedPath("docs/keep")], in: scope) != nil)
        try tree.remove("docs/keep")
        let rest = try #require(try tree.reader.updated(reading, at: [ChangedPath("docs/keep")], in: scope))
        #expect(rest.files.map(\.path) == ["d"])
        try tree.write("docs/keep", "again")
        let again = try tree.reader.updated(rest, at: [ChangedPath("docs/keep")], in: scope)
        #expect(again?.files.map(\.path) == ["d", "docs", "docs/keep"])
    }

    @Test func `names that only look the same are two inputs`() throws {
        let (composed, decomposed) = ("\u{E9}", "e\u{301}")
        let tree = try TemporaryTree([:])
        for name in [composed, decomposed] { try tree.write(name, name) }
        let scope = tree.scope(of: try tree.image("COPY \(composed) \(decomposed) /x/"))
        let reading = try tree.read(scope)
        #expect(reading.files.map { Array($0.path.utf8) } == [Array(decomposed.utf8), Array(composed.utf8)])
        let one = try tree.scope(of: tree.image("COPY \(composed) /x/"))
        #expect(one.reads(composed) && !one.reads(decomposed))
        let first = Reading(files: Array(reading.files.prefix(1)))
        #expect(try tree.reader.updated(first, at: [ChangedPath(composed)], in: scope)?.files.count == 2)
    }

    static let changes: [(name: String, change: @Sendable (TemporaryTree) throws -> Void)] = [
        ("content", { try $0.write("src/a", "A") }),
        (
            "content and back",
            {
                try $0.write("src/a", "x")
                try $0.write("src/a", "a")
            }
        ),
        ("mode", { try $0.setMode("src/a", 0o755) }),
        (
            "mode and back",
            {
                try $0.setMode("src/a", 0o700)
                try $0.setMode("src/a", 0o644)
            }
        ),
        (
            "the same content moved over it",
            {
                try $0.write("new", "a")
                try $0.move("new", to: "src/a")
            }
        ),
        ("a new file", { try $0.write("src/new", "") }),
        ("a new file in a new folder", { try $0.write("src/new/file", "") }),
        ("a removed file", { try $0.remove("src/b") }),
        (
            "removed and made again",
            {
                try $0.remove("src/b")
                try $0.write("src/b", "b")
            }
        ),
        (
            "renamed",
            { try $0.move("src/b", to: "src/c") }
        ),
        (
            "another link to the same place",
            {
                try $0.remove("src/link")
                try $0.link("src/link", to: "a")
            }
        ),
        ("times", { try $0.setTime("src/a", 0) }),
        ("a folder that is gone", { try $0.remove("src") }),
    ]

    @Test(arguments: changes.map(\.name)) func `a change is seen`(name: String) throws {
        let (tree, scope) = try opened()
        try tree.setMode("src/a", 0o644)
        let reading = try tree.read(scope)
        // Past the tick in which the files were made, as any command that runs in between is.
        try tree.settle("src/a", "src/b", "src/link")
        try #require(try Self.changes.first { $0.name == name }?.change(tree) != nil)
        #expect(!reading.isUnchanged(in: scope, below: tree.root))
    }

    @Test func `files that changed just now may still be written`() throws {
        let (tree, scope) = try opened()
        try tree.setTime("src/b", 0)
        let reading = try tree.read(scope)
        #expect(reading.files(changedWithin: 3600).map(\.path) == ["src/a", "src/b", "src/sub/c"])
        #expect(reading.files(changedWithin: -3600).map(\.path) == [])
    }

    @Test func `what can't be read is named by its path in the project`() throws {
        let (tree, scope) = try opened()
        chmod(tree.home, 0o755)
        try tree.setMode("src/b", 0)
        #expect(throws: UnreadableInput("src/b", EACCES)) {
            try Permissions.asNobody { _ = try tree.reader.read(scope) }
        }
    }

    @Test func `what is known with these times is not read, and what a change was told of is`() throws {
        let tree = try TemporaryTree(["src/a": "a", "src/b": "b"])
        let scope = try InputScope(of: Image(copying: ["src"]))
        try tree.settle("src/a", "src/b")
        let stats = try ["src", "src/a", "src/b"].map(tree.stat)
        let other = ContentHash("not what it holds")
        let known = Reading(files: [
            InputFile(path: "src", stat: stats[0], kind: .directory),
            InputFile(path: "src/a", stat: stats[1], kind: .file(other)),
            InputFile(path: "src/b", stat: stats[2], kind: .file(ContentHash("b"))),
        ])
        let reading = try #require(try tree.reader.read(scope, knowing: known))
        #expect(reading.files[1].kind == .file(other))
        let updated = try tree.reader.updated(reading, at: [ChangedPath("src/a")], in: scope)
        #expect(updated?.files[1].kind == .file(ContentHash("a")))
        #expect(try tree.reader.read(scope, knowing: updated)?.isSame(as: try #require(updated)) == true)
        let narrow = try InputScope(of: Image(copying: ["src/b"]))
        let part = try tree.reader.read(narrow, knowing: known, ofScope: false)
        #expect(part?.files.map(\.path) == ["src/b"])
    }

    @Test func `texts, lists and readings are framed`() {
        func hash(_ add: (inout KeyHasher) -> Void) -> String {
            var hasher = KeyHasher()
            add(&hasher)
            return hasher.finish()
        }
        let all = [
            hash { _ in },
            hash { $0.add("") },
            hash { $0.add("ab") },
            hash {
                $0.add("a"); $0.add("b")
            },
            hash { $0.add("a1:b") },
            hash { $0.add("a\0b") },
            hash { $0.add("a", []) },
            hash { $0.add("a", ["b"]) },
            hash { $0.add("a", ["b", "c"]) },
            hash {
                $0.add("a", ["b"]); $0.add("c")
            },
            hash {
                $0.add("a", []); $0.add("b"); $0.add("c")
            },
            hash { $0.add(.nothing) },
            hash {
                $0.add(.nothing); $0.add(.nothing)
            },
        ]
        #expect(Set(all).count == all.count)
    }

    static let stat = FileStat(device: 1, inode: 1, size: 1, modified: 1, changed: 1, mode: 0o100644)

    // MARK: Reading again what changed

    /// Some of the paths change in every way that there is; the reading that is told of them must be the one from
    /// scratch, or none.
    @Test(arguments: 0..<60) func `what changed is read again as from scratch`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var scopes = RandomScope(seed: seed)
        let tree = try TemporaryTree()
        for _ in 0..<25 { try? tree.write(scopes.path(), "one") }
        let scope = try Bool.random(using: &random) ? scopes.stepScope() : scopes.imageScope()
        let reader = InputReader(root: tree.root, index: HashIndex())
        var reading = try #require(try reader.read(scope))
        for round in 0..<20 {
            var (changed, gone): (Set<String>, Set<String>) = ([], [])
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let path = tree.real(scopes.path())
                // What is made on the way is told as well.
                let folders = path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) }
                changed.formUnion([path] + folders.filter { FileStat(of: tree.path($0))?.isDirectory != true })
                switch Int.random(in: 0..<8, using: &random) {
                case 0:
                    try? tree.remove(path)
                    gone.insert(path)
                case 1: chmod(tree.path(path), 0o700)
                case 2:
                    try? tree.write(path + ".new", "by rename \(round)")
                    if rename(tree.path(path + ".new"), tree.path(path)) != 0 { try? tree.remove(path + ".new") }
                    changed.insert(path + ".new")
                case 3: symlink("a", tree.path(path))
                default: try? tree.write(path, "\(round)")
                }
            }
            let whole = try #require(try reader.read(scope))
            let told = changed.map { ChangedPath($0) } + gone.map { ChangedPath($0, isWhole: true) }
            reading = try #require(try reader.updated(reading, at: told, in: scope))
            #expect(Self.content(reading) == Self.content(whole), "\(scopes.text), \(changed.sorted())")
            #expect(reading.top.digest == whole.top.digest && reading.top.gitTree == whole.top.gitTree)
        }
    }

    /// All but the times of folders, which nothing depends on.
    private static func content(_ reading: Reading) -> [String] {
        reading.files.map { $0.stat.isDirectory ? "\($0.path) \($0.stat.permissions)" : "\($0)" }
    }

    @Test func `one file that came, changed or went is read alone`() throws {
        let tree = try TemporaryTree(["src/a": "1", "src/b": "1", "src/b-c": "1", "src/sub/c": "1"])
        let scope = try InputScope(of: Image(copying: ["src"]))
        let reader = InputReader(root: tree.root, index: HashIndex())
        var reading = try #require(try reader.read(scope))
        try tree.write("src/b", "other")
        try tree.write("src/bb", "new")
        try tree.remove("src/sub/c")
        reading = try #require(
            try reader.updated(
                reading,
                at: ["src/b", "src/bb", "src/sub/c", "src/gone", "elsewhere"].map { ChangedPath($0) },
                in: scope
            )
        )
        #expect(Self.content(reading) == (try reader.read(scope)).map(Self.content))
        #expect(reading.files.map(\.path) == ["src", "src/a", "src/b", "src/b-c", "src/bb", "src/sub"])
        for (name, change) in [
            ("src/sub", { try tree.remove("src/sub") }), ("src/l", { try tree.link("src/l", to: "a") }),
        ] {
            try change()
            reading = try #require(try reader.updated(reading, at: [ChangedPath(name)], in: scope))
            #expect(Self.content(reading) == (try reader.read(scope)).map(Self.content))
        }
    }
}
