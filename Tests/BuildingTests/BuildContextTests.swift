import Testing

@testable import Building

@Suite struct BuildContextTests {
    @Test func `folders that are not listed are added once, in their place`() {
        let paths = ["z", "a/b/c", "a/b/d", "a/x", "a.b", "q/r/s"]
        let files = paths.map {
            ContextFile(path: $0, kind: .symbolicLink(target: "t"), mode: 0o777, absolutePath: "/" + $0)
        }
        let listed = ContextFile(path: "q", kind: .directory, mode: 0o700, absolutePath: "/q")
        let nodes = BuildContext(files + [listed]).tree.descendants(of: .root)
        #expect(nodes.map(\.path.text) == ["a", "a/b", "a/b/c", "a/b/d", "a/x", "a.b", "q", "q/r", "q/r/s", "z"])
        #expect(nodes.filter(\.node.isDirectory).map(\.node.mode) == [0o755, 0o755, 0o700, 0o755])
    }
}
