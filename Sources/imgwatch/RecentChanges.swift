/// The last changes by path: what was read a moment ago needs no second reading but for these.

import Engine
import Graph
import Inputs

struct RecentChanges: Sendable {
    struct Noted {
        var change: PathChange
        /// Whatever is at the path and below may be another one.
        var isWhole: Bool
    }

    /// A checkout of a large project; more is read as a whole.
    private static let limit = 1 << 16

    /// In the order of their places.
    private var changes: [Noted] = []
    /// The latest change that no path stands for: of what a node is called, or of what it reads.
    private(set) var upheaval: Sequence = -1
    /// The latest change of what nodes read.
    private(set) var redefinition: Sequence = -1
    /// By node: of what came until here, not everything is known any more.
    private var floors: [NodeID: Sequence] = [:]

    /// In any order.
    mutating func note(_ batch: [Noted]) {
        let ordered = batch.sorted { $0.change.sequence < $1.change.sequence }
        guard let first = ordered.first else { return }
        let place = end(of: first.change.sequence)
        changes += ordered
        // Most come behind all that is there; what is told late goes among the last ones.
        if place + ordered.count < changes.count {
            changes[place...].sort { $0.change.sequence < $1.change.sequence }
        }
        guard changes.count > Self.limit else { return }
        let dropped = changes.count - Self.limit / 2
        for noted in changes[..<dropped] {
            for node in noted.change.readers + (noted.change.owner.map { [$0] } ?? []) {
                floors[node] = max(floors[node] ?? -1, noted.change.sequence)
            }
        }
        changes.removeFirst(dropped)
    }

    /// Behind all that came until this point.
    private func end(of sequence: Sequence) -> Int {
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].change.sequence <= sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Of the node's paths that changed until here, some are not known.
    mutating func noteLoss(of node: NodeID, at sequence: Sequence) {
        floors[node] = max(floors[node] ?? -1, sequence)
    }

    /// Something changed that no path stands for.
    mutating func noteUpheaval(_ sequence: Sequence) { upheaval = max(upheaval, sequence) }

    /// Nodes may read other paths than before.
    mutating func noteRedefinition(_ sequence: Sequence) {
        noteUpheaval(sequence)
        redefinition = max(redefinition, sequence)
    }

    /// The node's paths that changed after this point, some perhaps twice; nil where that is not known.
    func paths(of node: NodeID, since sequence: Sequence) -> [ChangedPath]? {
        guard sequence >= floors[node] ?? -1 else { return nil }
        return changes[end(of: sequence)...].filter { $0.change.concerns(node) }
            .map { ChangedPath($0.change.path, isWhole: $0.isWhole) }
    }
}

extension PathChange {
    func concerns(_ node: NodeID) -> Bool { owner == node || readers.contains(node) }
}
