/// What the engine promises: each of it is about the true state of the world, not about the engine's belief.

package enum Promise: String, CaseIterable, Sendable {
    case noStaleArtifact = "P1"
    case convergence = "P2"
    case minimality = "P3"
    case monotony = "P4"
    case noLostEdit = "P5"
    case progress = "P6"
    case determinism = "P7"
    /// What the engine asks for makes sense: the gate, the slots, the reports.
    case effects = "effects"
}

package struct Violation: Equatable, Sendable, CustomStringConvertible {
    package var promise: Promise
    /// Milliseconds since the world began.
    package var at: Int
    package var text: String

    package var description: String { "\(promise.rawValue) at \(at) ms: \(text)" }
}
