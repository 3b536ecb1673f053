import Foundation
import Git
import Testing

/// Two commits, against git's own comparison.
@Suite(.enabled(if: TemporaryRepository.hasGit, "git is not installed")) struct TreeComparisonTests {
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `what changed between two commits is what git diff shows`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let place = try TemporaryRepository()
        try place.git("fast-import", "--quiet", input: RandomHistory(commits: 100, using: &random).stream)
        let commits = try place.git("rev-list", "--all").split(separator: "\n").map(String.init)
        let repository = try place.open()
        for _ in 0..<25 {
            let old = commits[random.next(below: commits.count)]
            let new = commits[random.next(below: commits.count)]
            let paths = random.sample(RandomHistory.files + RandomHistory.folders)
            let changes = try repository.changedFiles(from: old, to: new, under: paths)
            #expect(try changes == place.diff(old, new, paths), "seed \(seed), \(old) \(new) \(paths)")
        }
    }

    @Test func `modes, links, submodules and changes of type count, equal content does not`() throws {
        let place = try TemporaryRepository()
        let files = FileManager.default
        let old = try place.commit([
            "mode": "1", "type": "2", "folder/a": "3", "same/b": "4", "gone/c": "5", "touched": "6",
        ])
        #expect(chmod(place.root + "/mode", 0o755) == 0)
        try files.removeItem(atPath: place.root + "/type")
        try files.createSymbolicLink(atPath: place.root + "/type", withDestinationPath: "mode")
        try files.removeItem(atPath: place.root + "/folder")
        try place.write("now a file", to: "folder")
        try files.removeItem(atPath: place.root + "/gone")
        try place.write("6", to: "touched")
        try place.git("add", "-A")
        try place.git("update-index", "--add", "--cacheinfo", "160000,\(old),vendor/lib")
        try place.git("commit", "-q", "-m", "all at once")
        let new = try place.git("rev-parse", "HEAD")
        let repository = try place.open()
        for (from, to) in [(old, new), (new, old)] {
            let changes = try #require(try repository.changedFiles(from: from, to: to, under: [""]))
            #expect(try changes == place.diff(from, to, ["."]))
            #expect(
                changes.keys.map(\.text).sorted() == ["folder", "folder/a", "gone/c", "mode", "type", "vendor/lib"]
            )
            var files = try place.files(of: from)
            for (path, file) in changes { files[path] = file }
            #expect(try files == place.files(of: to))
        }
        let below = try repository.changedFiles(from: old, to: new, under: ["vendor/lib/src", "same", "missing"])
        #expect(below == ["vendor/lib": TreeFile(mode: 0o160000, id: old)])
        #expect(try repository.changedFiles(from: new, to: new, under: [""]) == [:])
    }

    @Test func `a commit that is no longer here has no comparison, a wrong name is an error`() throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "1"])
        let lost = try place.commit(["a": "2"])
        try place.git("reset", "-q", "--hard", "HEAD~1")
        let head = try place.git("rev-parse", "HEAD")
        #expect(try place.open().changedFiles(from: lost, to: head, under: [""])?.count == 1)
        try place.git("reflog", "expire", "--expire=now", "--all")
        try place.git("update-ref", "-d", "ORIG_HEAD")
        try place.git("gc", "-q", "--prune=now")
        #expect(try place.open().changedFiles(from: lost, to: head, under: [""]) == nil)
        #expect(try place.open().changedFiles(from: head, to: lost, under: [""]) == nil)
        #expect(throws: GitError.self) { try place.open().changedFiles(from: "HEAD", to: head, under: [""]) }
    }

    @Test func `trees that a partial clone lacks have no comparison`() throws {
        let place = try TemporaryRepository()
        try place.git("config", "uploadpack.allowFilter", "true")
        let old = try place.commit(["a/f": "1"])
        let new = try place.commit(["a/f": "2"])
        let clone = place.folder + "/partial"
        try place.git("clone", "-q", "--filter=tree:0", "file://" + place.root, clone)
        #expect(try place.open(clone).changedFiles(from: old, to: new, under: ["a"]) == nil)
        #expect(try place.open(clone).changedFiles(from: new, to: new, under: ["a"]) == [:])
    }
}

extension TemporaryRepository {
    fileprivate func diff(_ old: String, _ new: String, _ paths: [String]) throws -> [GitPath: TreeFile?] {
        let command = ["diff", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=none", old, new, "--"]
        var changes: [GitPath: TreeFile?] = [:]
        for line in try git(command + paths, in: root).split(separator: "\n") {
            let parts = line.split(separator: "\t")
            let words = parts[0].split(separator: " ")
            let file = TreeFile(mode: UInt32(words[1], radix: 8) ?? 0, id: String(words[3]))
            changes.updateValue(words[4] == "D" ? nil : file, forKey: GitPath(String(parts[1])))
        }
        return changes
    }

    fileprivate func files(of commit: String) throws -> [GitPath: TreeFile] {
        var files: [GitPath: TreeFile] = [:]
        for line in try git("ls-tree", "-r", commit).split(separator: "\n") {
            let parts = line.split(separator: "\t")
            let words = parts[0].split(separator: " ")
            files[GitPath(String(parts[1]))] = TreeFile(mode: UInt32(words[0], radix: 8) ?? 0, id: String(words[2]))
        }
        return files
    }
}
