/// When may a node run? The loop of imgwatch as a pure state machine: events go in, effects come out.

package import Graph

/// The engine reads no clock, touches no file and starts no task.
///
/// Given the same events at the same moments it returns the same effects, in the same order (P7).
package struct Engine: Sendable {
    /// The key of an image, from its own and those of the images that it needs, in the order of its needs; pure.
    package typealias Combine = @Sendable (_ own: String, _ bases: [String]) -> String

    let rules: Rules
    let combine: Combine
    /// How many runs may go on at once.
    package var parallel: Int
    private(set) var graph: Graph
    /// By position in the graph.
    var states: [NodeState]
    /// Runs of nodes that left the configuration, until their end is confirmed.
    var departed: [Departed] = []
    var lastOperation = 0
    var isPaused = false
    var isPlanned = false
    var gitBusySince: Moment?
    /// When a process was seen last that may write for git.
    var gitSeenAt: Moment?
    /// When a file of the tree changed last that no step run owns.
    var treeChangedAt: Moment?
    /// What the event under way led to.
    var effects: [Effect] = []
    /// The earliest moment at which something may start that may not now.
    var wakeAt: Moment?
    /// The wake-up that the runtime was asked for.
    var armed: Moment?
    var owesIdle = true
    /// The moment of the event under way.
    var now = Moment(.zero)

    package init(
        _ graph: Graph,
        memory: [NodeID: Success] = [:],
        parallel: Int,
        rules: Rules = .all,
        combine: @escaping Combine
    ) {
        (self.graph, self.parallel, self.rules, self.combine) = (graph, parallel, rules, combine)
        states = graph.nodes.map { NodeState(memory: Self.memory($0, memory)) }
    }

    /// The first call: everything is read.
    package mutating func begin(at now: Moment) -> [Effect] {
        self.now = now
        return finish()
    }

    package mutating func handle(_ event: Event, at now: Moment) -> [Effect] {
        self.now = now
        switch event {
        case .changed(let changes): note(changes)
        case .rescanned(let barrier): noteRescan(barrier)
        case .keyed(let id, let operation, let keying): note(keying, of: id, operation)
        case .snapshot(let id, let operation, let snapshot): judge(snapshot, of: id, operation)
        case .ended(let id, let operation, let end):
            note(end, of: id, operation)
            owesIdle = true
        case .gitBusy: gitBusySince = gitBusySince ?? now
        case .gitAtWork: gitSeenAt = now
        case .gitRest(let barrier): noteGitRest(barrier)
        case .woke: armed = nil
        case .told: owesIdle = true
        case .pause: isPaused = true
        case .resume: isPaused = false
        case .trigger(let id): ask(id)
        case .retry: retryAll()
        case .lost(let id): forgetSuccess(of: id)
        case .reloaded(let graph, let memory, let barrier): reload(graph, memory, barrier)
        }
        return finish()
    }

    package func status(of id: NodeID) -> Status {
        graph.position(of: id).map { statuses()[$0] } ?? .unkeyed
    }

    private mutating func finish() -> [Effect] {
        settle()
        report()
        defer { effects = [] }
        return effects
    }

    mutating func nextOperation() -> OperationID {
        lastOperation += 1
        return OperationID(lastOperation)
    }

    mutating func replaceGraph(_ graph: Graph) { self.graph = graph }

    /// A step without inputs runs once per start of the loop, so nothing is remembered of it.
    static func memory(_ node: Node, _ memory: [NodeID: Success]) -> Success? {
        node.kind == .step && !node.hasInputs ? nil : memory[node.id]
    }
}

/// A run whose node left the configuration while it ran.
struct Departed: Sendable {
    var node: NodeID
    var operation: OperationID
    /// They needed it, and wait for its end.
    var dependents: [NodeID]
}

extension Engine {
    func id(_ node: Int) -> NodeID { graph.nodes[node].id }

    func isUnkeyed(_ node: Int) -> Bool {
        graph.nodes[node].kind != .deploy && (states[node].touched > states[node].keyBarrier)
    }

    /// What the node may be named after, with all that it is made from.
    func provenance(_ node: Int) -> Provenance {
        graph.sources[node].reduce(.none) { $0.joined(with: states[$1].provenance) }
    }

    /// Fresh is a comparison with what is now, never a list of changes not yet handled.
    func isFresh(_ node: Int) -> Bool {
        let state = states[node]
        guard state.run == nil, state.missing.isEmpty, let key = state.key else { return false }
        if isUnkeyed(node), rules.contains(.keyBeforeStart) { return false }
        switch state.success {
        case .step(let counted, let outputs):
            return counted == key && (outputs == state.outputs || !rules.contains(.voidAtStart))
        case .image(let publication):
            guard publication.key == key, publication.destination == graph.nodes[node].destination else { return false }
            let provenance = provenance(node)
            return provenance.isDirty || publication.provenance == provenance
        case .deploy(let published, _): return published == key
        case nil: return false
        }
    }

    /// Combines the keys anew where something of them changed; in graph order, so that bases come first.
    mutating func refreshKeys() {
        for node in states.indices {
            switch graph.nodes[node].kind {
            case .step, .image: combineKey(node)
            case .deploy:
                states[node].key = deployed(node).map { combine(graph.nodes[node].definition, [$0.key]) }
            }
        }
    }

    /// What a deploy acts on: the publication of the image that it needs.
    func deployed(_ node: Int) -> Publication? {
        for need in graph.nodes[node].needs {
            if let at = graph.position(of: need), case .image(let publication) = states[at].success {
                return publication
            }
        }
        return nil
    }

    private mutating func combineKey(_ node: Int) {
        guard let own = states[node].own, let bases = baseKeys(node) else {
            states[node].key = nil
            states[node].parts = []
            return
        }
        guard graph.nodes[node].kind == .image || !bases.isEmpty else { return states[node].key = own }
        let parts = [own] + bases
        guard parts != states[node].parts else { return }
        states[node].parts = parts
        states[node].key = combine(own, bases)
    }

    /// The keys of the images that an image needs itself; nil while one is not known.
    func baseKeys(_ node: Int) -> [String]? {
        var keys: [String] = []
        for need in graph.nodes[node].needs {
            guard let position = graph.position(of: need), graph.nodes[position].kind == .image else { continue }
            guard let key = states[position].key else { return nil }
            keys.append(key)
        }
        return keys
    }
}
