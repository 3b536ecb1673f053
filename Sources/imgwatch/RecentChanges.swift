/// The last changes by path: what was read a moment ago needs no second reading but for these.

import Engine
import Graph

struct RecentChanges: Sendable {
    private static let limit = 4096

    private var changes: [PathChange] = []
    /// Of what came until here, not everything is known.
    private(set) var floor: Sequence = -1

    mutating func note(_ new: [PathChange]) {
        changes += new
        guard changes.count > Self.limit else { return }
        let dropped = changes.count - Self.limit / 2
        floor = max(floor, changes[..<dropped].map(\.sequence).max() ?? floor)
        changes.removeFirst(dropped)
    }

    /// Something changed that no path stands for.
    mutating func noteUpheaval(_ sequence: Sequence) { floor = max(floor, sequence) }

    /// The node's paths that changed after this point, some perhaps twice; nil where that is not known.
    func paths(of node: NodeID, since sequence: Sequence) -> [String]? {
        guard sequence >= floor else { return nil }
        return changes.filter { $0.sequence > sequence && $0.concerns(node) }.map(\.path)
    }
}

extension PathChange {
    func concerns(_ node: NodeID) -> Bool { owner == node || readers.contains(node) }
}
