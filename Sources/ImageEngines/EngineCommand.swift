/// One run of an engine's program; who executes it is somebody else's business.

package struct EngineCommand: Equatable, Sendable {
    /// The program and its arguments.
    package var words: [String]
    /// Besides, and stronger than, those that imgwatch itself has.
    package var environment: [String: String]
    /// It only asks, and should be answered soon.
    package var isQuestion: Bool
    /// It takes away what is left of a build, be that cancelled or not, and should soon be done.
    package var isCleanup: Bool
    package init(
        _ words: [String],
        environment: [String: String] = [:],
        isQuestion: Bool = false,
        isCleanup: Bool = false
    ) {
        (self.words, self.environment) = (words, environment)
        (self.isQuestion, self.isCleanup) = (isQuestion || isCleanup, isCleanup)
    }
}

/// How a program ended.
package enum EngineCommandEnd: Equatable, Sendable {
    case exited(Int32)
    case cancelled
    /// It could not be started, or hung: why.
    case failed(String)
}

/// Executes a command, giving each line of its output, both streams alike, without its end; blocks until it has ended.
package typealias EngineRunner = @Sendable (EngineCommand, _ onLine: (String) -> Void) -> EngineCommandEnd
