/// What somebody who reads along was told already: an outage is told once, however often the loop tries again.

import Engine
import Graph

struct Repetitions: Sendable {
    /// Nodes that are tried again by themselves, and why they failed.
    private var failures: [NodeID: String] = [:]
    private var blockers: [NodeID: [Hold]] = [:]

    /// Whether the event says nothing but what follows from another try that failed as the last one did.
    mutating func isRepetition(_ event: LoopEvent) -> Bool {
        switch event.event {
        case .changed, .reloaded: (failures, blockers) = ([:], [:])
        case .started:
            guard event.cause?.reason == .retry else { return event.node.map { failures[$0] != nil } ?? false }
            forget(event.node)
        case .failed:
            guard let node = event.node, event.holds.contains(.backOff) else { break }
            defer { failures[node] = event.reason }
            return failures[node] == event.reason && event.reason != nil
        case .finished, .pushed, .reused: forget(event.node)
        case .waiting: return waitsForTries(event)
        case .blocked:
            guard let node = event.node else { break }
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
        (failures[node], blockers[node]) = (nil, nil)
    }
}
