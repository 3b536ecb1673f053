/// What every node's state means to the user, and the reports when it changes.

package import Graph

package enum Status: Equatable, Sendable {
    /// Not known yet: its batch is not read.
    case unkeyed
    case fresh
    case running
    /// May start when all of these are gone; none: it starts with the next event.
    case stale([Hold])
    case failed(Failure)
    case blocked(by: [NodeID])
    /// For a person: manual, or paused.
    case waiting([Hold])

    /// Whether only an event from outside can change it.
    var isAtRest: Bool {
        switch self {
        case .fresh, .failed, .blocked, .waiting: true
        case .unkeyed, .running, .stale: false
        }
    }
}

extension Engine {
    /// By position in the graph.
    func statuses() -> [Status] {
        var found: [Status] = []
        for node in states.indices { found.append(status(node, found)) }
        return found
    }

    private func status(_ node: Int, _ earlier: [Status]) -> Status {
        let state = states[node]
        if state.run != nil { return .running }
        let failure = failure(node)
        if let failure, !failure.isTransient { return .failed(failure) }
        let blockers = graph.needs[node].filter { earlier[$0].blocks }
        if !blockers.isEmpty { return .blocked(by: blockers.map(id)) }
        if let failure { return .failed(failure) }
        if isUnkeyed(node) {
            guard case .held(let holds, _) = verdict(node), holds != [.quiet] else { return .unkeyed }
            return .stale(holds)
        }
        if isFresh(node) { return .fresh }
        switch verdict(node) {
        case .closed: return .unkeyed
        case .held(let holds, _): return holds == [.paused] || holds == [.trigger] ? .waiting(holds) : .stale(holds)
        case .open:
            let dependents = runningDependents(node)
            return .stale(dependents.isEmpty ? [.slot] : dependents.map { .ending(id($0)) })
        }
    }

    /// The failure that holds now: a missing input, or the latest start's, while the key is the same.
    func failure(_ node: Int) -> Failure? {
        let state = states[node]
        guard !isUnkeyed(node) else { return nil }
        if !state.missing.isEmpty { return Failure(state.missing.joined(separator: "; ")) }
        guard let failed = state.failure, failed.key == state.key, !isFresh(node) else { return nil }
        return failed.failure
    }

    // MARK: Reports

    /// Tells what is new in the states of the nodes, and at last that nothing is left to do.
    mutating func report() {
        guard isPlanned else { return }
        let statuses = statuses()
        for (node, status) in statuses.enumerated() { report(node, status) }
        guard owesIdle, departed.isEmpty, statuses.allSatisfy(\.isAtRest),
            states.allSatisfy({ $0.run == nil && $0.keying == nil }),
            !states.indices.contains(where: isUnkeyed)
        else { return }
        owesIdle = false
        effects.append(.report(.idle))
    }

    private mutating func report(_ node: Int, _ status: Status) {
        var holds: [Hold] = []
        var blockers: [NodeID] = []
        var failure: Failure?
        switch status {
        case .failed(let found):
            failure = found
            if states[node].reportedFailure != found { tell(.failed(id(node), found)) }
        case .blocked(let by): blockers = by
        case .stale(let found):
            // A moment later it is known which needs are stale.
            guard !graph.needs[node].contains(where: isBeingRead) else { return }
            holds = found.filter { isWorthTelling($0) }
            if !isUnkeyed(node) { reportStale(node, cause(node)) }
        case .waiting(let found): holds = found
        case .fresh:
            if states[node].isTroubleTold {
                // What blocked it is looked at just now.
                guard graph.needs[node].allSatisfy(isFresh) else { return }
                states[node].isTroubleTold = false
                tell(.recovered(id(node)))
            }
        case .unkeyed, .running: break
        }
        if holds != states[node].reportedHolds, !holds.isEmpty { tell(.waiting(id(node), holds)) }
        if blockers != states[node].reportedBlockers, !blockers.isEmpty { tell(.blocked(id(node), by: blockers)) }
        if failure != nil || !holds.isEmpty || !blockers.isEmpty { states[node].isTroubleTold = true }
        guard status != .unkeyed else { return }
        (states[node].reportedHolds, states[node].reportedBlockers) = (holds, blockers)
        states[node].reportedFailure = failure
    }

    /// Not known yet, and nothing keeps it from being read.
    private func isBeingRead(_ node: Int) -> Bool {
        isUnkeyed(node) && states[node].run == nil
            && !graph.needs[node].contains { states[$0].run != nil && graph.nodes[$0].kind == .step }
    }

    /// A need that is not read yet, and a quiet period, pass before anybody has read of them.
    private func isWorthTelling(_ hold: Hold) -> Bool {
        switch hold {
        case .quiet: false
        case .need(let need): graph.position(of: need).map { states[$0].run != nil || !isUnkeyed($0) } ?? true
        default: true
        }
    }

    mutating func reportStale(_ node: Int, _ cause: Cause) {
        guard !states[node].isReportedStale else { return }
        states[node].isReportedStale = true
        tell(.stale(id(node), cause))
    }

    private mutating func tell(_ report: Report) {
        effects.append(.report(report))
        owesIdle = true
    }
}

extension Status {
    /// What keeps everything that needs the node from running until somebody acts.
    var blocks: Bool {
        switch self {
        case .failed, .waiting: true
        default: false
        }
    }
}
