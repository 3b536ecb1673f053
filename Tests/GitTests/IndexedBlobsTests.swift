import Foundation
import Git
import Rigs
import Testing

/// Git's own hashing is the judge: what is said unread must be what reading would give.
@Suite(.enabled(if: TemporaryRepository.hasGit, "git is not installed")) struct IndexedBlobsTests {
    @Test func `what is clean is known unread, and what was edited is not`() throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "1", "sub/b": "2", "empty": "", "sub/deep/c": "3"])
        try place.settle()
        let repository = try place.open()
        #expect(try place.proven(repository) == ["a", "empty", "sub/b", "sub/deep/c"])
        try place.write("9", to: "sub/b")
        try place.write("new", to: "sub/new")
        #expect(try place.proven(repository) == ["a", "empty", "sub/deep/c"])
        try place.commit([:])
        try place.settle()
        #expect(try place.proven(repository) == ["a", "empty", "sub/b", "sub/deep/c", "sub/new"])
    }

    @Test func `a change of one stat field alone is no proof`() throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "1"])
        try place.settle()
        let repository = try place.open()
        let file = try place.lookedAt("a")
        func isProven(_ change: (inout IndexedFile) -> Void) -> Bool {
            var changed = file
            change(&changed)
            return repository.indexedBlobs(of: [changed], lookedAtSince: place.now) != [nil]
        }
        #expect(isProven { _ in })
        #expect(!isProven { $0.device += 1 })
        #expect(!isProven { $0.inode += 1 })
        #expect(!isProven { $0.size += 1 })
        #expect(!isProven { $0.modified -= 1 })
        #expect(!isProven { $0.changed -= 1 })
        #expect(!isProven { $0.changed -= 1_000_000_000 })
        #expect(!isProven { $0.user += 1 })
        #expect(!isProven { $0.group += 1 })
        #expect(!isProven { $0.mode = S_IFLNK | 0o777 })
        #expect(!isProven { $0.path = "b" })
        #expect(repository.indexedBlobs(of: [file], lookedAtSince: file.changed) == [nil])
        #expect(repository.indexedBlobs(of: [file], lookedAtSince: file.changed + 20_000_000) == [nil])
        #expect(repository.indexedBlobs(of: [file], lookedAtSince: file.changed + 20_000_001) != [nil])
    }

    @Test func `what was written shortly before the index is no proof`() throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "1"])
        let repository = try place.open()
        try place.git("add", "a")
        var times = [timespec(), timespec()]
        let file = try place.lookedAt("a")
        for (age, expected) in [(20_000_000, []), (20_000_001, ["a"])] as [(Int64, [String])] {
            let written = file.changed + age
            let time = timespec(tv_sec: Int(written / 1_000_000_000), tv_nsec: Int(written % 1_000_000_000))
            times = [time, time]
            #expect(utimensat(AT_FDCWD, place.root + "/.git/index", &times, 0) == 0)
            try place.passRacyTime()
            #expect(try place.proven(repository) == expected)
        }
    }

    @Test(
        arguments: [
            ("", "plain\n", true), ("* text=auto\n", "one\n", true), ("* text=auto\n", "one\r\n", false),
            ("* text eol=crlf\n", "one\r\n", false), ("f.txt -text\n", "one\r\n", true), ("* binary\n", "\0\r\n", true),
            ("*.txt ident\n", "$Id$\n", false), ("*.md ident\n", "$Id$\n", true), ("*.txt filter=none\n", "x\n", false),
            ("*.txt filter=none\nf.txt -filter\n", "x\n", true), ("*.txt working-tree-encoding=UTF-16\n", "x\n", false),
            ("[attr]odd filter=none\n*.txt odd\n", "x\n", false), ("*.txt linguist-vendored\n", "x\n", true),
        ]
    )
    func `a file that git converts has to be read`(attributes: String, content: String, isProven: Bool) throws {
        let place = try TemporaryRepository()
        let bytes = attributes.contains("encoding") ? "\u{FEFF}" + content : content
        try bytes.write(toFile: place.root + "/f.txt", atomically: false, encoding: bytes == content ? .utf8 : .utf16)
        try place.commit([:])
        // Where they come from does not matter: the work tree, the folder above, the index, or outside both.
        for file in [".gitattributes", "../attributes", ".git/info/attributes"] {
            try? FileManager.default.removeItem(atPath: place.root + "/.gitattributes")
            try? FileManager.default.removeItem(atPath: place.folder + "/attributes")
            try place.git("config", "core.attributesFile", place.folder + "/attributes")
            try place.write(attributes, to: file)
            try place.git("rm", "-q", "--cached", "f.txt")
            try place.git("add", "f.txt")
            try place.settle()
            #expect(try place.proven(place.open()).contains("f.txt") == isProven, "\(file)")
        }
    }

    @Test func `attributes hold below their folder, and from the index where the work tree lacks them`() throws {
        let place = try TemporaryRepository()
        try place.commit(["a/.gitattributes": "*.bin filter=none\n", "a/b/f.bin": "1", "c/f.bin": "2"])
        try place.settle()
        let repository = try place.open()
        #expect(try place.proven(repository) == ["a/.gitattributes", "c/f.bin"])
        try FileManager.default.removeItem(atPath: place.root + "/a/.gitattributes")
        #expect(try place.proven(repository) == ["c/f.bin"])
        try place.write("# none\n", to: "a/.gitattributes")
        #expect(try place.proven(repository) == ["a/b/f.bin", "c/f.bin"])
    }

    @Test func `conversions of the past that changed the size are noticed`() throws {
        let place = try TemporaryRepository()
        try place.commit([".gitattributes": "* text eol=crlf\n", "f": "one\ntwo\n"])
        try FileManager.default.removeItem(atPath: place.root + "/f")
        try place.git("checkout", "f")
        // Builds of git that compare whole seconds are sure only then, and say otherwise that they are not.
        try place.passSecond()
        // An entry that git could not be sure of says so until it is compared again.
        try place.git("update-index", "-q", "--refresh", "--force-write-index")
        try place.git("rm", "-q", ".gitattributes")
        let (repository, file) = (try place.open(), try place.lookedAt("f"))
        #expect(repository.cleanBlobs(of: [file], lookedAtSince: place.now) != [nil])
        #expect(repository.indexedBlobs(of: [file], lookedAtSince: place.now) == [nil])
    }

    @Test func `files may have gone through a filter of the past that keeps their size`() throws {
        let place = try TemporaryRepository()
        try place.git("config", "filter.upper.clean", "tr A-Z a-z")
        try place.git("config", "filter.upper.smudge", "tr a-z A-Z")
        try place.commit([".gitattributes": "f filter=upper\n", "f": "one\n"])
        try FileManager.default.removeItem(atPath: place.root + "/f")
        try place.git("checkout", "f")
        // Builds of git that compare whole seconds are sure only then, and say otherwise that they are not.
        try place.passSecond()
        // An entry that git could not be sure of says so until it is compared again.
        try place.git("update-index", "-q", "--refresh", "--force-write-index")
        try place.git("rm", "-q", ".gitattributes")
        #expect(try String(contentsOfFile: place.root + "/f", encoding: .utf8) == "ONE\n")
        let (repository, file) = (try place.open(), try place.lookedAt("f"))
        #expect(repository.cleanBlobs(of: [file], lookedAtSince: place.now) != [nil])
        #expect(repository.indexedBlobs(of: [file], lookedAtSince: place.now) == [nil])
    }

    @Test(arguments: Shape.allCases) func `every shape of repository has proofs or none`(shape: Shape) throws {
        let place = try TemporaryRepository()
        let tree = try shape.make(in: place)
        if shape != .corruptIndex { try place.settle(in: tree) }
        let file = try place.lookedAt("kept/a", in: tree)
        let repository = try place.open(tree)
        let hash = try place.git("hash-object", "--no-filters", "-t", "blob", tree + "/kept/a", in: place.folder)
        #expect(
            repository.indexedBlobs(of: [file], lookedAtSince: place.now) == [shape.hasIndex ? BlobID(hex: hash) : nil]
        )
        #expect(
            repository.cleanBlobs(of: [file], lookedAtSince: place.now) == [shape.hasIndex ? BlobID(hex: hash) : nil]
        )
    }

    @Test func `a clean file behind a filter is known to be clean, though not what it holds`() throws {
        let place = try TemporaryRepository()
        try place.git("config", "filter.short.clean", "head -c 3")
        try place.commit([".gitattributes": "*.bin filter=short\n", "f.bin": "a long file\n"])
        try place.settle()
        try place.git("config", "--unset", "filter.short.clean")
        let repository = try place.open()
        let file = try place.lookedAt("f.bin")
        #expect(repository.indexedBlobs(of: [file], lookedAtSince: place.now) == [nil])
        let stored = try BlobID(hex: place.git("rev-parse", "HEAD:f.bin"))
        #expect(repository.cleanBlobs(of: [file], lookedAtSince: place.now) == [stored])
        try place.write("another one\n", to: "f.bin")
        #expect(try repository.cleanBlobs(of: [place.lookedAt("f.bin")], lookedAtSince: place.now) == [nil])
    }

    @Test func `many threads ask at once, while the index changes`() async throws {
        let place = try TemporaryRepository()
        let names = (0..<50).map { "f\($0)" }
        try place.commit(Dictionary(uniqueKeysWithValues: names.map { ($0, $0) }))
        try place.settle()
        let (repository, now) = (try place.open(), place.now)
        let files = try names.map { try place.lookedAt($0) }
        let expected = try names.map { BlobID(hex: try place.git("hash-object", "--no-filters", $0)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<20 {
                        #expect(repository.indexedBlobs(of: files, lookedAtSince: now) == expected)
                        let head = try repository.head()
                        #expect(head != nil)
                    }
                }
            }
            for _ in 0..<10 { try place.git("update-index", "--force-write-index") }
            try await group.waitForAll()
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `whatever is done to the files, no id is wrong`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let place = try TemporaryRepository()
        try place.git("config", "filter.lfs.clean", "sed 's/^/more /'")
        try place.git("config", "filter.lfs.smudge", "sed 's/^more //'")
        try place.commit(["a": "1\n", "b.txt": "2\n", "sub/c.txt": "3\n", "sub/d": "4\n"])
        try place.git("branch", "other")
        let repository = try place.open()
        var proofs = 0
        for step in 0..<40 {
            let edit = try RandomEdit.make(in: place, using: &random)
            if random.next(below: 3) == 0 { try place.settle() }
            let before = place.now
            let paths = try place.files()
            let files = try paths.map { try place.lookedAt($0) }
            let ids = repository.indexedBlobs(of: files, lookedAtSince: before)
            let known = zip(paths, ids).compactMap { path, id in id.map { (path, $0.hex) } }
            let list = known.map { $0.0 + "\n" }.joined()
            let hashes = try place.git("hash-object", "--no-filters", "--stdin-paths", input: list)
            #expect(known.map(\.1) == hashes.split(separator: "\n").map(String.init), "seed \(seed), \(step): \(edit)")
            proofs += known.count
        }
        #expect(proofs > 20)
    }
}

