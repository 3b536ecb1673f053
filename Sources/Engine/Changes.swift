/// What changed: batches, readings, git, commands and configurations, as they come in.

import Graph

extension Engine {
    mutating func note(_ changes: [Change]) {
        let suspects = suspects()
        var touched: [Int: [String]] = [:]
        for change in changes {
            var owner = change.owner.flatMap(graph.position(of:))
            var readers = change.readers.compactMap(graph.position(of:))
            if let step = owner, isOwnWrite(change, by: step) {
                // The end of the run is told to whoever needs the step; to others the file is like any other.
                readers.removeAll { graph.needs[$0].contains(step) }
                if readers.isEmpty { continue }
                owner = nil
            }
            owesIdle = true
            treeChangedAt = now
            clearLoops(of: owner.map { [$0] } ?? readers, isInput: owner == nil, suspects)
            for node in (owner.map { [$0] } ?? []) + readers {
                touched[node, default: []].append(change.path)
                states[node].edited = max(states[node].edited, change.sequence)
                states[node].touched = max(states[node].touched, change.sequence)
                states[node].suspects.formUnion(suspects)
                states[node].cause.add(path: change.path)
                states[node].cause.reason = node == owner ? .outputs : .inputs
                supersede(node, changedAt: change.sequence)
            }
        }
        for (node, paths) in touched.sorted(by: { $0.key < $1.key }) { disturb(node, paths) }
    }

    /// Writes under a node's own outputs while it runs are its own, and so is what was queued when it ended.
    private func isOwnWrite(_ change: Change, by owner: Int) -> Bool {
        states[owner].run != nil || change.sequence <= states[owner].lastEnd
    }

    /// The commands that run, and those whose runs may have set them off: what changes now may be their doing.
    private func suspects() -> Set<NodeID> {
        var found: Set<NodeID> = []
        for (node, state) in states.enumerated() where graph.nodes[node].runsCommand {
            if let run = state.run { found.formUnion(run.suspects.union([id(node)])) }
        }
        return found
    }

    /// A change that no run of the node may have led to: what follows from it is no loop.
    private mutating func clearLoops(of nodes: [Int], isInput: Bool, _ suspects: Set<NodeID>) {
        for node in nodes {
            for reached in [node] + graph.dependents[node] where !suspects.contains(id(reached)) {
                clearLoop(reached, isInput: isInput)
            }
        }
    }

    /// A foreign change of outputs is what is counted; a change of inputs begins the count anew.
    private mutating func clearLoop(_ node: Int, isInput: Bool) {
        states[node].starts = 0
        if isInput { states[node].foreignChanges = 0 }
        guard states[node].isLooping else { return }
        states[node].isLooping = false
        states[node].failure = nil
        states[node].retryAt = nil
    }

    /// A change from outside: the node's inputs are not at rest.
    ///
    /// What no path stands for counts as one.
    private mutating func disturb(_ node: Int, _ paths: [String] = [""]) {
        states[node].quiet.note(paths, at: now, after: states[node].changedAt)
        states[node].changedAt = now
        states[node].unseenSince = states[node].unseenSince ?? now
        states[node].rereadAt = nil
    }

    /// An edit during a run supersedes it, unless the run is to finish.
    private mutating func supersede(_ node: Int, changedAt sequence: Sequence) {
        guard let run = states[node].run, sequence > run.barrier, !mayFinish(node) else { return }
        cancel(node)
    }

    func mayFinish(_ node: Int) -> Bool {
        let spec = graph.nodes[node]
        return spec.kind == .deploy || spec.finishesOnChange
            || spec.kind == .image && !spec.runsCommand && (states[node].run?.isProtected ?? false)
    }

    mutating func cancel(_ node: Int, isSuperseded: Bool = true) {
        guard let run = states[node].run, !run.isCancelled else { return }
        states[node].run?.isCancelled = true
        if isSuperseded {
            states[node].supersedes += 1
            effects.append(.report(.superseded(id(node), run.operation, cause(node))))
        }
        effects.append(.cancel(id(node), run.operation))
        if !rules.contains(.awaitCancelled) { states[node].run = nil }
    }

    mutating func noteRescan(_ barrier: Sequence) {
        owesIdle = true
        treeChangedAt = now
        for node in states.indices where graph.nodes[node].kind != .deploy {
            states[node].touched = max(states[node].touched, barrier)
            if states[node].wasAnswered { states[node].cause.reason = .inputs }
            states[node].overtaken = 0
            disturb(node)
            supersede(node, changedAt: barrier)
        }
    }

    /// A commit changes names, not contents: everything is looked at again, and nothing waits for quiet.
    mutating func noteGitRest(_ barrier: Sequence) {
        (gitBusySince, gitSeenAt) = (nil, nil)
        for node in states.indices where graph.nodes[node].kind != .deploy {
            // What git wrote is whole.
            states[node].quiet.rest()
            states[node].touched = max(states[node].touched, barrier)
        }
    }

