/// What somebody who reads along was told already: an outage is told once, however often the loop tries again, and a
/// node that waits for several others is told once, and not again for each of them that is there.

import Engine
import Graph

struct Repetitions: Sendable {
    /// Nodes that are tried again by themselves, and why they failed.
    private var failures: [NodeID: String] = [:]
    private var blockers: [NodeID: [Hold]] = [:]

    private var waiting: [NodeID: [Hold]] = [:]

    /// Whether the event says nothing that was not said.
    mutating func isRepetition(_ event: LoopEvent) -> Bool {
        switch event.event {
        case .changed, .reloaded: (failures, blockers, waiting) = ([:], [:], [:])
        case .started:
            event.node.map { waiting[$0] = nil }
            guard event.cause?.reason == .retry else { return event.node.map { failures[$0] != nil } ?? false }
            forget(event.node)
        case .failed:
            guard let node = event.node, event.holds.contains(.backOff) else { break }
            defer { failures[node] = event.reason }
            return failures[node] == event.reason && event.reason != nil
        case .finished, .pushed, .reused: forget(event.node)
        case .waiting:
            guard let node = event.node else { break }
            defer { waiting[node] = event.holds }
            return waitsForTries(event) || waiting[node].map { Set($0).isSuperset(of: event.holds) } ?? false
        case .blocked:
            guard let node = event.node else { break }
            waiting[node] = nil
            defer { blockers[node] = event.holds }
            return blockers[node] == event.holds && waitsForTries(event)
        case .ready, .stale, .log, .superseded, .idle, .notice: break
        }
        return false
    }

    private func waitsForTries(_ event: LoopEvent) -> Bool {
        !event.holds.isEmpty && event.holds.allSatisfy { hold in hold.node.map { failures[$0] != nil } ?? false }
    }

    private mutating func forget(_ node: NodeID?) {
        guard let node else { return }
        (failures[node], blockers[node], waiting[node]) = (nil, nil, nil)
    }
}