extension TemporaryRepository {
    /// Nanoseconds since the epoch.
    var now: Int64 { Int64(Date().timeIntervalSince1970 * 1e9) }

    func lookedAt(_ path: String, in tree: String? = nil) throws -> IndexedFile {
        var raw = stat()
        guard lstat((tree ?? root) + "/" + path, &raw) == 0 else { throw CommandFailed(text: "no \(path)") }
        return IndexedFile(
            path: path,
            device: UInt64(raw.st_dev),
            inode: UInt64(raw.st_ino),
            size: Int64(raw.st_size),
            modified: Int64(raw.st_mtim.tv_sec) * 1_000_000_000 + Int64(raw.st_mtim.tv_nsec),
            changed: Int64(raw.st_ctim.tv_sec) * 1_000_000_000 + Int64(raw.st_ctim.tv_nsec),
            mode: raw.st_mode,
            user: raw.st_uid,
            group: raw.st_gid
        )
    }

    /// Files and links of the work tree, sorted.
    func files() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root).filter { path in
            var raw = stat()
            guard !path.hasPrefix(".git/"), lstat(root + "/" + path, &raw) == 0 else { return false }
            return raw.st_mode & S_IFMT != S_IFDIR
        }.sorted()
    }

    /// The files whose content is known unread; that it is the right one is expected on the way.
    fileprivate func proven(_ repository: Repository) throws -> [String] {
        let before = now
        let paths = try files()
        let ids = try repository.indexedBlobs(of: paths.map { try lookedAt($0) }, lookedAtSince: before)
        return try zip(paths, ids).compactMap { path, id in
            guard let id else { return nil }
            let hash = try git("hash-object", "--no-filters", path)
            #expect(id.hex == hash)
            return path
        }
    }
}

