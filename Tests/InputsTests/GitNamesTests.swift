import Foundation
import Git
import Testing

@testable import Inputs

/// A project whose image copies `src`, in a repository with one commit of it.
@Suite struct GitNamesTests {
    /// Names the inputs of one image as the loop does.
    private struct Naming {
        let tree: TemporaryTree
        let names: GitNames
        var inputs: NamedInputs
        let first: String

        init(_ files: [String: String] = [:], ignoring: String = "*.log\n") throws {
            tree = try TemporaryTree(["src/a": "a", "src/b": "b", "Dockerfile": "FROM scratch\nCOPY src /x\n"])
            first = try tree.commit(files.merging([".gitignore": ignoring]) { $1 })
            names = try tree.names()
            inputs = NamedInputs(
                node: "app",
                scope: InputScope(of: try .init(copying: ["src"])),
                extra: ["Dockerfile", "Dockerfile.dockerignore", ".dockerignore"],
                isRedefined: false,
                isGenerated: { $0 == "src/made" || $0.hasPrefix("src/made/") }
            )
        }

        func head() throws -> Commit { try #require(try names.repository.head()) }

        func name() throws -> InputsName { try names.name(inputs, tree.read(inputs.scope)) }
    }

    @Test func `what was committed is clean, and named after its commit`() throws {
        let naming = try Naming()
        #expect(try naming.name() == .commit(naming.head(), isDirty: false))
        #expect(try naming.name().commit == naming.first)
    }

    @Test func `what a file holds by now says nothing of what was read of it`() throws {
        let naming = try Naming()
        try naming.tree.write("src/a", "A")
        let reading = try naming.tree.read(naming.inputs.scope)
        try naming.tree.write("src/a", "a")
        #expect(try naming.names.name(naming.inputs, reading) == .commit(naming.head(), isDirty: true))
        try naming.tree.write("src/a", "A")
        #expect(try naming.name() == .commit(naming.head(), isDirty: true))
    }

    static let edits: [(name: String, isDirty: Bool, edit: @Sendable (TemporaryTree) throws -> Void)] = [
        ("content", true, { try $0.write("src/a", "A") }),
        ("the executable bit", true, { try $0.setMode("src/a", 0o755) }),
        ("an untracked file", true, { try $0.write("src/new", "") }),
        (
            "a staged file", true,
            { tree in
                try tree.write("src/new", "")
                try tree.git("add", "-A")
            }
        ),
        ("an ignored file", true, { try $0.write("src/x.log", "") }),
        ("a removed file", true, { try $0.remove("src/a") }),
        ("all removed", true, { try $0.remove("src") }),
        ("a renamed file", true, { try $0.move("src/a", to: "src/c") }),
        (
            "a file that became a link", true,
            { tree in
                try tree.remove("src/a")
                try tree.link("src/a", to: "b")
            }
        ),
        (
            "a file that became a folder", true,
            { tree in
                try tree.remove("src/a")
                try tree.write("src/a/a", "a")
            }
        ),
        ("the Dockerfile", true, { try $0.write("Dockerfile", "FROM scratch\nCOPY src /y\n") }),
        ("a new ignore file", true, { try $0.write(".dockerignore", "none\n") }),
        ("nothing", false, { _ in }),
        ("times", false, { try $0.setTime("src/a", 0) }),
        ("permissions that git does not keep", false, { try $0.setMode("src/a", 0o600) }),
        (
            "content and back", false,
            { tree in
                try tree.write("src/a", "A")
                try tree.write("src/a", "a")
            }
        ),
        ("the index alone", false, { try $0.git("rm", "-q", "--cached", "src/a") }),
        ("what is no input", false, { try $0.write("other", "x") }),
        ("a made file", false, { try $0.write("src/made", "x") }),
        ("made files in a folder", false, { try $0.write("src/made/deep/file", "x") }),
        ("an empty folder", false, { try $0.write("src/empty/", "") }),
    ]

    @Test(arguments: edits.map(\.name)) func `content, mode and presence make inputs dirty`(name: String) throws {
        let naming = try Naming()
        #expect(try naming.name().isDirty == false)
        let edit = try #require(Self.edits.first { $0.name == name })
        try edit.edit(naming.tree)
        #expect(try naming.name().isDirty == edit.isDirty)
        #expect(try naming.name().commit == naming.first)
    }

