/// The last changes by path: what was read a moment ago needs no second reading but for these.

import Engine
import Graph

struct RecentChanges: Sendable {
    private static let limit = 4096

    private var changes: [PathChange] = []
    /// The latest change that no path stands for.
    private(set) var upheaval: Sequence = -1
    /// By node: of what came until here, not everything is known any more.
    private var floors: [NodeID: Sequence] = [:]

    mutating func note(_ new: [PathChange]) {
        changes += new
        guard changes.count > Self.limit else { return }
        let dropped = changes.count - Self.limit / 2
        for change in changes[..<dropped] {
            for node in change.readers + (change.owner.map { [$0] } ?? []) {
                floors[node] = max(floors[node] ?? -1, change.sequence)
            }
        }
        changes.removeFirst(dropped)
    }

    /// Something changed that no path stands for.
    mutating func noteUpheaval(_ sequence: Sequence) { upheaval = max(upheaval, sequence) }

    /// The node's paths that changed after this point, some perhaps twice; nil where that is not known.
    func paths(of node: NodeID, since sequence: Sequence) -> [String]? {
        guard sequence >= max(upheaval, floors[node] ?? -1) else { return nil }
        return changes.filter { $0.sequence > sequence && $0.concerns(node) }.map(\.path)
    }
}

extension PathChange {
    func concerns(_ node: NodeID) -> Bool { owner == node || readers.contains(node) }
}
