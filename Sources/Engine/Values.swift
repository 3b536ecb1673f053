/// The engine's small values: moments, operations, keys, what is remembered of a run.

package import Graph

/// A point on the runtime's monotonic clock.
package struct Moment: Hashable, Comparable, Sendable {
    package var sinceStart: Duration
    package init(_ sinceStart: Duration) { self.sinceStart = sinceStart }
    package static func < (a: Self, b: Self) -> Bool { a.sinceStart < b.sinceStart }
    package static func + (moment: Self, duration: Duration) -> Self { Self(moment.sinceStart + duration) }
    package static func - (a: Self, b: Self) -> Duration { a.sinceStart - b.sinceStart }
}

/// A place in the order of everything that the watcher saw; every change has one, and a barrier is the last one given.
package typealias Sequence = Int64

/// Names one keying or one run, so that a late answer finds its question, or nothing.
package struct OperationID: Hashable, Comparable, Sendable {
    package var number: Int
    package init(_ number: Int) { self.number = number }
    package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}

/// What git says of a node's inputs.
///
/// It names a result; it never decides one.
package enum Provenance: Hashable, Sendable {
    /// No input that git could know.
    case none
    /// The newest commit that changed the inputs, its time in seconds, and whether they differ from HEAD.
    case commit(id: String, time: Int64, isDirty: Bool)
    /// There is no git, or the search gave up.
    case unknown

    package var isDirty: Bool {
        if case .commit(_, _, isDirty: true) = self { true } else { false }
    }

    /// What a node that is made from both may be named after.
    package func joined(with other: Self) -> Self {
        switch (self, other) {
        case (.unknown, _), (_, .unknown): .unknown
        case (.none, let known), (let known, .none): known
        case (.commit(let a, let aTime, let aDirty), .commit(let b, let bTime, let bDirty)):
            (aTime, a) >= (bTime, b)
                ? .commit(id: a, time: aTime, isDirty: aDirty || bDirty)
                : .commit(id: b, time: bTime, isDirty: aDirty || bDirty)
        }
    }
}

/// A result under its names: what an image's references show.
package struct Publication: Hashable, Sendable {
    package var key: String
    package var provenance: Provenance
    /// ``Node/destination`` at the time.
    package var destination: String
    /// The greatest barrier among the image's key and every key that it inherits.
    package var round: Sequence
    package init(key: String, provenance: Provenance, destination: String, round: Sequence) {
        (self.key, self.provenance, self.destination, self.round) = (key, provenance, destination, round)
    }
}

/// What is remembered of the run that counted last.
package enum Success: Hashable, Sendable {
    /// The key, and the hash of the outputs that the run left.
    case step(key: String, outputs: String)
    case image(Publication)
    /// With the key of the image that it acted on.
    case deploy(key: String, image: String)
}

/// Why a run did not give what it should; told to the user as it is.
package struct Failure: Error, Hashable, Sendable {
    /// One sentence; for a command, how it ended.
    package var reason: String
    /// A network or registry error that may pass: the engine tries again by itself.
    package var isTransient: Bool
    /// It is not tried again before, where somebody asked for that.
    package var retryAfter: Duration?
    package init(_ reason: String, isTransient: Bool = false, retryAfter: Duration? = nil) {
        (self.reason, self.isTransient, self.retryAfter) = (reason, isTransient, retryAfter)
    }
}

/// Why a node is stale: which files, which edges, or what else.
package struct Cause: Hashable, Sendable {
    package enum Reason: String, Sendable {
        case neverRan = "never run"
        /// For who remembers more of a node that never ran than the engine is told.
        case uncounted = "its last run did not count"
        case inputs = "inputs changed"
        /// For who knows what the key is made of.
        case base = "a base moved"
        case outputs = "outputs changed"
        case definition = "definition changed"
        case references = "references missing"
        case need = "a need changed"
        case oncePerStart = "no inputs: once per start"
        case retry = "retry"
    }
    package var reason: Reason
    /// The first paths that changed, in the order in which they did; at most ``Limits/causePaths``.
    package var paths: [String]
    /// How many changed.
    package var pathCount: Int
    /// The nodes whose results changed.
    package var edges: [NodeID]
    /// The bases from outside the project that are others now; the engine does not know them.
    package var bases: [String] = []
    package init(reason: Reason, paths: [String] = [], pathCount: Int = 0, edges: [NodeID] = []) {
        (self.reason, self.paths, self.pathCount, self.edges) = (reason, paths, pathCount, edges)
    }
}

/// What keeps a stale node from starting.
package enum Hold: Hashable, Sendable {
    case need(NodeID)
    /// A file that is still open for writing.
    case writer(path: String)
    case quiet
    case git
    case slot
    case paused
    case trigger
    /// Its runs change what it is made from: it waits for a second of rest.
    case loop
    case backOff
    /// A run that was cancelled has not ended yet.
    case ending(NodeID)
}
