import Testing

@testable import Building

@Suite struct TreePathTests {
    @Test func `a folder comes before what is in it, and that before its neighbours`() {
        let sorted = ["a", "a/b", "a/b/c", "a/é", "a b", "a.b", "a0", "aa", "b"].map(TreePath.init)
        #expect(sorted.shuffled().sorted() == sorted)
    }

    @Test func `names that Unicode holds for the same are two names`() {
        let (composed, decomposed) = (TreePath("\u{e9}"), TreePath("e\u{301}"))
        #expect(composed.text == decomposed.text)
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect((composed < decomposed) != (decomposed < composed))
    }

    @Test(arguments: [
        ("/a/b/", "a/b"), ("a//b/./c", "a/b/c"), ("../../a", "a"), ("/", ""), ("a/../..", ""), (".", ""),
    ])
    func `paths are cleaned, and stay in the root`(written: String, clean: String) {
        #expect(TreePath(cleaning: written) == TreePath(clean))
    }

    @Test func `parents, names and rests`() {
        let path = TreePath("a/b/c")
        #expect((path.parent, path.name) == (TreePath("a/b"), "c"))
        #expect((TreePath("a").parent, TreePath("a").name) == (.root, "a"))
        #expect(path.isBelow(TreePath("a")) && path.isBelow(.root))
        #expect(!path.isBelow(path) && !TreePath("ab").isBelow(TreePath("a")) && !TreePath.root.isBelow(.root))
        #expect(path.relative(to: TreePath("a")) == "b/c")
        #expect(path.relative(to: .root) == "a/b/c")
        #expect(TreePath.root.appending("x") == TreePath("x"))
        #expect(path.appending("") == path)
    }
}
