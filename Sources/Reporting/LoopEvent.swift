/// One thing that happened in the loop, with every field of the schema in docs/events.md.

package import Engine
package import Graph
package import Project

package struct LoopEvent: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case ready, reloaded, changed, stale, waiting, started, log, finished, pushed, reused, superseded, failed
        case blocked, idle, notice
    }
    package enum Stream: String, Sendable { case stdout, stderr }
    /// A node of the project, as `ready` and `reloaded` list it.
    package struct Member: Equatable, Sendable {
        package var node: NodeID
        package var kind: NodeKind
        package init(_ node: NodeID, _ kind: NodeKind) { (self.node, self.kind) = (node, kind) }
    }

    /// The version of the schema: a field may be added, none changes its meaning or goes away.
    package static let version = 1

    package var event: Kind
    package var time: Timestamp
    /// The project's name.
    package var project: String?
    /// Where its images go, as the user is told: the embedded registry's URL, or the configured registry.
    package var registry: String?
    /// All nodes, needs first.
    package var nodes: [Member]
    package var node: NodeID?
    package var kind: NodeKind?
    package var round: Int64?
    package var key: String?
    /// The reference that names exactly this content.
    package var ref: String?
    /// Every reference that shows it now, `ref` first.
    package var refs: [String]
    package var digest: String?
    package var cause: Cause?
    package var holds: [Hold]
    /// One sentence; where an instruction of a Dockerfile failed, what it printed last stands below, line by line.
    package var reason: String?
    /// How long the run took.
    package var ms: Int?
    /// How many layers the registry did not have.
    package var layers: Int?
    /// How many bytes were written to the registry.
    package var bytes: Int?
    package var stream: Stream?
    /// One line of a run's output, without its line feed; may hold escape sequences.
    package var line: String?
    package var diagnostics: [Diagnostic]

    package init(
        _ event: Kind,
        at time: Timestamp,
        project: String? = nil,
        registry: String? = nil,
        nodes: [Member] = [],
        node: NodeID? = nil,
        kind: NodeKind? = nil,
        round: Int64? = nil,
        key: String? = nil,
        ref: String? = nil,
        refs: [String] = [],
        digest: String? = nil,
        cause: Cause? = nil,
        holds: [Hold] = [],
        reason: String? = nil,
        ms: Int? = nil,
        layers: Int? = nil,
        bytes: Int? = nil,
        stream: Stream? = nil,
        line: String? = nil,
        diagnostics: [Diagnostic] = []
    ) {
        (self.event, self.time) = (event, time)
        (self.project, self.registry, self.nodes) = (project, registry, nodes)
        (self.node, self.kind, self.round, self.key) = (node, kind, round, key)
        (self.ref, self.refs, self.digest) = (ref, refs, digest)
        (self.cause, self.holds, self.reason) = (cause, holds, reason)
        (self.ms, self.layers, self.bytes) = (ms, layers, bytes)
        (self.stream, self.line, self.diagnostics) = (stream, line, diagnostics)
    }
}

extension LoopEvent {
    /// What an engine's report tells the user.
    ///
    /// The caller adds what only the runtime knows: `ms`, `key`, `round`, `project` and `registry`.
    ///
    /// - Returns: nil where another event tells it: an image's end is `pushed` or `reused`. For
    ///   ``Report/uncounted(_:_:)`` a `superseded` with a reason, which the caller drops where the same run was
    ///   reported superseded before.
    package init?(_ report: Report, in graph: Graph, at time: Timestamp) {
        switch report {
        case .planned: self.init(.ready, at: time, nodes: graph.nodes.map { Member($0.id, $0.kind) })
        case .stale(let node, let cause): self.init(.stale, at: time, node: node, cause: cause)
        case .waiting(let node, let holds): self.init(.waiting, at: time, node: node, holds: holds)
        case .finished(let node, _):
            guard graph[node]?.kind != .image else { return nil }
            self.init(.finished, at: time, node: node)
        case .uncounted(let node, _):
            self.init(.superseded, at: time, node: node, reason: "what it is made from changed while it ran")
        case .superseded(let node, _, let cause): self.init(.superseded, at: time, node: node, cause: cause)
        case .failed(let node, let failure): self.init(.failed, at: time, node: node, reason: failure.reason)
        case .blocked(let node, let needs):
            self.init(.blocked, at: time, node: node, holds: needs.map(Hold.need))
        case .recovered(let node):
            self.init(.reused, at: time, node: node, reason: "nothing that it is made from differs from the last time")
        case .idle: self.init(.idle, at: time)
        }
        kind = node.flatMap { graph[$0]?.kind }
    }

    /// One line of a run's output: broken UTF-8 is repaired, a carriage return at the end is taken off.
    package static func log(_ line: some Collection<UInt8>, of node: Node, _ stream: Stream, at time: Timestamp) -> Self
    {
        var text = String(decoding: line, as: UTF8.self)
        if text.unicodeScalars.last == "\r" { text.unicodeScalars.removeLast() }
        return Self(.log, at: time, node: node.id, kind: node.kind, stream: stream, line: text)
    }
}
