/// Why an engine did not build what it was given.

package struct EngineProblem: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case cancelled
        /// The program is not there, or what it speaks to does not answer: the next engine may do better.
        case unavailable
        /// The Dockerfile, or what it runs, failed.
        case build
    }
    package var kind: Kind
    /// From 1; nil where no line is to blame.
    package var line: Int?
    /// What the engine was at.
    package var step: EngineStep?
    /// One sentence, without a full stop.
    package var reason: String
    package var remedy: String
    /// The last lines that the instruction printed.
    package var log: [String]
    /// The language of `# syntax=` could not be had.
    package var lacksFrontend = false

    package init(_ kind: Kind, _ reason: String, remedy: String, line: Int? = nil, log: [String] = []) {
        (self.kind, self.reason, self.remedy, self.line, self.log) = (kind, reason, remedy, line, log)
    }

    static let cancelled = EngineProblem(.cancelled, "the build was cancelled", remedy: "build again")
}