/// What people and git do to a work tree, and to what git knows of it.
private enum RandomEdit: CaseIterable {
    case write, writeAfterAdd, add, touch, mode, link, remove, checkout, reset, stash, flag, attributes, configuration

    private static let contents = ["1\n", "2\n", "3\n", "", "$Id$\n", "$Id: x $\n", "1\r\n2\r\n", "one\ntwo\n", "é\n"]
    private static let paths = ["a", "b.txt", "sub/c.txt", "sub/d", "sub/new.txt"]
    private static let attributeFiles = [
        "", "* text=auto\n", "*.txt text eol=crlf\n", "*.txt ident\n", "*.txt filter=lfs\n", "* -text\n",
        "*.txt working-tree-encoding=UTF-16\n", "*.txt filter=missing\n",
    ]
    private static let configurations = [
        ["core.autocrlf", "true"], ["core.autocrlf", "input"], ["core.autocrlf", "false"],
        ["core.trustctime", "false"], ["core.trustctime", "true"], ["core.checkStat", "minimal"],
        ["core.checkStat", "default"], ["core.fileMode", "false"], ["core.fileMode", "true"],
    ]
    private static let flags = [
        "--assume-unchanged", "--no-assume-unchanged", "--skip-worktree", "--no-skip-worktree",
    ]

