import Testing

@testable import Simulation

@Suite struct TreeTests {
    var tree = Tree(names: ["a", "b"])

    @Test mutating func `a file that is written again with the same bytes is another file`() {
        _ = tree.write(0, 7)
        let first = tree.files[0]
        _ = tree.write(0, 7, inPlace: true)
        let second = tree.files[0]
        _ = tree.write(0, 7)
        #expect(first?.inode == second?.inode)
        #expect(first != second)
        #expect(tree.files[0]?.inode != second?.inode)
    }

    @Test mutating func `a file that is not there cannot be removed`() {
        let isRemoved = tree.write(0, nil)
        #expect(!isRemoved && !tree.hasNews)
        let isWritten = tree.write(0, 1)
        #expect(isWritten && tree.hasNews)
    }

    @Test mutating func `the past stays known`() {
        _ = tree.write(0, 1)
        _ = tree.write(1, 5)
        _ = tree.write(0, 2)
        _ = tree.write(0, nil)
        #expect((0...4).map { tree.content(of: 0, at: $0) } == [nil, 1, 1, 2, nil])
        #expect(tree.content(of: 0) == nil)
        #expect(tree.lastChange(of: 0) == 4)
    }

    @Test mutating func `the queue is handed out once, in order`() {
        _ = tree.write(1, 1)
        _ = tree.write(0, 1)
        let (first, second) = (tree.drain(), tree.drain())
        #expect(first?.map(\.path) == [1, 0])
        #expect(second?.isEmpty == true)
    }

    @Test mutating func `an overflow loses what was queued and what comes before it is noticed`() {
        _ = tree.write(0, 1)
        tree.overflow()
        _ = tree.write(1, 1)
        let lost = tree.drain()
        #expect(lost == nil)
        _ = tree.write(0, 2)
        let news = tree.drain()
        #expect(news?.map(\.path) == [0])
    }
}
