/// What an image reads of its context: for the watcher, and for the check that finds a missing `needs`.

package struct ContextSource: Hashable, Sendable {
    /// As ``Copy/cleanedSource(_:)`` has it, wildcards included; "" is the whole context.
    package var path: String
    /// The line of its instruction, from 1.
    package var line: Int
    /// `--exclude`, relative to the source.
    package var excludes: [String]
    /// `--parents`: `**` in the path is any number of folders.
    package var keepsParents: Bool
    package init(path: String, line: Int, excludes: [String] = [], keepsParents: Bool = false) {
        (self.path, self.line, self.excludes, self.keepsParents) = (path, line, excludes, keepsParents)
    }
}

extension Evaluation {
    /// What COPY, ADD and the mounts of RUN in the needed stages take from the context, in the order of the file.
    package var contextPaths: [ContextSource] {
        stages.flatMap(\.instructions).flatMap(\.contextPaths)
    }

    /// The instruction that takes the source, on one line, variables filled in; nil where none stands on its line.
    package func instruction(of source: ContextSource) -> String? {
        let found = stages.flatMap(\.instructions).first { $0.line == source.line && !$0.history.isEmpty }
        let mark = " # buildkit"
        return found.map { $0.history.hasSuffix(mark) ? String($0.history.dropLast(mark.count)) : $0.history }
    }
}

extension EvaluatedInstruction {
    fileprivate var contextPaths: [ContextSource] {
        switch operation {
        case .copy(let copy) where copy.from == nil:
            copy.sources.compactMap { source in
                guard case .path(let path) = source else { return nil }
                return ContextSource(
                    path: Copy.cleanedSource(path),
                    line: line,
                    excludes: copy.excludes,
                    keepsParents: copy.keepsParents
                )
            }
        case .run(let run):
            run.mounts.filter { $0.kind == .bind && $0.from == nil }.map { ContextSource(path: $0.source, line: line) }
        default: []
        }
    }

    /// What its `--from`, or those of its mounts, mean.
    package var sources: [Base] {
        switch operation {
        case .copy(let copy): copy.from.map { [$0] } ?? []
        case .run(let run): run.mounts.compactMap(\.from)
        default: []
        }
    }
}
