/// The gate: which stale node may start now, and what the others wait for.

import Graph

/// What the gate says of a node.
enum Verdict: Equatable, Sendable {
    /// Fresh, failed, or not to run by itself.
    case closed
    /// Something is missing; `until`: time alone may bring it.
    case held([Hold], until: Moment?)
    case open
}

extension Engine {
    /// Asks for readings, starts what may start, and finds out when to look again.
    mutating func settle() {
        var isMoving = true
        while isMoving {
            refreshKeys()
            wakeAt = nil
            for node in states.indices { requestKey(node) }
            notePlanned()
            isMoving = startLongestReady()
        }
        armTimer()
    }

    private mutating func notePlanned() {
        guard !isPlanned else { return }
        isPlanned = states.indices.allSatisfy { graph.nodes[$0].kind == .deploy || states[$0].wasAnswered }
        if isPlanned { effects.append(.report(.planned)) }
    }

    private mutating func armTimer() {
        guard let wakeAt, wakeAt != armed else { return }
        armed = wakeAt
        effects.append(.wake(at: wakeAt))
    }

    mutating func wake(at moment: Moment) { wakeAt = min(wakeAt ?? moment, moment) }

    // MARK: Reading

    /// A node whose batch is complete is read, unless a step under it runs: its inputs would be half-written.
    private mutating func requestKey(_ node: Int) {
        guard states[node].run == nil, isUnkeyed(node), states[node].keying == nil else { return }
        let isBusy = graph.needs[node].contains { states[$0].run != nil && graph.nodes[$0].kind == .step }
        guard !isBusy || !rules.contains(.keyBeforeStart), !isDeparting(node) else { return }
        let due = max(quietEnd(node) ?? now, states[node].rereadAt ?? now)
        guard now >= due else { return wake(at: due) }
        let operation = nextOperation()
        states[node].keying = operation
        states[node].rereadAt = nil
        states[node].quiet.fire(at: now)
        effects.append(.key(id(node), operation))
    }

    /// When the node's own inputs will have been quiet long enough; nil: no change is known.
    func quietEnd(_ node: Int) -> Moment? {
        guard let changedAt = states[node].changedAt else { return nil }
        let period = graph.nodes[node].quiet ?? states[node].quiet.period
        let end = changedAt + period
        guard rules.contains(.capQuiet), let unseen = states[node].unseenSince else { return end }
        // While git is at work nothing starts: what is read meanwhile need not be read at its end.
        let cap = gitBusySince == nil ? states[node].quiet.cap : Limits.quietCap
        return min(end, max(unseen + max(cap, period), changedAt))
    }

    // MARK: Starting

    /// Free slots go to the node that has been ready longest.
    private mutating func startLongestReady() -> Bool {
        var ready: [Int] = []
        for node in states.indices where states[node].run == nil {
            failIfLooping(node)
            switch verdict(node) {
            case .closed:
                states[node].readySince = nil
                if isFresh(node) { noteFresh(node) }
            case .held(let holds, let until):
                // Git holds everybody alike: who waited before it goes first after it.
                states[node].readySince = holds == [.git] ? states[node].readySince ?? now : nil
                if let until { wake(at: until) }
            case .open:
                guard yieldOfDependents(node) else { continue }
                states[node].readySince = states[node].readySince ?? now
                ready.append(node)
            }
        }
        if usedSlots >= parallel { ready.removeAll { !graph.nodes[$0].runsElsewhere } }
        guard let next = ready.min(by: { isBefore($0, $1) }) else { return false }
        start(next)
        return true
    }

    private func isBefore(_ a: Int, _ b: Int) -> Bool {
        guard let first = states[a].readySince, let second = states[b].readySince, first != second else { return a < b }
        return first < second
    }

    var usedSlots: Int {
        states.indices.count { states[$0].run != nil && !graph.nodes[$0].runsElsewhere } + departed.count
    }

    /// Nothing may read what a node is about to change: runs that need it are cancelled, or waited for.
    ///
    /// A deploy reads the registry and not the tree. Returns whether none is left.
    private mutating func yieldOfDependents(_ node: Int) -> Bool {
        guard rules.contains(.gateEveryRun), graph.nodes[node].kind != .deploy else { return true }
        let running = runningDependents(node)
        for dependent in running where !mayFinish(dependent) {
            states[dependent].cause.add(edge: id(node))
            cancel(dependent)
        }
        return runningDependents(node).isEmpty
    }

