import Foundation
import Git
import OCI
import Testing

@testable import Inputs

@Suite struct HashIndexTests {
    @Test func `a file has the names that sha256sum and git give it`() throws {
        let tree = try TemporaryTree(["file": "hello\n", "empty": ""])
        let index = HashIndex()
        let hash = try #require(try index.hash(of: tree.path("file"), tree.stat("file"))).hash
        #expect(hash.digest?.hex == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")
        #expect(hash.blobID.hex == "ce013625030ba8dba906f756967f9e9ca394464a")
        let empty = try #require(try index.hash(of: tree.path("empty"), tree.stat("empty"))).hash
        #expect(empty.blobID.hex == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    }

    @Test func `a file that is longer than the buffer is read to its end`() throws {
        let text = String(repeating: "0123456789abcdef", count: 50_000)
        let tree = try TemporaryTree(["file": text, "other": text.dropLast() + "!"])
        let index = HashIndex()
        let hash = try index.hash(of: tree.path("file"), tree.stat("file"))?.hash
        #expect(hash?.digest == .sha256(of: text.utf8))
        #expect(try index.hash(of: tree.path("other"), tree.stat("other"))?.hash != hash)
    }

    /// A stat that says the same of other content stands for a file that is not read.
    @Test func `a file that was read is not read again, unless a change was told`() throws {
        let tree = try TemporaryTree(["file": "x"])
        try tree.settle("file")
        let stat = try tree.stat("file")
        let index = HashIndex()
        #expect(try index.hash(of: tree.path("file"), stat) == FoundHash(hash: ContentHash("x"), isProven: true))
        try tree.write("file", "y")
        #expect(try index.hash(of: tree.path("file"), stat)?.hash == ContentHash("x"))
        #expect(try index.hash(of: tree.path("file"), tree.stat("file"), isTold: true)?.hash == ContentHash("y"))
        index.forget()
        #expect(try index.hash(of: tree.path("file"), stat) == nil)
    }

    /// A time that is still to come stands for the tick that is not over: whoever writes next may leave the same times.
    @Test func `what may bear its times with another content is not proven, and read each time`() throws {
        let tree = try TemporaryTree()
        let index = HashIndex()
        for text in ["a", "b", "c"] {
            try tree.write("file", text)
            try tree.setTime("file", TemporaryTree.future)
            let found = try index.hash(of: tree.path("file"), tree.stat("file"))
            #expect(found == FoundHash(hash: ContentHash(text), isProven: false))
        }
        try tree.setTime("file", 0)
        try tree.settle("file")
        #expect(try index.hash(of: tree.path("file"), tree.stat("file"))?.isProven == true)
    }

    @Test func `a digest is found for what git named, once, and only while the file holds that`() throws {
        let tree = try TemporaryTree(["file": "x"])
        let index = HashIndex()
        let named = ContentHash(blobID: ContentHash("x").blobID, digest: nil)
        #expect(named == ContentHash("x"))
        #expect(index.digest(of: tree.path("file"), named) == .sha256(of: "x".utf8))
        #expect(index.digest(of: tree.path("gone"), named) == .sha256(of: "x".utf8))
        let other = ContentHash(blobID: ContentHash("y").blobID, digest: nil)
        #expect(index.digest(of: tree.path("file"), other) == nil)
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
