import Foundation
import Git
import Testing

@Suite(.enabled(if: TemporaryRepository.hasGit, "git is not installed")) struct TreeItemsTests {
    @Test func `trees are what git ls-tree prints, one by one`() throws {
        let place = try TemporaryRepository()
        let head = try place.commit(["a": "1", "sub/b": "2", "sub/deep/c": "3"])
        let repository = try place.open()
        let top = try #require(try repository.headTree())
        #expect(top.hex == (try place.git("rev-parse", head + "^{tree}")))
        let items = try repository.items(of: top)
        #expect(items.map(\.name) == ["a", "sub"])
        #expect(items.map(\.isTree) == [false, true])
        #expect(items.map { String($0.mode, radix: 8) } == ["100644", "40000"])
        let sub = try #require(items.last?.id)
        #expect(sub.hex == (try place.git("rev-parse", head + ":sub")))
        #expect(try repository.items(of: sub).map(\.name) == ["b", "deep"])
    }

    @Test func `a branch without commits has no tree`() throws {
        #expect(try TemporaryRepository().open().headTree() == nil)
    }
}
