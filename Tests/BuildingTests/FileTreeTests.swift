import OCI
import Rigs
import Testing

@testable import Building

@Suite struct FileTreeTests {
    private static let folder = TreeNode(.directory, mode: 0o755)

    private static func link(_ target: String) -> TreeNode { TreeNode(.symbolicLink(target: target), mode: 0o777) }

    private static func nodes(_ paths: [String], _ node: TreeNode) -> [(path: TreePath, node: TreeNode)] {
        paths.map { (path: TreePath($0), node: node) }
    }

    @Test func `the upper layer counts, and hidden paths are gone with what is below them`() {
        var tree = FileTree(Self.nodes(["a", "a/b", "c", "c/d", "c/d/e"], Self.folder))
        tree.push(Self.nodes(["a/b", "c"], Self.link("x")), hiding: [TreePath("c")])
        #expect(tree[TreePath("a/b")] == Self.link("x"))
        #expect(tree[TreePath("c")] == Self.link("x"))
        #expect(tree[TreePath("c/d/e")] == nil)
        #expect(tree.descendants(of: .root).map(\.path.text) == ["a", "a/b", "c"])
        #expect(tree[.root]?.isDirectory == true)
        #expect(tree[TreePath("nothing")] == nil)
    }

    @Test func `a copy keeps what it was`() {
        let below = FileTree(Self.nodes(["a", "b"], Self.folder))
        var above = below
        above.push(Self.nodes(["c"], Self.folder), hiding: [TreePath("a")])
        #expect(below.descendants(of: .root).map(\.path.text) == ["a", "b"])
        #expect(above.descendants(of: .root).map(\.path.text) == ["b", "c"])
    }

    /// Against a dictionary, whatever the sizes of the pushes make of the layers inside.
    @Test(arguments: 0..<20)
    func `many pushes give what a dictionary gives`(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var tree = FileTree()
        var model: [TreePath: TreeNode] = [:]
        for _ in 0..<12 {
            var layer: [TreePath: TreeNode] = [:]
            for _ in 0...random.next(below: 40) {
                let path = TreePath("\(random.next(below: 5))/\(random.next(below: 5))/\(random.next(below: 5))")
                layer[path] = Self.link(String(random.next(below: 1000)))
            }
            let hiding = (0..<random.next(below: 3)).map { _ in
                TreePath("\(random.next(below: 5))/\(random.next(below: 5))")
            }
            for folder in hiding { for path in model.keys where path.isBelow(folder) { model[path] = nil } }
            model.merge(layer) { $1 }
            tree.push(layer.map { (path: $0.key, node: $0.value) }, hiding: hiding)
        }
        #expect(tree.descendants(of: .root).map(\.path) == model.keys.sorted())
        for (path, node) in model { #expect(tree[path] == node) }
        let folder = TreePath("2/3")
        #expect(tree.descendants(of: folder).map(\.path) == model.keys.filter { $0.isBelow(folder) }.sorted())
    }
}