    static func make(in place: TemporaryRepository, using random: inout SplitMix) throws -> String {
        func pick<T>(_ values: [T]) -> T { values[random.next(below: values.count)] }
        let (edit, path, content) = (pick(allCases), pick(paths), pick(contents))
        let file = place.root + "/" + path
        // Git refuses some of these, as it does when people try.
        func git(_ arguments: String...) { _ = try? place.git(arguments, in: place.root) }
        if [.write, .writeAfterAdd, .link, .remove].contains(edit) { unlinkIfLink(file) }
        switch edit {
        case .write: try place.write(content, to: path)
        case .writeAfterAdd:
            // Of one size, as fast as can be.
            for digit in ["1\n", "2\n", "3\n"] {
                try place.write(digit, to: path)
                if random.next(below: 2) == 0 { git("add", path) }
            }
        case .add: git("add", random.next(below: 3) == 0 ? "--intent-to-add" : "--all", path)
        case .touch: _ = utimes(file, nil)
        case .mode: chmod(file, random.next(below: 2) == 0 ? 0o755 : 0o644)
        case .link:
            try? FileManager.default.removeItem(atPath: file)
            symlink("a", file)
        case .remove: try? FileManager.default.removeItem(atPath: file)
        case .checkout:
            git("commit", "--quiet", "--all", "--message", "change")
            git("checkout", "--quiet", "--force", pick(["main", "other"]))
        case .reset: git("reset", "--quiet", "--hard")
        case .stash:
            git("stash", "--quiet")
            git("stash", "pop", "--quiet")
        case .flag: git("update-index", pick(flags), path)
        case .attributes: try place.write(pick(attributeFiles), to: ".gitattributes")
        case .configuration:
            let words = pick(configurations)
            git("config", words[0], words[1])
        }
        return "\(edit) \(path) \(content.debugDescription)"
    }

    private static func unlinkIfLink(_ file: String) {
        var raw = stat()
        if lstat(file, &raw) == 0, raw.st_mode & S_IFMT == S_IFLNK { unlink(file) }
    }
}
