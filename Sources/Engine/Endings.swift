/// What came of a run: its snapshot is judged, and its end counts, fails, or sends the node round again.

import Graph

extension Engine {
    /// The commit gate: the needs are looked at once more after the snapshot's barrier.
    mutating func judge(_ snapshot: Snapshot, of id: NodeID, _ operation: OperationID) {
        guard let node = graph.position(of: id), let run = states[node].run, run.operation == operation,
            !run.isCancelled
        else { return }
        let needs = graph.needs[node]
        guard !rules.contains(.commitGate) || needs.allSatisfy(isFresh), let bases = baseKeys(node) else {
            return cancel(node)
        }
        if snapshot.barrier >= states[node].keyBarrier { note(snapshot, of: node) }
        let publication = Publication(
            key: combine(snapshot.own, bases),
            provenance: provenance(node),
            destination: run.destination,
            round: max(snapshot.barrier, round(of: needs))
        )
        // What becomes of the run is about what the snapshot holds, not about what it was started for.
        states[node].run?.key = publication.key
        effects.append(.publish(id, operation, publication))
    }

    /// A snapshot is a reading, too; where it found what the key says, the key holds at its barrier.
    private mutating func note(_ snapshot: Snapshot, of node: Int) {
        states[node].provenance = snapshot.provenance
        guard snapshot.own == states[node].own else { return }
        states[node].keyBarrier = snapshot.barrier
        if !isUnkeyed(node) { states[node].unseenSince = nil }
    }

    /// The greatest barrier among the keys of these nodes.
    func round(of nodes: [Int]) -> Sequence { nodes.map { states[$0].keyBarrier }.max() ?? -1 }

    mutating func note(_ end: RunEnd, of id: NodeID, _ operation: OperationID) {
        if let gone = departed.firstIndex(where: { $0.operation == operation }) {
            departed.remove(at: gone)
            noteDeparted(end, of: id)
        }
        guard let node = graph.position(of: id), let run = states[node].run, run.operation == operation else { return }
        states[node].run = nil
        states[node].lastEnd = end.barrier
        states[node].lastEndAt = now
        states[node].isForeignCounted = false
        switch graph.nodes[node].kind {
        case .step: noteStep(end, of: node, run)
        case .image: noteImage(end, of: node, run)
        case .deploy: noteDeploy(end, of: node, run)
        }
    }

    /// What a node published that left is remembered for its return, or it is back already.
    private mutating func noteDeparted(_ end: RunEnd, of id: NodeID) {
        guard end.outcome == .succeeded, let publication = end.publication else { return }
        effects.append(.remember(id, .image(publication)))
        if let node = graph.position(of: id) { states[node].success = .image(publication) }
    }

    private mutating func noteStep(_ end: RunEnd, of node: Int, _ run: Run) {
        let isClean = !end.inputsChanged || !rules.contains(.countUnchanged)
        switch end.outcome {
        case .succeeded where !end.missingOutputs.isEmpty && isClean:
            let missing = end.missingOutputs.joined(separator: ", ")
            fail(node, run, Failure("the command succeeded, but did not make \(missing)"))
        case .succeeded where isClean: count(end, of: node, run)
        case .failed(let failure) where isClean: fail(node, run, failure)
        default: goRound(node, run)
        }
        if !isClean || end.outcome == .cancelled || states[node].touched > run.barrier {
            states[node].touched = max(states[node].touched, end.barrier)
        } else {
            // Nothing touched it since its key, and the end looked again: the key holds at the end's barrier.
            states[node].keyBarrier = max(states[node].keyBarrier, end.barrier)
            states[node].outputs = end.outputs
        }
        for dependent in graph.dependents[node] {
            states[dependent].touched = max(states[dependent].touched, end.barrier)
            states[dependent].suspects.formUnion(run.suspects.union([id(node)]))
            if graph.nodes[dependent].sources.contains(id(node)) { states[dependent].cause.add(edge: id(node)) }
        }
    }

    private mutating func count(_ end: RunEnd, of node: Int, _ run: Run) {
        let success = Success.step(key: run.key, outputs: end.outputs)
        states[node].success = success
        states[node].outputs = end.outputs
        succeed(node)
        effects += [.remember(id(node), success), .report(.finished(id(node), run.operation))]
    }

    private mutating func succeed(_ node: Int) {
        states[node].quiet.succeed()
        states[node].supersedes = 0
        states[node].failure = nil
        states[node].retryAt = nil
        states[node].backOff = Limits.firstBackOff
    }

    private mutating func fail(_ node: Int, _ run: Run, _ failure: Failure) {
        states[node].failure = FailedKey(key: run.key, failure: failure)
        states[node].supersedes = 0
        states[node].cause = run.cause.followed(by: states[node].cause)
        states[node].reportedFailure = failure
        states[node].isTroubleTold = true
        effects.append(.report(.failed(id(node), failure)))
        if !rules.contains(.containFailure) { forgetSomeBatch(but: node) }
    }

    /// What a tool does that keeps a list of changes and clears it after a failure.
    ///
    /// Only the simulator asks for it.
    private mutating func forgetSomeBatch(but failed: Int) {
        let other = states.indices.first {
            $0 != failed && states[$0].run == nil && states[$0].own != nil && isUnkeyed($0)
        }
        if let other { states[other].keyBarrier = states[other].touched }
    }

    /// Neither a success nor a failure.
    private mutating func goRound(_ node: Int, _ run: Run) {
        states[node].cause = run.cause.followed(by: states[node].cause)
        effects.append(.report(.uncounted(id(node), run.operation)))
    }

    private mutating func noteImage(_ end: RunEnd, of node: Int, _ run: Run) {
        switch end.outcome {
        case .succeeded:
            guard let publication = end.publication else { return goRound(node, run) }
            states[node].success = .image(publication)
            succeed(node)
            effects += [.remember(id(node), .image(publication)), .report(.finished(id(node), run.operation))]
            for child in graph.dependents[node] where graph.nodes[child].needs.contains(id(node)) {
                states[child].cause.add(edge: id(node))
            }
        case .failed(let failure):
            fail(node, run, failure)
            guard failure.isTransient || end.isHalfDone else { return }
            // The request may have been carried out: what the references show now is not known.
            forgetSuccess(node)
            guard failure.isTransient, rules.contains(.retryTransient) else { return }
            states[node].retryAt = now + max(states[node].backOff, failure.retryAfter ?? .zero)
            states[node].backOff = min(states[node].backOff * 2, Limits.longestBackOff)
        case .cancelled: goRound(node, run)
        }
    }

    private mutating func noteDeploy(_ end: RunEnd, of node: Int, _ run: Run) {
        switch end.outcome {
        case .succeeded:
            let success = Success.deploy(key: run.key, image: run.image)
            states[node].success = success
            succeed(node)
            effects += [.remember(id(node), success), .report(.finished(id(node), run.operation))]
        case .failed(let failure): fail(node, run, failure)
        case .cancelled: goRound(node, run)
        }
    }
}