    mutating func note(_ keying: Keying, of id: NodeID, _ operation: OperationID) {
        guard let node = graph.position(of: id), states[node].keying == operation else { return }
        states[node].keying = nil
        states[node].wasAnswered = true
        guard keying.own != nil || !keying.missing.isEmpty else {
            states[node].writers = keying.writers
            if !keying.writers.isEmpty { states[node].overtaken = 0 }
            states[node].rereadAt = now + (keying.writers.isEmpty ? Limits.unsettledReread : Limits.writerReread)
            return
        }
        guard isSettled(keying, node) else {
            states[node].overtaken = 0
            return
        }
        guard states[node].run == nil, keying.barrier >= states[node].lastEnd else { return }
        states[node].own = keying.own
        states[node].outputs = keying.outputs
        states[node].provenance = keying.provenance
        states[node].missing = keying.missing
        states[node].keyBarrier = keying.barrier
        states[node].keyedBy = operation
        refreshKeys()
        let isOvertaken = states[node].edited > keying.barrier && graph.needs[node].allSatisfy(isFresh)
        states[node].overtaken = isOvertaken ? states[node].overtaken + 1 : 0
        // Nothing will run for these changes: the next one is the first of its own.
        if isFresh(node) || failure(node) != nil { states[node].unseenSince = nil }
        if isFresh(node) {
            states[node].cause = Cause(reason: .inputs)
            states[node].definitionChanged = false
        }
        countForeignChange(node)
    }

    /// Whether nobody holds an input open for writing; after ten seconds, two readings of identical bytes are enough.
    private mutating func isSettled(_ keying: Keying, _ node: Int) -> Bool {
        states[node].writers = keying.writers
        guard !keying.writers.isEmpty else {
            states[node].writersSince = nil
            states[node].suspect = nil
            return true
        }
        let since = states[node].writersSince ?? now
        states[node].writersSince = since
        if now - since >= Limits.writerPatience, states[node].suspect == keying.own { return true }
        states[node].suspect = keying.own
        states[node].rereadAt = now + Limits.writerReread
        return false
    }

    /// Outputs that differ though the key does not were changed by somebody else: soon after each exit is a loop.
    private mutating func countForeignChange(_ node: Int) {
        guard graph.nodes[node].kind == .step, case .step(let key, let outputs)? = states[node].success,
            key == states[node].key, outputs != states[node].outputs
        else { return }
        states[node].cause.reason = .outputs
        guard let endedAt = states[node].lastEndAt, !states[node].isForeignCounted else { return }
        states[node].foreignChanges = now - endedAt <= Limits.foreignWindow ? states[node].foreignChanges + 1 : 0
        states[node].isForeignCounted = true
    }

    mutating func ask(_ id: NodeID) {
        guard let node = graph.position(of: id) else { return }
        for asked in [node] + graph.needs[node] { states[asked].isAsked = true }
    }

    mutating func retryAll() {
        for node in states.indices {
            if states[node].failure != nil { states[node].cause.reason = .retry }
            states[node].failure = nil
            states[node].retryAt = nil
            states[node].starts = 0
            states[node].foreignChanges = 0
            states[node].isLooping = false
        }
    }

    /// Whoever needs it waits for its next run.
    mutating func forgetSuccess(of id: NodeID) {
        guard let node = graph.position(of: id), states[node].success != nil else { return }
        states[node].cause.reason = .references
        forgetSuccess(node)
    }

    mutating func forgetSuccess(_ node: Int) {
        states[node].success = nil
        effects.append(.remember(id(node), nil))
    }

    /// A node that leaves, or whose definition changes, while it runs is cancelled; one that comes back is compared
    /// with what is remembered of it.
    mutating func reload(_ new: Graph, _ memory: [NodeID: Success], _ barrier: Sequence) {
        var kept: [NodeID: NodeState] = [:]
        for (node, spec) in graph.nodes.enumerated() {
            let successor = new[spec.id]
            let isSame = successor?.definition == spec.definition && successor?.kind == spec.kind
            if !isSame { cancel(node, isSuperseded: false) }
            if successor?.kind == spec.kind {
                kept[spec.id] = states[node]
                if !isSame { kept[spec.id]?.definitionChanged = true }
            } else if let run = states[node].run {
                let dependents = graph.dependents[node].map(id)
                departed.append(Departed(node: spec.id, operation: run.operation, dependents: dependents))
            }
        }
        owesIdle = true
        replaceGraph(new)
        states = new.nodes.map { kept[$0.id] ?? NodeState(memory: Self.memory($0, memory)) }
        for node in states.indices where new.nodes[node].kind != .deploy {
            states[node].touched = max(states[node].touched, barrier)
            states[node].parts = []
            states[node].overtaken = 0
            // A reading of before is about another definition.
            states[node].keying = nil
            if states[node].definitionChanged { states[node].cause.reason = .definition }
            disturb(node)
        }
    }
}
