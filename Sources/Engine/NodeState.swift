/// What the engine knows of one node.

import Graph

struct NodeState: Sendable {
    // What the last keying read.
    var own: String?
    var outputs = ""
    var provenance = Provenance.none
    var missing: [String] = []
    var keyBarrier: Sequence = -1
    /// The keying that gave `own`.
    var keyedBy: OperationID?
    /// The keying under way.
    var keying: OperationID?
    /// Keys in a row that were old when they came: the inputs had changed again meanwhile.
    var overtaken = 0
    /// Whether any keying was answered since the node joined.
    var wasAnswered = false
    /// Inputs that were open for writing, since when, and what they hashed to then.
    var writers: [String] = []
    var writersSince: Moment?
    var suspect: String?
    /// The node is not read again before this.
    var rereadAt: Moment?

    /// The key of the node with all that it inherits; nil while something of it is not known.
    var key: String?
    /// What `key` was combined from.
    var parts: [String] = []

    // What changed.
    /// The latest change that concerns the node; later than `keyBarrier`: the node is not keyed.
    var touched: Sequence = 0
    /// The latest of these that no run of a step made.
    var edited: Sequence = -1
    var changedAt: Moment?
    /// The first change from outside that no run has seen.
    var unseenSince: Moment?
    var quiet = Quiet()
    var cause = Cause(reason: .neverRan)
    var definitionChanged = false

    // What ran.
    var run: Run?
    var success: Success?
    var failure: FailedKey?
    var retryAt: Moment?
    var backOff = Limits.firstBackOff
    var supersedes = 0
    var lastEnd: Sequence = -1
    var lastEndAt: Moment?
    /// A foreign change of the outputs was seen after it.
    var isForeignCounted = false
    var hasRun = false
    /// Steps whose runs may have led to the changes that no run has seen.
    var suspects: Set<NodeID> = []
    /// Starts since the last change that no run of the node may have led to.
    var starts = 0
    /// Foreign changes of the outputs in a row, each soon after an exit.
    var foreignChanges = 0
    var isLooping = false

    var isAsked = false
    // What the user was told.
    var isReportedStale = false
    /// That it failed, is blocked, or waits, and nothing after that.
    var isTroubleTold = false
    var reportedFailure: Failure?
    var reportedHolds: [Hold] = []
    var reportedBlockers: [NodeID] = []
    /// Since when only a slot is missing.
    var readySince: Moment?

    init(memory: Success?) {
        success = memory
        if memory != nil { cause.reason = .inputs }
    }

    /// What was between its last run and this one is over.
    mutating func noteStart() {
        suspects = []
        hasRun = true
        (retryAt, readySince, unseenSince) = (nil, nil, nil)
        overtaken = 0
        starts += 1
        (failure, reportedFailure) = (nil, nil)
        (isLooping, isTroubleTold) = (false, false)
    }
}

struct Run: Sendable {
    var operation: OperationID
    var key: String
    /// The barrier of the keying that the run is judged by.
    var barrier: Sequence
    /// An edit does not cancel it.
    var isProtected: Bool
    var isCancelled = false
    /// Steps whose runs may have led to this one.
    var suspects: Set<NodeID>
    /// Where an image goes that this run makes, whatever the configuration says by then.
    var destination: String
    var cause: Cause
    /// A deploy: the key of the image that it acts on.
    var image = ""
}

struct FailedKey: Sendable {
    var key: String
    var failure: Failure
}

/// The adaptive quiet period of one node's inputs.
///
/// It grows while changes keep arriving right after a batch was taken for complete, and shrinks when they don't:
/// one save costs 10 ms, a formatter that writes a file every 20 ms costs a few runs instead of a hundred.
struct Quiet: Sendable {
    private var paths = 0
    /// The paths of the burst, until they are a flood.
    private var names: Set<String> = []
    /// When the burst began.
    private var beganAt: Moment?
    private var factor = 1
    private var firedAt: Moment?
    private(set) var period = Limits.quiet
    /// How long the node waits at most, from the first change that no run has seen.
    var cap: Duration { isFlood ? Limits.floodCap : Limits.quietCap }
    private var isFlood: Bool { names.count > Limits.flood }

    mutating func note(_ changed: [String], at now: Moment, after last: Moment?) {
        if let last, now - last >= Limits.burst { (factor, paths, names) = (1, 0, []) }
        if let firedAt {
            if now - firedAt < Limits.refire {
                factor = min(factor * 2, 32)
            } else {
                factor = max(factor / 2, 1)
            }
            (self.firedAt, paths, names) = (nil, 0, [])
        }
        if names.isEmpty { beganAt = now }
        paths += changed.count
        for name in changed where names.count <= Limits.flood { names.insert(name) }
        period = min(Limits.quiet(paths: paths) * factor, Limits.longestQuiet)
        // Who writes for seconds pauses for longer, too.
        if isFlood, let beganAt { period = max(period, min((now - beganAt) / 8, Limits.longestFloodQuiet)) }
    }

    mutating func fire(at now: Moment) { firedAt = now }

    /// No more of the burst will come.
    mutating func rest() { (paths, names, period) = (0, [], min(period, Limits.quiet)) }

    /// The batch was complete: what was made of it counts.
    mutating func succeed() {
        (firedAt, paths, names) = (nil, 0, [])
        factor = max(factor / 2, 1)
    }
}

extension Cause {
    /// Whether it names neither a file nor a node.
    var isEmpty: Bool { paths.isEmpty && edges.isEmpty }

    mutating func add(path: String) {
        guard !paths.contains(path) else { return }
        pathCount += 1
        if paths.count < Limits.causePaths { paths.append(path) }
    }

    mutating func add(edge: NodeID) {
        if !edges.contains(edge) { edges.append(edge) }
    }

    /// What a run that did not count was started for comes before what came later.
    func followed(by later: Cause) -> Cause {
        var all = self
        for path in later.paths { all.add(path: path) }
        all.pathCount = max(all.pathCount, later.pathCount)
        for edge in later.edges { all.add(edge: edge) }
        let isNamed = !later.paths.isEmpty || !later.edges.isEmpty
        if later.reason != .neverRan, isNamed || later.reason != .inputs { all.reason = later.reason }
        return all
    }
}
