import Testing

@testable import Watching

@Suite struct JournalTests {
    private func path(_ text: String) -> RawPath { RawPath(text.utf8) }

    @Test func `changes of one path are merged into the last one`() {
        var journal = Journal()
        for text in ["/a", "/b", "/a"] { journal.record(path(text), isDirectory: false) }
        let taken = journal.take()
        #expect(taken.changes == [Change(path: "/b", sequence: 2), Change(path: "/a", sequence: 3)])
        #expect(journal.sequence == 3)
        #expect(journal.take().changes == [])
    }

    @Test func `a removal is kept beside what came back`() {
        var journal = Journal()
        journal.record(path("/a"), isDirectory: true)
        journal.record(path("/a"), isDirectory: true, isRemoval: true)
        journal.record(path("/a"), isDirectory: false)
        #expect(
            journal.take().changes == [
                Change(path: "/a", sequence: 2, isDirectory: true, isRemoval: true), Change(path: "/a", sequence: 3),
            ]
        )
    }

    @Test func `a path that was told with all below it stays so`() {
        var journal = Journal()
        journal.record(path("/a"), isDirectory: true, isRecursive: true)
        journal.record(path("/a"), isDirectory: true)
        #expect(journal.take().changes == [Change(path: "/a", sequence: 2, isDirectory: true, isRecursive: true)])
        journal.record(path("/a"), isDirectory: true)
        #expect(journal.take().changes == [Change(path: "/a", sequence: 3, isDirectory: true)])
    }

    @Test func `nothing is recorded while it is paused`() {
        var journal = Journal()
        journal.isPaused = true
        journal.record(path("/a"), isDirectory: false)
        #expect(journal.take().changes == [])
        #expect(journal.sequence == 0)
    }

    @Test func `too many changes are told as such, once`() {
        var journal = Journal(limit: 3)
        for index in 0..<3 { journal.record(path("/\(index)"), isDirectory: false) }
        #expect(!journal.take().isOverflowed)
        for index in 0..<4 { journal.record(path("/\(index)"), isDirectory: false) }
        #expect(journal.take().isOverflowed)
        #expect(!journal.take().isOverflowed)
        #expect(journal.sequence == 7)
    }
}
