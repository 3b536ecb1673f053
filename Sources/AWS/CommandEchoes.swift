/// What CodeBuild itself writes into a build's log: lines that begin with `[Container]`, and commands.
///
/// A command of several lines stands there whole, and only its first line says whose it is.

package struct CommandEchoes {
    private let commands: [[Substring]]
    /// The lines of a command that are still to come.
    private var rest: ArraySlice<Substring> = []

    package init(of buildspec: Buildspec) {
        commands = buildspec.commands.map { $0.split(separator: "\n", omittingEmptySubsequences: false) }
            .filter { $0.count > 1 }
    }

    /// Whether the line is CodeBuild's own.
    package mutating func contains(_ line: String) -> Bool {
        if line.hasPrefix("[Container]") {
            rest = commands.first { line.hasSuffix($0[0]) }?.dropFirst() ?? []
            return true
        }
        guard let next = rest.first, line.hasPrefix(next) else {
            rest = []
            return false
        }
        rest = rest.dropFirst()
        return true
    }
}
