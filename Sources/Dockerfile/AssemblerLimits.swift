/// What imgwatch's own assembler does not do yet, said of a Dockerfile before anything is built.

extension Evaluation {
    /// One problem for each thing that the assembler refuses, in the order of the lines; empty: it can make all of it.
    ///
    /// The names of the project's images are for the "did you mean".
    package func unsupportedByAssembler(projectImages: [String]) -> [DockerfileProblem] {
        var problems = unsupportedSyntax
        let known = stageNames + projectImages.sorted()
        for stage in stages {
            problems += Self.unsupported(baseOf: stage, known)
            for instruction in stage.instructions {
                problems += Self.unsupported(instruction, in: stage, known)
            }
        }
        return problems.isEmpty ? [] : DockerfileProblems(sorting: problems).all
    }

    private var unsupportedSyntax: [DockerfileProblem] {
        guard let syntax else { return [] }
        var name = syntax.cut(at: "@")?.before ?? syntax
        if name.begins(with: "docker.io/") { name = String(name.dropFirst("docker.io/".count)) }
        let (repository, tag) = name.cut(at: ":").map { ($0.before, $0.after) } ?? (name, "1")
        let isFirst =
            ["1", "latest", "labs", "stable"].contains(tag) || tag.begins(with: "1.") || tag.begins(with: "1-")
        if repository == "docker/dockerfile", isFirst { return [] }
        return [
            DockerfileProblem(
                id: "dockerfile-syntax-unsupported",
                line: syntaxLine,
                reason: "`# syntax=\(syntax)` asks for a language that is not supported yet",
                remedy: "Leave the line away, or write `# syntax=docker/dockerfile:1`."
            )
        ]
    }

    private static func unsupported(baseOf stage: EvaluatedStage, _ known: [String]) -> [DockerfileProblem] {
        var problems: [DockerfileProblem] = []
        if case .external(let base) = stage.base {
            problems.append(
                DockerfileProblem(
                    id: "dockerfile-base-unsupported",
                    line: stage.line,
                    reason: "`FROM \(base)`: a base outside the project is not supported yet",
                    remedy: "For now a stage must start FROM scratch, another stage or an image of the project."
                        + hint(base, known)
                )
            )
        }
        if let platform = stage.platform {
            problems.append(
                DockerfileProblem(
                    id: "dockerfile-platform-unsupported",
                    line: stage.line,
                    reason:
                        "`--platform=\(platform)`: a stage for another platform than the image's is not supported yet",
                    remedy: "Leave `--platform` away."
                )
            )
        }
        return problems
    }

    /// A tag and the parts of an address before the name do not make two names different here.
    private static func hint(_ reference: String, _ known: [String]) -> String {
        let last = reference.split(separator: "/").last.map(String.init) ?? reference
        let tagged = last.cut(at: "@")?.before ?? last
        let name = tagged.cut(at: ":")?.before ?? tagged
        if let same = known.first(where: { $0.lowercased() == name.lowercased() }) { return " Did you mean `\(same)`?" }
        return Suggestion.sentence(for: name, among: known)
    }

    private static func unsupported(
        _ instruction: EvaluatedInstruction,
        in stage: EvaluatedStage,
        _ known: [String]
    ) -> [DockerfileProblem] {
        let line = instruction.line
        switch instruction.operation {
        case .run:
            let name = stage.name.map { "`\($0)`" } ?? String(stage.index)
            let reason = "RUN (line \(line), stage \(name)) is"
            return [problem("run", line, reason, "Make the files in a step of `.imgwatch`, and COPY them.")]
        case .copy(let copy): return unsupported(copy, line, known)
        default: return []
        }
    }

    private static func unsupported(_ copy: Copy, _ line: Int, _ known: [String]) -> [DockerfileProblem] {
        var problems: [DockerfileProblem] = []
        if case .external(let image)? = copy.from {
            let reason = "`--from=\(image)`: an image outside the project is"
            let remedy = "For now `--from` names a stage or an image of the project." + hint(image, known)
            problems.append(problem("copy-from", line, reason, remedy))
        }
        for case .remote(let address) in copy.sources {
            let remedy = "Fetch it in a step of `.imgwatch`, and COPY the file."
            problems.append(problem("add-remote", line, "`ADD \(address)` is", remedy))
        }
        if copy.keepsParents {
            problems.append(problem("parents", line, "`--parents` is", "COPY each folder to its own destination."))
        }
        for flag in copy.otherFlags where !copy.sources.contains(where: \.isRemote) {
            problems.append(problem("flag", line, "`--\(flag.key)` is", "Leave it away."))
        }
        return problems
    }

    private static func problem(_ id: String, _ line: Int, _ reason: String, _ remedy: String) -> DockerfileProblem {
        DockerfileProblem(
            id: "dockerfile-\(id)-unsupported",
            line: line,
            reason: reason + " not supported yet",
            remedy: remedy
        )
    }
}

extension Copy.Source {
    fileprivate var isRemote: Bool { if case .remote = self { true } else { false } }
}