    func runningDependents(_ node: Int) -> [Int] {
        graph.dependents[node].filter { states[$0].run != nil && graph.nodes[$0].kind != .deploy }
    }

    private func isDeparting(_ node: Int) -> Bool { departing(node) != nil }

    func departing(_ node: Int) -> NodeID? {
        let id = id(node)
        return departed.first { $0.node == id || $0.dependents.contains(id) }?.node
    }

    private mutating func start(_ node: Int) {
        guard let key = states[node].key else { return }
        let spec = graph.nodes[node]
        // What costs elsewhere is started once for each word.
        if spec.runsElsewhere { states[node].isAsked = false }
        let operation = nextOperation()
        let cause = cause(node)
        states[node].run = Run(
            operation: operation,
            key: key,
            barrier: states[node].keyBarrier,
            isProtected: isOvertaken(node)
                || rules.contains(.protectImages) && states[node].supersedes >= Limits.supersedes,
            suspects: states[node].suspects,
            destination: spec.destination,
            cause: cause
        )
        states[node].noteStart()
        owesIdle = true
        reportStale(node, cause)
        states[node].cause = Cause(reason: .inputs)
        states[node].definitionChanged = false
        var publication = Publication(
            key: key,
            provenance: provenance(node),
            destination: spec.destination,
            round: max(states[node].keyBarrier, round(of: graph.needs[node]))
        )
        if spec.kind == .deploy, let shown = deployed(node) {
            publication = shown
            states[node].run?.image = shown.key
        }
        if spec.kind != .image, rules.contains(.voidAtStart) || spec.kind == .deploy {
            forgetSuccess(node)
        }
        effects.append(
            .start(
                Start(
                    node: spec.id,
                    operation: operation,
                    keying: states[node].keyedBy,
                    publication: publication,
                    cause: cause
                )
            )
        )
    }

    /// Why the node is stale, as far as is known.
    func cause(_ node: Int) -> Cause {
        var cause = states[node].cause
        let spec = graph.nodes[node]
        if states[node].definitionChanged, cause.paths.isEmpty { cause.reason = .definition }
        if cause.paths.isEmpty, cause.edges.isEmpty, states[node].success != nil {
            // Its own inputs are what they were: what it is made from is not.
            cause.edges = spec.needs.filter { need in graph.position(of: need).map { !isFresh($0) } ?? false }
        }
        switch states[node].success {
        case .image(let publication)? where publication.key == states[node].key && cause.isEmpty:
            cause.reason = .references
        case .deploy(_, let image)? where cause.isEmpty && cause.reason == .inputs:
            // A deploy reads no files: either its lines are others, or an image that it did not act on is published.
            let isOther = deployed(node).map { $0.key != image } ?? false
            cause.reason = isOther ? .need : .definition
            if isOther { cause.edges = spec.needs.filter { graph[$0]?.kind == .image } }
        case nil where !states[node].hasRun && cause.paths.isEmpty && cause.reason != .references:
            cause.reason = spec.kind == .step && !spec.hasInputs ? .oncePerStart : .neverRan
        default: if cause.paths.isEmpty, !cause.edges.isEmpty, cause.reason == .inputs { cause.reason = .need }
        }
        return cause
    }

    /// A trigger is used up when the node is fresh.
    private mutating func noteFresh(_ node: Int) {
        states[node].isAsked = false
        states[node].isReportedStale = false
    }

    // MARK: The five conditions

