import Foundation
import Git
import Testing

@Suite(.enabled(if: TemporaryRepository.hasGit, "git is not installed")) struct GitActivityTests {
    @Test func `a lock is told from the next one of its name`() throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "1"])
        let repository = try place.open()
        #expect(repository.activity() == GitActivity(locks: [], series: []))
        for name in ["index.lock", "HEAD.lock"] {
            let path = repository.gitDirectory + "/" + name
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            var raw = stat()
            #expect(lstat(path, &raw) == 0)
            let written = Int64(raw.st_mtim.tv_sec) * 1_000_000_000 + Int64(raw.st_mtim.tv_nsec)
            let lock = GitActivity.Lock(name: name, inode: UInt64(raw.st_ino), written: written)
            #expect(repository.activity() == GitActivity(locks: [lock], series: []))
            #expect(repository.activity().isBusy)
            try place.passRacyTime()
            try FileManager.default.removeItem(atPath: path)
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            #expect(repository.activity().locks.map(\.name) == [name])
            #expect(repository.activity().locks != [lock])
            try FileManager.default.removeItem(atPath: path)
        }
        #expect(!repository.activity().isBusy)
    }

    @Test(
        arguments: [
            (["rebase", "side"], [.rebase]), (["rebase", "--apply", "side"], [.patches]),
            (["cherry-pick", "side~1", "side"], [.sequence]), (["revert", "--no-edit", "HEAD~1", "HEAD"], [.sequence]),
            (["merge", "side"], []), (["cherry-pick", "side"], []), (["revert", "--no-edit", "HEAD~1"], []),
        ] as [([String], [GitActivity.Series])]
    )
    func `a series of commits that stopped is told, one commit that stopped is none`(
        command: [String],
        series: [GitActivity.Series]
    ) throws {
        let place = try diverged()
        let repository = try place.open()
        #expect(throws: TemporaryRepository.CommandFailed.self) { try place.git(command, in: place.root) }
        #expect(repository.activity() == GitActivity(locks: [], series: series))
        #expect(repository.activity().isBusy == !series.isEmpty)
        try place.git(command[0], "--abort")
        #expect(!repository.activity().isBusy)
    }

    @Test func `a bisect is none, and another work tree's rebase is not ours`() throws {
        let place = try diverged()
        try place.git("worktree", "add", "-q", place.folder + "/linked", "side")
        let (repository, linked) = (try place.open(), try place.open(place.folder + "/linked"))
        #expect(throws: TemporaryRepository.CommandFailed.self) {
            try place.git("rebase", "main", in: place.folder + "/linked")
        }
        #expect(linked.activity().series == [.rebase])
        #expect(!repository.activity().isBusy)
        try place.git("bisect", "start", "HEAD", "HEAD~2")
        #expect(!repository.activity().isBusy)
    }

    /// Two branches whose commits are in each other's way.
    private func diverged() throws -> TemporaryRepository {
        let place = try TemporaryRepository()
        try place.commit(["a": "0"])
        try place.git("checkout", "-q", "-b", "side")
        for text in ["1", "2"] { try place.commit(["a": text]) }
        try place.git("checkout", "-q", "main")
        for text in ["3", "4", "5"] { try place.commit(["a": text]) }
        return place
    }
}
