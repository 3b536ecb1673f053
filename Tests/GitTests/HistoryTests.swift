import Foundation
import Git
import Testing

@Suite(.enabled(if: TemporaryRepository.hasGit, "git is not installed")) struct HistoryTests {
    private func newest(
        _ place: TemporaryRepository,
        _ paths: String...,
        limit: Int = 100,
        where isInput: @escaping (String) -> Bool = { _ in true }
    ) throws -> String? {
        try place.open().newestCommit(touching: paths, limit: limit, where: isInput)?.id
    }

    @Test func `an unrelated commit does not move the newest commit`() throws {
        let place = try TemporaryRepository()
        let first = try place.commit(["app/a": "1", "docs/b": "1"])
        let second = try place.commit(["app/a": "2"])
        let third = try place.commit(["docs/b": "2"])
        #expect(try newest(place, "app") == second)
        #expect(try newest(place, "docs/b") == third)
        #expect(try newest(place, "") == third)
        try place.git("commit", "-q", "--allow-empty", "-m", "nothing")
        #expect(try newest(place, "app", "docs") == third)
        #expect(try newest(place, "missing") == nil)
        try place.commit(["app/new": "1"])
        #expect(try newest(place, "app", where: { $0 == "app/a" }) == second)
        #expect(try newest(place, "app", where: { $0 == "docs/b" }) == nil)
        #expect(first != second)
    }

    @Test func `a deletion, a move, a mode, a change of type and a revert each count`() throws {
        let place = try TemporaryRepository()
        try place.commit(["a/one": "1", "a/two": "2", "b": "3"])
        try place.git("rm", "-q", "a/two")
        let deletion = try place.commit([:])
        #expect(try newest(place, "a/two") == deletion)
        #expect(try newest(place, "a", where: { $0 == "a/two" }) == deletion)
        try place.git("mv", "a/one", "a/moved")
        let move = try place.commit([:])
        #expect(try newest(place, "a/one") == move)
        #expect(try newest(place, "a/moved") == move)
        #expect(chmod(place.root + "/b", 0o755) == 0)
        let mode = try place.commit([:])
        #expect(try newest(place, "b") == mode)
        try place.git("rm", "-q", "b")
        let type = try place.commit(["b/inside": "1"])
        #expect(try newest(place, "", where: { $0 == "b" }) == type)
        #expect(try newest(place, "", where: { $0 == "b/inside" }) == type)
        try place.git("revert", "--no-edit", type)
        let revert = try place.git("rev-parse", "HEAD")
        #expect(try newest(place, "b") == revert)
        #expect(try newest(place, "a") == move)
    }

    @Test func `a merge counts only where it differs from all of its parents`() throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "0", "b": "0", "c": "0\n\n\n\n0\n"])
        try place.git("checkout", "-q", "-b", "side")
        let side = try place.commit(["a": "side", "c": "side\n\n\n\n0\n"])
        try place.git("checkout", "-q", "main")
        let main = try place.commit(["b": "main", "c": "0\n\n\n\nmain\n"])
        try place.git("merge", "-q", "--no-edit", "side")
        let merge = try place.git("rev-parse", "HEAD")
        #expect(try newest(place, "a") == side)
        #expect(try newest(place, "b") == main)
        #expect(try newest(place, "c") == merge)
        #expect(try newest(place, "a", "b") == merge)
    }

    @Test func `the search ends at its limit, and at what is known`() throws {
        let place = try TemporaryRepository()
        let first = try place.commit(["a": "1"])
        let second = try place.commit(["b": "1"])
        try place.commit(["b": "2"])
        #expect(try newest(place, "a", limit: 2) == nil)
        #expect(try newest(place, "a", limit: 3) == first)
        let known = KnownNewest(head: second, newest: Commit(id: first, time: 7))
        let repository = try place.open()
        let found = try repository.newestCommit(touching: ["a"], limit: 2, where: { _ in true }, known: known)
        #expect(found == known.newest)
        let third = try repository.newestCommit(touching: ["b"], limit: 2, where: { _ in true }, known: known)
        #expect(third == (try repository.head()))
    }

    @Test func `a shallow clone is searched as far as it goes`() throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "1", "b": "1"])
        let second = try place.commit(["b": "2"])
        let third = try place.commit(["c": "3"])
        try place.git("clone", "-q", "--depth=2", "file://" + place.root, place.folder + "/shallow")
        let shallow = try place.open(place.folder + "/shallow")
        #expect(try shallow.headFiles(under: [""]).count == 3)
        #expect(try shallow.newestCommit(touching: ["c"], limit: 9) { _ in true }?.id == third)
        // Whether the oldest commit that is here changed them, nobody can tell.
        for path in ["a", "b"] {
            #expect(try shallow.newestCommit(touching: [path], limit: 9) { _ in true } == nil)
        }
        #expect(try newest(place, "b") == second)
    }

    @Test func `a clone without trees gives up`() throws {
        let place = try TemporaryRepository()
        try place.git("config", "uploadpack.allowFilter", "true")
        try place.commit(["a/f": "1"])
        let second = try place.commit(["b/f": "2"])
        let clone = place.folder + "/partial"
        try place.git("clone", "-q", "--filter=tree:0", "--no-checkout", "file://" + place.root, clone)
        let partial = try place.open(clone)
        #expect(try partial.head()?.id == second)
        #expect(try partial.newestCommit(touching: ["a"], limit: 9) { _ in true } == nil)
        #expect(throws: GitError.self) { try partial.headFiles(under: [""]) }
    }
}
