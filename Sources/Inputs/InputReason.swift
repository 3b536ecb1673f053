/// Why a node reads a path, or does not though something names it: what people are told.

package import Dockerfile
package import Project

package struct InputReason: Equatable, Sendable {
    package enum Name: Equatable, Sendable {
        case input(PathPattern)
        case source(ContextSource)
        /// The node reads through these links, relative to the root, and this is what they lead to, or one of them.
        case links([String])
    }

    package enum Exclusion: Equatable, Sendable {
        /// Of the step itself.
        case output(OutputPath)
        case ignored(IgnoreRule)
        /// It lies in a `.git`, and nothing that names it says so.
        case git
    }

    /// All that name the path, in the order of the definition; never empty.
    package var names: [Name]
    /// What keeps the path from being read all the same.
    package var exclusion: Exclusion?
    /// The `!` pattern that takes the path back, or something below a folder, where another leaves it out.
    package var exception: IgnoreRule?
}

extension InputScope {
    /// Why ``reads(_:)`` says what it says; nil where nothing names the path.
    package func reason(for path: String) -> InputReason? {
        switch kind {
        case .step(let patterns, let outputs, let ways):
            let names = Self.names(patterns, ways) { $0.matches(path) }
            if names.isEmpty {
                let inGit = Self.names(patterns, ways) { $0.leavesOutGit(path) }
                return inGit.isEmpty ? nil : InputReason(names: inGit, exclusion: .git)
            }
            return InputReason(names: names, exclusion: Self.exclusion(path, outputs))
        case .image(let scope): return scope.reason(for: path)
        case .paths: return nil
        }
    }

    /// Why ``mayRead(below:)`` says what it says; nil where nothing leads there.
    package func reason(below directory: String) -> InputReason? {
        switch kind {
        case .step(let patterns, let outputs, let ways):
            let names = Self.names(patterns, ways) { $0.mayMatch(below: directory) }
            return names.isEmpty ? nil : InputReason(names: names, exclusion: Self.exclusion(directory, outputs))
        case .image(let scope): return scope.reason(below: directory)
        case .paths: return nil
        }
    }

    /// Whether the path lies where the node could name it: anywhere in the project, or in an image's context.
    package func canName(_ path: String) -> Bool {
        if case .image(let scope) = kind { scope.holds(path) } else { true }
    }

    private static func exclusion(_ path: String, _ outputs: [OutputPath]) -> InputReason.Exclusion? {
        outputs.first { $0.covers(path) }.map { .output($0) }
    }

    /// The patterns of `inputs` come before those that links add.
    private static func names(
        _ patterns: [PathPattern],
        _ ways: [[String]],
        where isName: (PathPattern) -> Bool
    ) -> [InputReason.Name] {
        let written = patterns.count - ways.count
        return patterns.indices.filter { isName(patterns[$0]) }.map { index in
            index < written ? .input(patterns[index]) : .links(ways[index - written])
        }
    }
}
