/// How events are told: chosen from the environment and from what reads them.

package enum Style: Equatable, Sendable {
    /// For people. Live: a line below the others shows what runs.
    case terminal(colour: Bool, live: Bool)
    /// One object a line, the schema of docs/events.md.
    case json

    /// For people, without control characters: what a file or another program gets.
    package static let plain = Self.terminal(colour: false, live: false)

    /// For people at this terminal, or for what stands in its place.
    ///
    /// `NO_COLOR` (no-color.org) turns colours off, and `TERM=dumb` all control characters.
    package static func style(environment: [String: String], isTerminal: Bool) -> Self {
        guard isTerminal, let terminal = environment["TERM"], !terminal.isEmpty, terminal != "dumb" else {
            return .plain
        }
        return .terminal(colour: environment["NO_COLOR", default: ""].isEmpty, live: true)
    }

    /// Whether colours are wanted.
    package var isColoured: Bool { if case .terminal(colour: true, live: _) = self { true } else { false } }
}
