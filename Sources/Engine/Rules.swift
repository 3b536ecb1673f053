/// The rules that the simulator takes away one at a time, to prove that some world needs each of them.

package struct Rules: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// The gate is evaluated again for every run, not only for the first.
    package static let gateEveryRun = Rules(rawValue: 1 << 0)
    /// An image's needs are looked at again after its snapshot.
    package static let commitGate = Rules(rawValue: 1 << 1)
    /// A run under which an input changed does not count.
    package static let countUnchanged = Rules(rawValue: 1 << 2)
    /// Starting a step voids its last success.
    package static let voidAtStart = Rules(rawValue: 1 << 3)
    /// A failed key waits for a new key.
    package static let failedKeyWaits = Rules(rawValue: 1 << 4)
    /// A transient failure is tried again after a while.
    package static let retryTransient = Rules(rawValue: 1 << 5)
    /// A failure leaves the batches of the other nodes alone.
    package static let containFailure = Rules(rawValue: 1 << 6)
    /// A cancelled run has ended only when its end is confirmed.
    package static let awaitCancelled = Rules(rawValue: 1 << 7)
    /// A node whose batch is not keyed is not fresh, and does not start.
    package static let keyBeforeStart = Rules(rawValue: 1 << 8)
    /// The quiet period is capped.
    package static let capQuiet = Rules(rawValue: 1 << 9)
    /// After three supersedes an image's run finishes.
    package static let protectImages = Rules(rawValue: 1 << 10)
    /// A step that its own runs make stale is stopped.
    package static let stopLoops = Rules(rawValue: 1 << 11)

    package static let all = Rules(rawValue: (1 << 12) - 1)
}
