/// Names of bases that mean an image from outside the project by what is written, and one of ours by what is meant.

extension Evaluation {
    /// One problem for each `FROM` and `--from` with a bare name that is one slip away from a stage or from an image of
    /// the project, in the order of the lines.
    package func slips(projectImages: [String]) -> [DockerfileProblem] {
        let images = projectImages.sorted()
        var problems: [DockerfileProblem] = []
        for stage in stages {
            if case .external(let name) = stage.base {
                // A stage starts only from one above it.
                let later = stages.filter { $0.index >= stage.index }.compactMap(\.name)
                let known = stageNames.filter { !later.contains($0) } + images
                problems += Self.slip("FROM \(name)", name, among: known, at: stage.line)
            }
            for instruction in stage.instructions {
                guard case .copy(let copy) = instruction.operation, case .external(let name)? = copy.from else {
                    continue
                }
                let known = stageNames.filter { $0 != stage.name } + images
                problems += Self.slip("--from=\(name)", name, among: known, at: instruction.line)
            }
        }
        return problems.isEmpty ? [] : DockerfileProblems(sorting: problems).all
    }

    private static func slip(_ code: String, _ name: String, among known: [String], at line: Int) -> [DockerfileProblem]
    {
        guard !name.unicodeScalars.contains(where: { "/:@".unicodeScalars.contains($0) }),
            !known.contains(where: { $0.isSame(as: name) }),
            let near = known.first(where: { Suggestion.isSlip(name, of: $0) })
        else { return [] }
        return [
            DockerfileProblem(
                id: "dockerfile-unknown-image",
                line: line,
                reason: "`\(code)` is neither a stage nor an image of the project, but nearly one",
                remedy: "Did you mean `\(near)`? An image from elsewhere that is called so is `\(name):latest`."
            )
        ]
    }
}

extension Suggestion {
    /// Whether one character makes the difference, or only the case.
    fileprivate static func isSlip(_ word: String, of name: String) -> Bool {
        let (a, b) = (Array(word.lowercased().unicodeScalars), Array(name.lowercased().unicodeScalars))
        let distance = distance(a, b)
        return distance <= 1 && distance < max(a.count, b.count)
    }
}
