import Testing

@testable import Building

@Suite struct FileViewTests {
    private static let tree = FileTree(
        [
            ("bin", "usr/bin"), ("usr", nil), ("usr/bin", nil), ("var", nil), ("var/run", "/run"), ("run", nil),
            ("up", "../../../usr"), ("loop", "loop"), ("a", "b"), ("b", "bin"), ("srv", nil), ("srv/out", "/deep"),
        ].map { name, target in
            (path: TreePath(name), node: TreeNode(target.map { .symbolicLink(target: $0) } ?? .directory, mode: 0o755))
        }
    )

    @Test(arguments: [
        ("bin/x", "usr/bin/x"), ("var/run/new/file", "run/new/file"), ("a", "usr/bin"), ("usr/bin", "usr/bin"),
        ("nothing/../bin", "usr/bin"), ("up/bin", "usr/bin"), ("", ""),
    ])
    func `links are followed inside the root`(path: String, end: String) throws {
        #expect(try Self.tree.resolve(TreePath(path)).path == TreePath(end))
    }

    @Test func `a link out of the root is bounded, and named`() throws {
        #expect(try Self.tree.resolve(TreePath("up/x")).leavingLink == TreePath("up"))
        #expect(try Self.tree.resolve(TreePath("var/run")).leavingLink == TreePath("var/run"))
        #expect(try Self.tree.resolve(TreePath("bin")).leavingLink == nil)
    }

    @Test func `links can be bounded to a folder`() throws {
        #expect(try Self.tree.resolve(TreePath("out/x"), in: TreePath("srv")).path == TreePath("srv/deep/x"))
        #expect(try Self.tree.resolve(TreePath("../x"), in: TreePath("srv")).path == TreePath("srv/x"))
    }

    @Test func `a loop is an error`() {
        let problem = #expect(throws: BuildProblem.self) { try Self.tree.resolve(TreePath("loop")) }
        #expect(problem?.id == "link-loop")
    }
}
