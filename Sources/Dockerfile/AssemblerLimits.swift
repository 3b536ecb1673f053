/// What imgwatch's own assembler does not do yet, said of a Dockerfile before anything is built.

extension Evaluation {
    /// One problem for each thing that the assembler refuses, in the order of the lines; empty: it can make all of it.
    package var unsupportedByAssembler: [DockerfileProblem] {
        var problems = unsupportedSyntax
        for stage in stages {
            problems += Self.unsupported(platformOf: stage)
            for instruction in stage.instructions { problems += Self.unsupported(instruction) }
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

    private static func unsupported(platformOf stage: EvaluatedStage) -> [DockerfileProblem] {
        guard let platform = stage.platform else { return [] }
        return [
            DockerfileProblem(
                id: "dockerfile-platform-unsupported",
                line: stage.line,
                reason: "`--platform=\(platform)`: a stage for another platform than the image's is not supported yet",
                remedy: "Leave `--platform` away."
            )
        ]
    }

    private static func unsupported(_ instruction: EvaluatedInstruction) -> [DockerfileProblem] {
        let line = instruction.line
        switch instruction.operation {
        case .run:
            return [problem("run", line, "`RUN` is", "Make the files in a step of `.imgwatch`, and COPY them.")]
        case .copy(let copy): return unsupported(copy, line)
        default: return []
        }
    }

    private static func unsupported(_ copy: Copy, _ line: Int) -> [DockerfileProblem] {
        var problems: [DockerfileProblem] = []
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
