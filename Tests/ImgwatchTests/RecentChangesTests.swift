import Engine
import Graph
import Inputs
import Testing

@testable import imgwatch

@Suite struct RecentChangesTests {
    private let app = NodeID("app"), gen = NodeID("gen")

    private func change(_ path: String, _ sequence: Sequence, owner: NodeID? = nil) -> PathChange {
        PathChange(path: path, sequence: sequence, readers: [app], owner: owner)
    }

    private func note(_ changes: PathChange..., in recent: inout RecentChanges) {
        for change in changes { recent.note([RecentChanges.Noted(change: change, isWhole: false)]) }
    }

    private func paths(_ recent: RecentChanges, of node: NodeID, since sequence: Sequence) -> [String]? {
        recent.paths(of: node, since: sequence)?.map(\.path)
    }

    @Test func `a node's paths since a point`() {
        var recent = RecentChanges()
        note(change("a", 1), change("b", 2), change("b", 3), change("c", 4, owner: gen), in: &recent)
        #expect(paths(recent, of: app, since: 1) == ["b", "b", "c"])
        #expect(paths(recent, of: gen, since: 0) == ["c"])
        #expect(paths(recent, of: NodeID("other"), since: 0) == [])
        #expect(paths(recent, of: app, since: 4) == [])
        recent.note([RecentChanges.Noted(change: change("gone", 5), isWhole: true)])
        #expect(recent.paths(of: app, since: 4) == [ChangedPath("gone", isWhole: true)])
    }

    @Test func `what is told late has its place among what came later`() {
        var recent = RecentChanges()
        note(change("a", 2), change("b", 5), change("c", 9), in: &recent)
        recent.note([7, 1, 5, 12].map { RecentChanges.Noted(change: change("late \($0)", $0), isWhole: false) })
        #expect(paths(recent, of: app, since: 0) == ["late 1", "a", "b", "late 5", "late 7", "c", "late 12"])
        #expect(paths(recent, of: app, since: 5) == ["late 7", "c", "late 12"])
    }

    @Test func `what was lost makes everything before it unknown, of that node`() {
        var recent = RecentChanges()
        note(change("a", 1, owner: gen), in: &recent)
        recent.noteLoss(of: app, at: 2)
        note(change("b", 3), in: &recent)
        #expect(paths(recent, of: app, since: 1) == nil)
        #expect(paths(recent, of: app, since: 2) == ["b"])
        #expect(paths(recent, of: gen, since: 0) == ["a"])
    }

    @Test func `what no path stands for leaves what was read as it is`() {
        var recent = RecentChanges()
        note(change("a", 1), in: &recent)
        recent.noteUpheaval(2)
        #expect((recent.upheaval, recent.redefinition) == (2, -1))
        recent.noteRedefinition(3)
        #expect((recent.upheaval, recent.redefinition) == (3, 3))
        #expect(paths(recent, of: app, since: 0) == ["a"])
    }

    @Test func `what is forgotten is not taken for unchanged`() {
        var recent = RecentChanges()
        for number in 1...70_000 { note(change("\(number)", Sequence(number)), in: &recent) }
        #expect(recent.paths(of: app, since: 0) == nil)
        #expect(recent.paths(of: app, since: 69_990)?.count == 10)
    }
}
