import OCI
import Testing

@testable import Building

@Suite struct StagingTests {
    private static func file(_ text: String) -> TreeNode {
        let bytes = Array(text.utf8)
        return TreeNode(
            .file(FileContent(size: bytes.count, digest: .sha256(of: bytes), source: .bytes(bytes))),
            mode: 0o644
        )
    }

    private static let base = FileTree([
        (path: TreePath("tmp"), node: TreeNode(.directory, mode: 0o1777)),
        (path: TreePath("tmp/a"), node: file("a")), (path: TreePath("tmp/b"), node: file("b")),
    ])

    @Test func `what is there already is no change, and changes bring their folders`() throws {
        var staging = Staging(over: Self.base)
        try staging.put(Self.file("a"), at: TreePath("tmp/a"))
        #expect(staging.entries().isEmpty)
        try staging.put(Self.file("new"), at: TreePath("tmp/b"))
        try staging.makeFolders(TreePath("x/y"), mode: 0o700, owner: Owner(user: 1, group: 2))
        let entries = staging.entries()
        #expect(entries.map(\.path.text) == ["tmp", "tmp/b", "x", "x/y"])
        #expect(entries.first?.node.mode == 0o1777)
        #expect(entries.last?.node == TreeNode(.directory, mode: 0o700, user: 1, group: 2))
    }

    @Test func `a replaced folder hides what it held`() throws {
        var staging = Staging(over: Self.base)
        try staging.put(Self.file("c"), at: TreePath("tmp/c"))
        try staging.replace(Self.file("x"), at: TreePath("tmp"))
        #expect(staging[TreePath("tmp/a")] == nil)
        #expect(staging[TreePath("tmp/c")] == nil)
        #expect(staging.entries().map(\.path.text) == ["tmp"])
        #expect(staging.replaced == [TreePath("tmp")])
        #expect(throws: BuildProblem.self) {
            try staging.replace(TreeNode(.directory, mode: 0o755), at: TreePath("tmp"))
        }
    }

    @Test func `the first name in the layer holds the bytes`() throws {
        var staging = Staging(over: FileTree())
        try staging.put(Self.file("x"), at: TreePath("m"))
        try staging.put(Self.file("x"), at: TreePath("z"), linked: TreePath("m"))
        try staging.put(Self.file("x"), at: TreePath("a"), linked: TreePath("z"))
        let entries = staging.entries()
        #expect(entries.map(\.path.text) == ["a", "m", "z"])
        #expect(entries.map { $0.linked?.text } == [nil, "a", "a"])
    }

    @Test func `a file whose first name is overwritten lives on under its others`() throws {
        var staging = Staging(over: FileTree())
        try staging.put(Self.file("old"), at: TreePath("f"))
        for name in ["h", "i"] { try staging.replace(Self.file("old"), at: TreePath(name), linked: TreePath("f")) }
        try staging.replace(Self.file("new"), at: TreePath("f"))
        let entries = staging.entries()
        #expect(entries.map { $0.linked?.text } == [nil, nil, "h"])
        #expect(entries.map(\.node) == [Self.file("new"), Self.file("old"), Self.file("old")])
    }

    @Test func `names that delete are refused, and files in the way of folders`() throws {
        var staging = Staging(over: Self.base)
        let reserved = #expect(throws: BuildProblem.self) { try staging.put(Self.file(""), at: TreePath("a/.wh.b")) }
        #expect(reserved?.id == "copy-name-reserved")
        let conflict = #expect(throws: BuildProblem.self) {
            try staging.makeFolders(TreePath("tmp/a/b"), mode: 0o755, owner: .root)
        }
        #expect(conflict?.id == "copy-destination-conflict")
    }
}