    @Test func `an accent that is written in another way is another name`() throws {
        let naming = try Naming(["src/e\u{301}": "1"])
        #expect(try naming.name().isDirty == false)
        try naming.tree.move("src/e\u{301}", to: "src/\u{e9}")
        #expect(try naming.name().isDirty == true)
        try naming.tree.write("src/e\u{301}", "2")
        _ = try naming.tree.commit([:])
        #expect(try naming.name().isDirty == false)
    }

    @Test func `an ignore file that HEAD has and the tree lacks makes inputs dirty`() throws {
        let naming = try Naming([".dockerignore": "src/b\n"])
        #expect(try naming.name().isDirty == false)
        try naming.tree.remove(".dockerignore")
        #expect(try naming.name().isDirty == true)
    }

    @Test func `a file that the image reads and that decides it as well is looked at once`() throws {
        var naming = try Naming()
        naming.inputs.scope = InputScope(of: try .init(copying: ["."]))
        #expect(try naming.name().isDirty == false)
    }

    @Test func `another definition makes inputs dirty`() throws {
        var naming = try Naming()
        naming.inputs.isRedefined = true
        #expect(try naming.name().isDirty == true)
        #expect(try naming.name().commit == naming.first)
    }

    @Test func `a made file that is committed does not count, neither as it is nor as it was`() throws {
        let naming = try Naming(["src/made": "old"])
        try naming.tree.write("src/made", "new")
        #expect(try naming.name().isDirty == false)
        try naming.tree.commit()
        #expect(try naming.name().commit == naming.first)
    }

    @Test func `the name is that of the newest commit of the inputs`() throws {
        let naming = try Naming()
        try naming.tree.commit(["other": "x"])
        #expect(try naming.name().commit == naming.first)
        let second = try naming.tree.commit(["src/a": "second"])
        #expect(try naming.name().commit == second)
        let third = try naming.tree.commit(["Dockerfile": "FROM scratch\n"])
        #expect(try naming.name().commit == third)
        try naming.tree.remove("src/b")
        let fourth = try naming.tree.commit()
        #expect(try naming.name().commit == fourth)
        try naming.tree.commit(["other": "y"])
        #expect(try naming.name().commit == fourth)
    }

    @Test func `HEAD may go back, and to another branch`() throws {
        let naming = try Naming()
        let second = try naming.tree.commit(["src/a": "second"])
        #expect(try naming.name().commit == second)
        try naming.tree.git("checkout", "-q", naming.first)
        #expect(try naming.name() == .commit(naming.head(), isDirty: false))
        try naming.tree.git("checkout", "-q", "-b", "side")
        let side = try naming.tree.commit(["src/a": "side"])
        #expect(try naming.name().commit == side)
        try naming.tree.git("checkout", "-q", "main")
        #expect(try naming.name().commit == second)
        #expect(try naming.name().isDirty == false)
    }

    @Test func `inputs that no commit holds are changes on top of HEAD`() throws {
        var naming = try Naming()
        let head = try naming.tree.commit(["other": "x"])
        (naming.inputs.node, naming.inputs.extra) = ("new", [])
        naming.inputs.scope = InputScope(of: try .init(copying: ["new"]))
        try naming.tree.write("new/file", "x")
        #expect(try naming.name().isDirty == true)
        #expect(try naming.name().commit == head)
    }

    @Test func `without inputs there is nothing to name, and without a commit no name`() throws {
        var naming = try Naming()
        (naming.inputs.node, naming.inputs.extra) = ("none", [])
        naming.inputs.scope = InputScope(of: try .init(copying: ["src/made"]))
        #expect(try naming.name() == .nothing)
        let tree = try TemporaryTree(["src/a": "a"])
        try tree.git("init", "-q")
        #expect(try tree.names().name(naming.inputs, Reading(files: [])) == .unknown)
    }

    @Test func `other paths for the same node are asked for after the old ones are forgotten`() throws {
        var naming = try Naming(["lib/a": "a"])
        #expect(try naming.name().isDirty == false)
        naming.inputs.scope = InputScope(of: try .init(copying: ["lib"]))
        naming.names.forget()
        #expect(try naming.name().isDirty == false)
    }

