/// What imgwatch's own assembler leaves to an engine, found before anything is built.

/// One thing that an engine must do.
package struct EngineWork: Equatable, Sendable {
    /// Stable, like `run` or `add-remote`.
    package var id: String
    /// From 1.
    package var line: Int
    /// As it stands in a sentence: "`RUN`", "`ADD https://…`".
    package var what: String
    /// How to do without.
    var remedy: String
}

extension Evaluation {
    /// What an engine must do, in the order of the lines; empty: the assembler can make all of it.
    package var engineWork: [EngineWork] {
        let found = stages.flatMap { stage in
            Self.work(platformOf: stage) + stage.instructions.flatMap(Self.work)
        }
        return (foreignSyntax + found).enumerated()
            .sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
    }

    /// The same as mistakes, for an image that no engine may build.
    package var unsupportedByAssembler: [DockerfileProblem] {
        engineWork.map { work in
            DockerfileProblem(
                id: "dockerfile-\(work.id)-unsupported",
                line: work.line,
                reason: "\(work.what) is nothing that `builder: assemble` does",
                remedy: work.remedy + " Or leave `builder` away: an engine (docker, buildah) then does it."
            )
        }
    }

    /// `# syntax=` with another language than Docker's own.
    var foreignSyntax: [EngineWork] {
        guard let syntax else { return [] }
        var name = syntax.cut(at: "@")?.before ?? syntax
        if name.begins(with: "docker.io/") { name = String(name.dropFirst("docker.io/".count)) }
        let (repository, tag) = name.cut(at: ":").map { ($0.before, $0.after) } ?? (name, "1")
        let isFirst =
            ["1", "latest", "labs", "stable"].contains(tag) || tag.begins(with: "1.") || tag.begins(with: "1-")
        if repository == "docker/dockerfile", isFirst { return [] }
        return [
            EngineWork(
                id: "syntax",
                line: syntaxLine,
                what: "the language of `# syntax=\(syntax)`",
                remedy: "Leave the line away, or write `# syntax=docker/dockerfile:1`."
            )
        ]
    }

    static func work(platformOf stage: EvaluatedStage) -> [EngineWork] {
        guard let platform = stage.platform else { return [] }
        return [
            EngineWork(
                id: "platform",
                line: stage.line,
                what: "a stage for another platform than the image's (`--platform=\(platform)`)",
                remedy: "Leave `--platform` away."
            )
        ]
    }

    static func work(_ instruction: EvaluatedInstruction) -> [EngineWork] {
        let line = instruction.line
        switch instruction.operation {
        case .run:
            return [
                EngineWork(
                    id: "run",
                    line: line,
                    what: "`RUN`",
                    remedy: "Make the files in a step of `.imgwatch`, and COPY them."
                )
            ]
        case .copy(let copy): return work(copy, line)
        default: return []
        }
    }

    private static func work(_ copy: Copy, _ line: Int) -> [EngineWork] {
        var found: [EngineWork] = []
        if copy.download != nil { return [] }
        for case .remote(let address) in copy.sources {
            let remedy = "Say its content by `--checksum=sha256:…`, or fetch it in a step, and COPY the file."
            found.append(EngineWork(id: "add-remote", line: line, what: "`ADD \(address)`", remedy: remedy))
        }
        for flag in copy.otherFlags where !copy.sources.contains(where: \.isRemote) {
            found.append(EngineWork(id: "flag", line: line, what: "`--\(flag.key)`", remedy: "Leave it away."))
        }
        return found
    }
}

extension Copy.Source {
    fileprivate var isRemote: Bool { if case .remote = self { true } else { false } }
}
