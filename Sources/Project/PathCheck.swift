/// Whether the paths that steps and deploys name are there: a working folder must be, an input had better.

import Graph

struct PathCheck {
    let root: String
    let outputs: [Output]

    func problems(_ file: ProjectFile) -> [Diagnostic] {
        file.steps.flatMap { step in
            (directoryProblem(step.directory).map { [$0] } ?? []) + step.inputs.compactMap(inputWarning)
        } + file.images.flatMap(\.deploys).compactMap { directoryProblem($0.directory) }
    }

    private func directoryProblem(_ directory: Placed<String>) -> Diagnostic? {
        guard !directory.value.isEmpty, !isMade(directory.value) else { return nil }
        let kind = FileKind.of("\(root)/\(directory.value)")
        if kind == .folder { return nil }
        return Diagnostic(
            id: Rule.missingFile.id,
            place: directory.place,
            reason: "the folder `\(directory.value)` \(kind == nil ? "does not exist" : "is a file")",
            remedy: "Name the folder that the command is to run in, relative to the configuration's."
        )
    }

    /// A run would fail without a literal input, and a pattern below no folder never names anything.
    private func inputWarning(_ input: PathPattern) -> Diagnostic? {
        let path = input.staticPrefix
        guard !path.isEmpty, FileKind.of("\(root)/\(path)") == nil, !isMade(path) else { return nil }
        let isWhole = input.isLiteral
        return Diagnostic(
            id: Rule.missingInput.id,
            severity: .warning,
            place: input.place,
            reason: isWhole
                ? "the input `\(path)` does not exist, and no step writes it"
                : "nothing can match `\(input.text)`: `\(path)` does not exist, and no step writes it",
            remedy: "Mend the path, or make the file before the step is to run."
        )
    }

    /// Whether a step writes the path, something above it, or something below it.
    func isMade(_ path: String) -> Bool {
        [path, LinkedPath(path, root: root)?.real].compactMap(\.self).contains { path in
            outputs.contains { $0.path.covers(path) || OutputPath(path: path, isDirectory: true).covers($0.path.path) }
        }
    }
}
