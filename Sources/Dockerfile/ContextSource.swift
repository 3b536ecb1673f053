/// What an image reads of its context: for the watcher, and for the check that finds a missing `needs`.

package struct ContextSource: Hashable, Sendable {
    /// As ``Copy/cleanedSource(_:)`` has it, wildcards included; "" is the whole context.
    package var path: String
    /// The line of its instruction, from 1.
    package var line: Int
    /// `--exclude`, relative to the source.
    package var excludes: [String]
    package init(path: String, line: Int, excludes: [String] = []) {
        (self.path, self.line, self.excludes) = (path, line, excludes)
    }
}

extension Evaluation {
    /// The sources that COPY and ADD of the needed stages take from the context, in the order of the file.
    package var contextPaths: [ContextSource] {
        stages.flatMap(\.instructions).flatMap { instruction -> [ContextSource] in
            guard case .copy(let copy) = instruction.operation, copy.from == nil else { return [] }
            return copy.sources.compactMap { source in
                guard case .path(let path) = source else { return nil }
                return ContextSource(
                    path: Copy.cleanedSource(path),
                    line: instruction.line,
                    excludes: copy.excludes
                )
            }
        }
    }

    /// The instruction that takes the source, on one line, variables filled in; nil where none stands on its line.
    package func instruction(of source: ContextSource) -> String? {
        let found = stages.flatMap(\.instructions).first { $0.line == source.line && !$0.history.isEmpty }
        let mark = " # buildkit"
        return found.map { $0.history.hasSuffix(mark) ? String($0.history.dropLast(mark.count)) : $0.history }
    }
}
