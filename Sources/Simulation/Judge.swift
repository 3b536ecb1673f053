/// What is remembered of a world to hold it against the promises.

import Engine
import Graph

struct Judge: Sendable {
    struct Entry: Sendable {
        /// nil: the loop began.
        var event: Event?
        var at: Moment
        var effects: [Effect]
        /// The slots at that time.
        var parallel: Int
    }

    var violations: [Violation] = []

    // The loop that is up.
    /// Everything it was told and answered, and with what it began: what P7 replays.
    var journal: [Entry] = []
    var graph = Graph([])
    var memory: [NodeID: Success] = [:]
    var began: Sequence = 0
    var isPlanned = false
    var isPaused = false
    /// The last word was `idle`.
    var isIdle = false
    /// Something was told since the last `idle`.
    var owesIdle = true
    /// By node: the last that was said of it.
    var told: [Report?]
    /// By node: a person asked for it.
    var isAsked: [Bool]
    /// How often a person asked to retry.
    var retries = 0
    /// Runs that the engine was not told the end of.
    var active: [Int] = []
    /// The latest re-scan, commit or configuration: all runs of before may be cancelled.
    var upheaval: Sequence = 0
    /// By path: the latest change that was in a batch.
    var delivered: [Path: Sequence] = [:]
    /// By node: the barrier of its latest snapshot; an image's key holds until there.
    var snapshots: [Int: Sequence] = [:]
    /// By node: keys in a row that came after another change of the inputs.
    var overtaken: [Int: Int] = [:]
    /// By node: the number of the configuration for which it is being read.
    var openReadings: [Int: Int] = [:]
    /// Whether an overflow was not followed by a re-scan yet.
    var hasLostEdits = false

    /// By node: when it left the configuration last.
    var left: [Int: Sequence] = [:]
    /// By run of a node that left: the nodes that needed it, and wait for its end.
    var awaiting: [Int: [Int]] = [:]
    /// What was fresh when the loop was stopped, and nothing changed since.
    var settled: Set<Int> = []
    /// By node, in ms: when its own inputs changed first since its last start, and last.
    var disturbed: [Int: (first: Int, last: Int)] = [:]

    // What came of the runs.
    /// By node: its latest run.
    var results: [Result?]
    /// By node: when its runs counted, in ms.
    var counted: [[Int]]

    // Progress.
    /// By node, in ms: since when only its own rest and a slot may be missing.
    var readySince: [Int?]
    /// By node, in ms: since when an image could have been made.
    var unfinishedSince: [Int?]
    /// Since when there is a free slot, in ms.
    var freeSince: Int? = 0
    var sampledAt = 0
    var batchAt = 0
    var gitBusySince: Int?

    init(nodeCount: Int) {
        told = Array(repeating: nil, count: nodeCount)
        isAsked = Array(repeating: false, count: nodeCount)
        results = Array(repeating: nil, count: nodeCount)
        counted = Array(repeating: [], count: nodeCount)
        readySince = Array(repeating: nil, count: nodeCount)
        unfinishedSince = Array(repeating: nil, count: nodeCount)
    }

    /// What the latest run of a node came to, and from what.
    struct Result: Sendable {
        enum Verdict: Sendable {
            case counted
            case failed
            case neither
        }
        var verdict: Verdict
        var recipe: Recipe
        /// A step: what its key was made from, by place among the inputs.
        var inputs: [Content?] = []
        /// A step: the keys of the images that it found.
        var bases: [String] = []
        /// A step: how it left its outputs.
        var outputs: [Content?] = []
        /// An image, a deploy: what it was about.
        var publication: Publication?
        var generation: Int
        var retries: Int
    }

    /// A new loop begins.
    mutating func begin(_ graph: Graph, _ memory: [NodeID: Success], at sequence: Sequence, now: Int) {
        let nodeCount = told.count
        (self.graph, self.memory, began, upheaval) = (graph, memory, sequence, sequence)
        (journal, active, delivered, snapshots, openReadings) = ([], [], [:], [:], [:])
        (awaiting, disturbed, overtaken) = ([:], [:], [:])
        (isPlanned, isPaused, isIdle, hasLostEdits, owesIdle) = (false, false, false, false, true)
        told = Array(repeating: nil, count: nodeCount)
        isAsked = Array(repeating: false, count: nodeCount)
        readySince = Array(repeating: nil, count: nodeCount)
        unfinishedSince = Array(repeating: nil, count: nodeCount)
        (freeSince, gitBusySince) = (now, nil)
    }

    /// A re-scan, or another configuration: everything may have changed.
    mutating func noteUpheaval(_ barrier: Sequence, _ now: Int) {
        upheaval = barrier
        for node in told.indices { disturbed[node] = (disturbed[node]?.first ?? now, now) }
    }
}
