/// What the engine knows of a node, for who wants to show it.

package import Graph

package struct NodeView: Equatable, Sendable {
    package var status: Status
    /// Whether its last success is one of what is there now, whatever its needs are.
    package var isFresh: Bool
    /// What it needs and what is not fresh, but for what waits for another of them: not empty, it may be stale soon.
    package var openNeeds: [Hold]
    /// With all that it inherits; nil while that is not known.
    package var key: String?
    /// With all that it is made from.
    package var provenance: Provenance
    package var cause: Cause
    /// It failed, and starts again by itself after a while.
    package var triesAgain: Bool
}

extension Engine {
    /// Whether this keying's answer is still waited for.
    package func awaits(_ operation: OperationID, of id: NodeID) -> Bool {
        graph.position(of: id).map { states[$0].keying == operation } ?? false
    }

    /// Whether everything that the node needs, directly or through others, is fresh at this moment.
    package func hasFreshNeeds(_ id: NodeID) -> Bool {
        graph.position(of: id).map { graph.needs[$0].allSatisfy(isFresh) } ?? false
    }

    package func view(of id: NodeID) -> NodeView? {
        graph.position(of: id).map { view($0, statuses()[$0]) }
    }

    /// Of all nodes, in graph order.
    package func views() -> [NodeView] { statuses().enumerated().map { view($0, $1) } }

    private func view(_ node: Int, _ status: Status) -> NodeView {
        var hasFailed = false
        if case .failed = status { hasFailed = true }
        return NodeView(
            status: status,
            isFresh: isFresh(node),
            openNeeds: frontier(graph.needs[node].filter { !isFresh($0) }),
            key: states[node].key,
            provenance: provenance(node),
            cause: cause(node),
            triesAgain: hasFailed && states[node].retryAt != nil
        )
    }
}