    @Test func `a project in a folder of the work tree has its own paths`() throws {
        let tree = try TemporaryTree(["src/a": "root", "sub/src/a": "sub"])
        let first = try tree.commit()
        let names = try tree.names(project: "sub")
        let inputs = NamedInputs(
            node: "app",
            scope: InputScope(of: try .init(copying: ["."])),
            extra: [],
            isRedefined: false,
            isGenerated: { _ in false }
        )
        func name() throws -> InputsName {
            let reader = InputReader(root: tree.path("sub"), index: HashIndex())
            return try names.name(inputs, try #require(try reader.read(inputs.scope)))
        }
        try tree.commit(["src/a": "other"])
        #expect(try name().commit == first)
        #expect(try name().isDirty == false)
        #expect(try names.committed("src/a") == Array("sub".utf8))
        try tree.write("sub/src/a", "changed")
        #expect(try name().isDirty == true)
    }

    @Test func `a project that is not in the work tree has no names`() throws {
        let tree = try TemporaryTree(["a": "a"])
        try tree.commit()
        let repository = try #require(try Repository.discover(from: tree.root))
        for root in [tree.home, tree.root + "more"] {
            #expect(GitNames(repository, reader: InputReader(root: root, index: HashIndex())) == nil)
        }
    }

    @Test func `a file is clean that git's filters make equal`() throws {
        let naming = try Naming([".gitattributes": "src/* text=auto eol=crlf\n"])
        try naming.tree.write("src/a", "one\r\ntwo\r\n")
        #expect(try naming.name().isDirty == true)
        let second = try naming.tree.commit()
        #expect(try naming.tree.git("cat-file", "blob", "HEAD:src/a") == "one\ntwo")
        #expect(try naming.name() == .commit(naming.head(), isDirty: false))
        #expect(try naming.name().commit == second)
        try naming.tree.write("src/a", "one\ntwo\n")
        #expect(try naming.name().isDirty == false)
        try naming.tree.write("src/a", "one\r\nthree\r\n")
        #expect(try naming.name().isDirty == true)
    }

    @Test func `a file behind a filter that is a program is clean while git's index says so`() throws {
        let naming = try Naming()
        try naming.tree.git("config", "filter.upper.clean", "tr a-z A-Z")
        try naming.tree.commit([".gitattributes": "src/large filter=upper\n", "src/large": "text"])
        try naming.tree.settle("src/large")
        // The index is written again, later than the file.
        try naming.tree.write("other", "x")
        try naming.tree.git("add", "other")
        #expect(try naming.name().isDirty == false)
        try naming.tree.write("src/large", "other")
        #expect(try naming.name().isDirty == true)
    }

    @Test func `filters that came with a commit are in force from then on`() throws {
        let naming = try Naming(["src/c": "one\r\n"])
        try naming.tree.write("src/c", "one\r\ntwo\r\n")
        #expect(try naming.name().isDirty == true)
        try naming.tree.write(".gitattributes", "src/* text eol=crlf\n")
        try naming.tree.commit()
        #expect(try naming.name().isDirty == false)
    }

    @Test func `links are clean as they were committed, whatever they lead to`() throws {
        let naming = try Naming()
        try naming.tree.link("src/link", to: "../elsewhere")
        #expect(try naming.name().isDirty == true)
        let second = try naming.tree.commit()
        #expect(try naming.name().commit == second)
        #expect(try naming.name().isDirty == false)
        try naming.tree.remove("src/link")
        try naming.tree.link("src/link", to: "../elsewhere2")
        #expect(try naming.name().isDirty == true)
        try naming.tree.remove("src/link")
        try naming.tree.write("src/link", "../elsewhere")
        #expect(try naming.name().isDirty == true)
    }

    @Test func `a Dockerfile behind a link counts by what it leads to`() throws {
        var naming = try Naming(["shared/Dockerfile": "FROM scratch\n"])
        try naming.tree.remove("Dockerfile")
        try naming.tree.link("Dockerfile", to: "shared/Dockerfile")
        let second = try naming.tree.commit()
        naming.inputs.extra += LinkedSources.ends(of: "Dockerfile", in: naming.tree.root)
        naming.names.forget()
        #expect(try naming.name().commit == second)
        #expect(try naming.name().isDirty == false)
        try naming.tree.write("shared/Dockerfile", "FROM scratch\nENV a=b\n")
        #expect(try naming.name().isDirty == true)
    }

    @Test func `committed bytes are those of HEAD`() throws {
        let naming = try Naming()
        try naming.tree.write("src/a", "later")
        #expect(try naming.names.committed("src/a") == Array("a".utf8))
        #expect(try naming.names.committed("src/none") == nil)
        #expect(try naming.names.committed("src") == nil)
    }
}

extension InputsName {
    fileprivate var commit: String? { if case .commit(let commit, _) = self { commit.id } else { nil } }
    fileprivate var isDirty: Bool? { if case .commit(_, let isDirty) = self { isDirty } else { nil } }
}
