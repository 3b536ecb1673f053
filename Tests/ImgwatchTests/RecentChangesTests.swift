import Engine
import Graph
import Testing

@testable import imgwatch

@Suite struct RecentChangesTests {
    private let app = NodeID("app"), gen = NodeID("gen")

    private func change(_ path: String, _ sequence: Sequence, owner: NodeID? = nil) -> PathChange {
        PathChange(path: path, sequence: sequence, readers: [app], owner: owner)
    }

    @Test func `a node's paths since a point`() {
        var recent = RecentChanges()
        recent.note([change("a", 1), change("b", 2), change("b", 3), change("c", 4, owner: gen)])
        #expect(recent.paths(of: app, since: 1) == ["b", "b", "c"])
        #expect(recent.paths(of: gen, since: 0) == ["c"])
        #expect(recent.paths(of: NodeID("other"), since: 0) == [])
        #expect(recent.paths(of: app, since: 4) == [])
    }

    @Test func `what no path stands for makes everything before it unknown`() {
        var recent = RecentChanges()
        recent.note([change("a", 1)])
        recent.noteUpheaval(2)
        recent.note([change("b", 3)])
        #expect(recent.paths(of: app, since: 1) == nil)
        #expect(recent.paths(of: app, since: 2) == ["b"])
    }

    @Test func `what is forgotten is not taken for unchanged`() {
        var recent = RecentChanges()
        for number in 1...5000 { recent.note([change("\(number)", Sequence(number))]) }
        #expect(recent.paths(of: app, since: 0) == nil)
        #expect(recent.paths(of: app, since: 4990)?.count == 10)
    }
}
