/// A Dockerfile as it is written: its stages and their instructions, checked as far as one reading can, not expanded.

package struct Dockerfile: Sendable {
    /// `# syntax=`, up to the first space.
    package private(set) var syntax: String?
    private(set) var syntaxLine: Int
    private(set) var escape: Unicode.Scalar
    /// The comments with which the file begins, as far as they say how it is read.
    private(set) var directives: [String]
    /// `# check=`, up to the first space, and its line.
    private(set) var check: (value: String, comment: Comment)?
    /// What the checks find in the text as it is written.
    private(set) var syntaxFindings: [LintFinding] = []
    /// The `ARG` instructions before the first `FROM`.
    private(set) var globals: [Instruction] = []
    private(set) var stages: [WrittenStage] = []

    /// All the names, in the order of the file.
    package var stageNames: [String] { stages.compactMap(\.name) }

    /// Throws all the mistakes that the text shows by itself.
    package static func parse(_ text: String) throws(DockerfileProblems) -> Dockerfile {
        let parser = SyntaxParser(text)
        let directives = parser.directives
        var file = Dockerfile(
            syntax: directives.syntax?.value,
            syntaxLine: directives.syntax?.line ?? 1,
            escape: directives.escape,
            directives: parser.directiveLines,
            check: directives.check.map { check in
                (check.value, Comment(line: check.line, source: parser.directiveLines[check.line - 1]))
            }
        )
        var problems = parser.problems
        for node in parser.nodes { file.add(node, problems: &problems) }
        if problems.isEmpty, file.stages.isEmpty { problems.append(file.emptiness(of: parser.nodes)) }
        if !problems.isEmpty { throw DockerfileProblems(sorting: problems) }
        file.syntaxFindings = SyntaxLint.findings(in: parser.nodes)
        return file
    }

    private func emptiness(of nodes: [SyntaxNode]) -> DockerfileProblem {
        let remedy = "Begin with `FROM scratch`, or with the name of another image."
        guard let first = nodes.first else {
            return DockerfileProblem(
                id: "dockerfile-empty",
                line: 1,
                reason: "the file holds no instruction",
                remedy: remedy
            )
        }
        return first.place.problem(Mistake("no-stage", "the file has no `FROM`, so there is nothing to make", remedy))
    }

    private mutating func add(_ node: SyntaxNode, problems: inout [DockerfileProblem]) {
        var reader = InstructionReader(node, escape: escape)
        // After a mistyped `FROM`, the instructions that follow are not without a stage.
        let isMistypedFrom =
            !InstructionReader.names.contains(node.keyword)
            && Suggestion.nearest(to: node.name, among: InstructionReader.names) == "from"
        if node.keyword == "from" || isMistypedFrom {
            stages.append(reader.stage())
        } else if let kind = reader.instruction() {
            let instruction = Instruction(node, kind)
            if !stages.isEmpty {
                stages[stages.count - 1].instructions.append(instruction)
            } else if case .arguments = kind {
                globals.append(instruction)
            } else {
                reader.mistakes.append(
                    Mistake(
                        "before-from",
                        "`\(node.name)` stands before the first `FROM`",
                        "Move it below a `FROM`; only `ARG` may stand above."
                    )
                )
            }
        }
        problems += reader.mistakes.map(node.place.problem)
    }
}

struct WrittenStage: Sendable {
    /// Not expanded.
    var base: String
    /// Not expanded.
    var platform: String?
    /// In lower case.
    var name: String?
    var place: InstructionPlace
    var instructions: [Instruction] = []
}

struct Instruction: Sendable {
    var place: InstructionPlace
    var kind: Kind
    /// As it is written.
    var name: String
    /// `ENV NAME value`, without `=`.
    var isLegacyPair: Bool

    init(_ node: SyntaxNode, _ kind: Kind) {
        (place, self.kind, name, isLegacyPair) = (node.place, kind, node.name, node.isLegacyPair)
    }

    /// The names that an `ARG` declares.
    var argumentNames: [String] {
        if case .arguments(let arguments) = kind { arguments.map(\.name) } else { [] }
    }

    /// What is written, not expanded.
    enum Kind: Sendable {
        case copy(WrittenCopy)
        case run(WrittenRun)
        case environment([KeyValue])
        case labels([KeyValue])
        case expose([String])
        case volumes([String])
        case stopSignal(String)
        case healthcheck(Healthcheck)
        case shell([String])
        case command(WrittenCommand)
        case entrypoint(WrittenCommand)
        case workingDirectory(String)
        case user(String)
        case maintainer(String)
        case onBuild(String)
        case arguments([WrittenArgument])
    }
}

struct WrittenArgument: Hashable, Sendable {
    var name: String
    var value: String?
}

struct WrittenCommand: Hashable, Sendable {
    var words: [String]
    /// The one word is a line for the shell.
    var isShellForm: Bool
}

struct WrittenRun: Hashable, Sendable {
    var command: WrittenCommand
    var heredocs: [Heredoc]
    var mounts: [WrittenMount]
    /// The instruction as it is written, without `RUN`.
    var text: String
}

/// `COPY` or `ADD`.
struct WrittenCopy: Hashable, Sendable {
    var isAdd: Bool
    var paths: [String]
    var heredocs: [Heredoc]
    var destination: String
    var from: String?
    var owner: String
    var mode: String
    var isLink: Bool
    var keepsParents: Bool
    var excludes: [String]
    /// `--checksum`, `--keep-git-dir`, `--unpack`, those that are given.
    var otherFlags: [KeyValue]
}
