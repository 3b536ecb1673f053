import Foundation
import Git
import Testing

@Suite(.enabled(if: TemporaryRepository.hasGit, "git is not installed")) struct WatchPathsTests {
    @Test func `the folders on the way to the branch are watched, each once, and no object`() throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "1"])
        let git = place.root + "/.git"
        let repository = try place.open()
        #expect(repository.watchPaths == ["", "/logs", "/refs", "/refs/heads"].map { git + $0 })
        try place.git("checkout", "-q", "-b", "feature/deep/one")
        let branch = ["/refs/heads/feature", "/refs/heads/feature/deep"].map { git + $0 }
        #expect(repository.watchPaths == ["", "/logs", "/refs", "/refs/heads"].map { git + $0 } + branch)
        try place.git("checkout", "-q", "--detach")
        #expect(repository.watchPaths == ["", "/logs", "/refs", "/refs/heads"].map { git + $0 })
    }

    @Test func `a branch without commits can be watched`() throws {
        let place = try TemporaryRepository()
        let git = place.root + "/.git"
        #expect(try place.open().watchPaths == ["", "/refs", "/refs/heads"].map { git + $0 })
    }

    @Test(
        arguments: [
            ["commit", "-q", "--allow-empty", "-m", "x"], ["reset", "-q", "--hard", "HEAD~1"],
            ["checkout", "-q", "--detach"], ["checkout", "-q", "-b", "one/two"], ["branch", "-m", "other"],
        ]
    )
    func `every move of HEAD changes a folder that is watched`(command: [String]) throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "1"])
        try place.commit(["a": "2"])
        let paths = try place.open().watchPaths
        let before = try entries(of: paths)
        _ = try place.git(command, in: place.root)
        #expect(try entries(of: paths) != before)
    }

    /// What a watch without the folders below it would see: names, inodes and times.
    private func entries(of folders: [String]) throws -> [String] {
        try folders.flatMap { folder in
            try FileManager.default.contentsOfDirectory(atPath: folder).sorted().compactMap { name in
                var raw = stat()
                guard lstat(folder + "/" + name, &raw) == 0, raw.st_mode & S_IFMT == S_IFREG else { return name }
                return "\(name) \(raw.st_ino) \(raw.st_size) \(raw.st_mtim.tv_sec) \(raw.st_mtim.tv_nsec)"
            }
        }
    }
}