    func verdict(_ node: Int) -> Verdict {
        guard isPlanned else { return .closed }
        let state = states[node]
        if isUnkeyed(node), rules.contains(.keyBeforeStart), !isOvertaken(node) { return unkeyedVerdict(node) }
        guard !isFresh(node), state.missing.isEmpty, let key = state.key else { return .closed }
        if let failure = state.failure, failure.key == key, rules.contains(.failedKeyWaits) {
            guard let retryAt = state.retryAt else { return .closed }
            if now < retryAt { return .held([.backOff], until: retryAt) }
        }
        if isPaused { return .held([.paused], until: nil) }
        if graph.nodes[node].isManual, !state.isAsked { return .held([.trigger], until: nil) }
        if let departing = departing(node) { return .held([.ending(departing)], until: nil) }
        if !(state.hasRun && !rules.contains(.gateEveryRun)) {
            let open = graph.needs[node].filter { !isFresh($0) }
            if !open.isEmpty { return .held(frontier(open), until: nil) }
        }
        return restVerdict(node)
    }

    /// Whether edits come faster than an image can be keyed: its run is judged by its own snapshot, so it starts by
    /// a key that is not the newest.
    private func isOvertaken(_ node: Int) -> Bool {
        guard graph.nodes[node].kind == .image, rules.contains(.protectImages),
            states[node].overtaken >= Limits.overtaken
        else { return false }
        // By that key nothing is new.
        if case .image(let shown)? = states[node].success { return shown.key != states[node].key }
        return true
    }

    /// What a node waits for that may be stale.
    private func unkeyedVerdict(_ node: Int) -> Verdict {
        if !states[node].writers.isEmpty { return .held(states[node].writers.map { .writer(path: $0) }, until: nil) }
        let open = graph.needs[node].filter { states[$0].run != nil || !isFresh($0) && !isUnkeyed($0) }
        return .held(open.isEmpty ? [.quiet] : frontier(open), until: nil)
    }

    /// Of several needs that are not fresh, those that do not wait for another of them.
    func frontier(_ open: [Int]) -> [Hold] {
        open.filter { node in !graph.needs[node].contains(where: open.contains) }.map { .need(id($0)) }
    }

    private func restVerdict(_ node: Int) -> Verdict {
        let state = states[node]
        if let quiet = quietEnd(node), now < quiet, rules.contains(.keyBeforeStart) {
            return .held([.quiet], until: quiet)
        }
        if graph.nodes[node].runsCommand, rules.contains(.stopLoops), isSpinning(state) {
            let rest = loopRest(state)
            if now < rest { return .held([.loop], until: rest) }
        }
        if let rest = gitRest, now < rest { return .held([.git], until: rest) }
        return .open
    }

    /// When an unfinished git operation no longer holds: some time after the last change of the tree, and longer while
    /// its process is seen.
    private var gitRest: Moment? {
        guard let busy = gitBusySince, let changed = treeChangedAt else { return nil }
        if let seen = gitSeenAt, now < seen + Limits.gitRest {
            return min(seen + Limits.gitRest, max(changed, busy) + Limits.gitCap, busy + Limits.longestGit)
        }
        return min(changed + Limits.gitRest, busy + Limits.gitCap)
    }

    /// A step that stays stale by what its own runs change fails, and names the paths.
    private mutating func failIfLooping(_ node: Int) {
        let state = states[node]
        let repeats = max(state.starts - Limits.loopStarts, state.foreignChanges - Limits.foreignChanges)
        guard repeats >= Limits.loopRepeats, rules.contains(.stopLoops), graph.nodes[node].runsCommand,
            !isUnkeyed(node), !isFresh(node), let key = state.key, state.failure?.key != key
        else { return }
        let paths = state.cause.paths.isEmpty ? "its inputs" : state.cause.paths.joined(separator: ", ")
        states[node].isLooping = true
        states[node].failure = FailedKey(
            key: key,
            failure: Failure("looping: its runs are followed by changes of \(paths), which start it again")
        )
        let mayTryAgain = repeats < Limits.loopRepeats + Limits.loopChances
        states[node].retryAt = mayTryAgain ? now + Limits.loopChance : nil
    }

    private func loopRest(_ state: NodeState) -> Moment {
        let last = [state.changedAt, state.lastEndAt].compactMap(\.self).max() ?? now
        let rest = last + Limits.loopRest
        return state.unseenSince.map { min(rest, $0 + Limits.loopCap) } ?? rest
    }

    func isSpinning(_ state: NodeState) -> Bool {
        state.starts >= Limits.loopStarts || state.foreignChanges >= Limits.foreignChanges
    }
}
