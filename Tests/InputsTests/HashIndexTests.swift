import Foundation
import OCI
import Testing

@testable import Inputs

@Suite struct HashIndexTests {
    /// What no file holds: where it comes out, the file was not read.
    static let remembered = ContentHash(digest: .sha256(of: []), blobID: String(repeating: "0", count: 40))

    @Test func `a file has the names that sha256sum and git give it`() throws {
        let tree = try TemporaryTree(["file": "hello\n", "empty": ""])
        let index = HashIndex()
        let hash = try #require(try index.hash(of: tree.path("file"), tree.stat("file")))
        #expect(hash.digest.hex == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")
        #expect(hash.blobID == "ce013625030ba8dba906f756967f9e9ca394464a")
        let empty = try #require(try index.hash(of: tree.path("empty"), tree.stat("empty")))
        #expect(empty.blobID == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    }

    @Test func `a file that is longer than the buffer is read to its end`() throws {
        let text = String(repeating: "0123456789abcdef", count: 50_000)
        let tree = try TemporaryTree(["file": text, "other": text.dropLast() + "!"])
        let index = HashIndex()
        let hash = try index.hash(of: tree.path("file"), tree.stat("file"))
        #expect(hash?.digest == .sha256(of: text.utf8))
        #expect(try index.hash(of: tree.path("other"), tree.stat("other")) != hash)
    }

    @Test func `a file whose stat is known is not read`() throws {
        let tree = try TemporaryTree(["file": "x"])
        let stat = try tree.stat("file")
        let index = HashIndex([tree.path("file"): IndexedFile(stat: stat, hash: Self.remembered)])
        #expect(try index.hash(of: tree.path("file"), stat) == Self.remembered)
        #expect(index.takeNews().isEmpty)
    }

    /// Each of these is changed in what the index knows, so the file is another one for it.
    static let differences: [@Sendable (inout FileStat) -> Void] = [
        { $0.device += 1 }, { $0.inode += 1 }, { $0.size += 1 }, { $0.modified += 1 }, { $0.changed += 1 },
        { $0.mode ^= 0o100 },
    ]

    @Test(arguments: differences.indices) func `any other stat has the file read again`(index: Int) throws {
        let tree = try TemporaryTree(["file": "x"])
        let stat = try tree.stat("file")
        var known = stat
        Self.differences[index](&known)
        let index = HashIndex([tree.path("file"): IndexedFile(stat: known, hash: Self.remembered)])
        #expect(try index.hash(of: tree.path("file"), stat)?.digest == .sha256(of: "x".utf8))
    }

    @Test func `what was read is written down, outlives the index, and is used by the next one`() throws {
        let tree = try TemporaryTree(["file": "x"])
        try tree.settle("file")
        let stat = try tree.stat("file")
        let first = HashIndex()
        let hash = try #require(try first.hash(of: tree.path("file"), stat))
        let news = first.takeNews()
        #expect(news == [tree.path("file"): IndexedFile(stat: stat, hash: hash)])
        #expect(first.takeNews().isEmpty)
        let second = HashIndex(news.compactMapValues(\.self))
        #expect(try second.hash(of: tree.path("file"), stat) == hash)
        #expect(second.takeNews().isEmpty)
    }

    /// A time that is still to come stands for the tick that is not over: whoever writes next may leave the same times.
    @Test func `what may bear its times with another content is read each time`() throws {
        let tree = try TemporaryTree()
        let index = HashIndex()
        for text in ["a", "b", "c"] {
            try tree.write("file", text)
            try tree.setTime("file", TemporaryTree.future)
            #expect(try index.hash(of: tree.path("file"), tree.stat("file"))?.digest == .sha256(of: text.utf8))
            #expect(index.takeNews().isEmpty)
        }
        try tree.setTime("file", 0)
        try tree.settle("file")
        _ = try index.hash(of: tree.path("file"), tree.stat("file"))
        #expect(!index.takeNews().isEmpty)
    }

    @Test func `an entry that no longer holds is dropped, and the drop is news`() throws {
        let tree = try TemporaryTree(["file": "a"])
        try tree.settle("file")
        let index = HashIndex()
        _ = try index.hash(of: tree.path("file"), tree.stat("file"))
        _ = index.takeNews()
        try tree.setTime("file", TemporaryTree.future)
        _ = try index.hash(of: tree.path("file"), tree.stat("file"))
        let news = index.takeNews()
        #expect(news.keys.sorted() == [tree.path("file")])
        #expect(news[tree.path("file")] == .some(nil))
    }

    @Test func `what differs from an earlier session is known, and else what is new`() throws {
        let tree = try TemporaryTree(["same": "a", "other": "b", "new": "c"])
        let paths = ["same", "other", "new"].map(tree.path)
        func index(other: String) throws -> HashIndex {
            let hashes = try ["same": "a", "other": other].map { name, text in
                let hash = ContentHash(digest: .sha256(of: text.utf8), blobID: "")
                var stat = try tree.stat(name)
                stat.modified -= 1
                return (tree.path(name), IndexedFile(stat: stat, hash: hash))
            }
            let index = HashIndex(Dictionary(hashes) { $1 })
            for name in ["same", "other", "new"] { _ = try index.hash(of: tree.path(name), tree.stat(name)) }
            return index
        }
        #expect(try index(other: "x").changed(among: paths) == [tree.path("other")])
        #expect(try index(other: "b").changed(among: paths) == [tree.path("new")])
        #expect(try index(other: "b").changed(among: [tree.path("same")]).isEmpty)
    }

    @Test func `a file that is another one than the stat says has no hash`() throws {
        let tree = try TemporaryTree(["file": "a"])
        let stat = try tree.stat("file")
        try tree.write("file", "longer")
        #expect(try HashIndex().hash(of: tree.path("file"), stat) == nil)
        try tree.remove("file")
        #expect(try HashIndex().hash(of: tree.path("file"), stat) == nil)
        try tree.link("file", to: "/etc/passwd")
        #expect(try HashIndex().hash(of: tree.path("file"), stat) == nil)
    }

    @Test func `a file that changes while it is read has no hash`() throws {
        let tree = try TemporaryTree(["file": ""])
        let path = tree.path("file")
        try #require(truncate(path, 512 << 20) == 0)
        let stat = try tree.stat("file")
        let writer = Writer(path)
        #expect(try HashIndex().hash(of: path, stat) == nil)
        #expect(writer.finish(), "the reading was over before the file changed")
    }

    @Test func `a file that may not be read is an error that says why`() throws {
        let tree = try TemporaryTree(["file": "secret"])
        chmod(tree.home, 0o755)
        try tree.setMode("file", 0)
        let stat = try tree.stat("file")
        #expect(throws: UnreadableInput(tree.path("file"), EACCES)) {
            try Permissions.asNobody { _ = try HashIndex().hash(of: tree.path("file"), stat) }
        }
    }
}

/// Changes a file as soon as this process has read some of it.
private final class Writer: Sendable {
    private let isDone = DispatchSemaphore(value: 0)
    private let isOver = Flag()
    private let hasWritten = Flag()

    init(_ path: String) {
        let (isDone, isOver, hasWritten) = (isDone, isOver, hasWritten)
        Thread.detachNewThread {
            while !isOver.isSet, !Self.isBeingRead(path) { sched_yield() }
            if !isOver.isSet {
                let descriptor = open(path, O_WRONLY | O_CLOEXEC)
                if write(descriptor, "x", 1) == 1 { hasWritten.set() }
                close(descriptor)
            }
            isDone.signal()
        }
    }

    /// Returns whether the file was changed before this was called.
    func finish() -> Bool {
        isOver.set()
        isDone.wait()
        return hasWritten.isSet
    }

    private static func isBeingRead(_ path: String) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.contains { name in
            guard (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")) == path,
                let info = try? String(contentsOfFile: "/proc/self/fdinfo/\(name)", encoding: .utf8)
            else { return false }
            return !info.hasPrefix("pos:\t0\n")
        }
    }
}
