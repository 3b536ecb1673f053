import Foundation
import Testing

@testable import Inputs

@Suite struct FileStatTests {
    @Test func `kinds are told apart, and a link is not followed`() throws {
        let tree = try TemporaryTree(["file": "x", "folder/": ""])
        try tree.link("link", to: "folder")
        let all = [try tree.stat("file"), try tree.stat("folder"), try tree.stat("link")]
        #expect(all.map(\.isFile) == [true, false, false])
        #expect(all.map(\.isDirectory) == [false, true, false])
        #expect(all.map(\.isLink) == [false, false, true])
    }

    @Test func `what is not there has no stat`() throws {
        let tree = try TemporaryTree(["file": "x"])
        #expect(FileStat(of: tree.path("none")) == nil)
        #expect(FileStat(of: tree.path("file/none")) == nil)
    }

    @Test(arguments: [mode_t(0o644), 0o755, 0o4755, 0o2755, 0o1777, 0])
    func `permissions come with setuid, setgid and sticky`(mode: mode_t) throws {
        let tree = try TemporaryTree(["file": "x"])
        try tree.setMode("file", mode)
        #expect(try tree.stat("file").permissions == UInt16(mode))
    }

    @Test func `the size counts bytes, and times count nanoseconds`() throws {
        let tree = try TemporaryTree(["file": "four"])
        var times = [timespec(tv_sec: 1, tv_nsec: 2), timespec(tv_sec: 3, tv_nsec: 4)]
        try #require(utimensat(AT_FDCWD, tree.path("file"), &times, 0) == 0)
        let stat = try tree.stat("file")
        #expect(stat.size == 4)
        #expect(stat.modified == 3_000_000_004)
    }

    @Test func `a reading proves a content only where both times lie well before it`() {
        let old: Int64 = 1_000_000_000_000
        func stat(modified: Int64, changed: Int64) -> FileStat {
            FileStat(device: 1, inode: 1, size: 1, modified: modified, changed: changed, mode: 0o100644)
        }
        #expect(stat(modified: old, changed: old).isProven(by: old + FileStat.racy + 1))
        #expect(!stat(modified: old, changed: old).isProven(by: old + FileStat.racy))
        #expect(!stat(modified: old, changed: old + 1).isProven(by: old + FileStat.racy + 1))
        #expect(!stat(modified: old + 1, changed: old).isProven(by: old + FileStat.racy + 1))
    }

    @Test func `file times are not ahead of the clock`() throws {
        let tree = try TemporaryTree(["file": "x"])
        #expect(try tree.stat("file").changed <= FileStat.now())
    }
}
