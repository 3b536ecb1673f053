/// What one instruction means: its arguments are counted and checked; all that is wrong with it is found at once.

struct InstructionReader {
    static let names = [
        "add", "arg", "cmd", "copy", "entrypoint", "env", "expose", "from", "healthcheck", "label", "maintainer",
        "onbuild", "run", "shell", "stopsignal", "user", "volume", "workdir",
    ]

    let node: SyntaxNode
    let escape: Unicode.Scalar
    var mistakes: [Mistake] = []

    init(_ node: SyntaxNode, escape: Unicode.Scalar) { (self.node, self.escape) = (node, escape) }

    var name: String { node.name.uppercased() }

    /// nil where it can't be understood; the mistakes say why.
    mutating func instruction() -> Instruction.Kind? {
        switch node.keyword {
        case "add", "copy": return copy()
        case "run": return run()
        case "env": return pairs().map { .environment($0) }
        case "label": return pairs().map { .labels($0) }
        case "arg": return arguments()
        case "cmd": return .command(command())
        case "entrypoint": return .entrypoint(command())
        case "shell": return shell()
        case "healthcheck": return healthcheck()
        case "onbuild": return onBuild()
        case "expose": return list().map { .expose($0.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }) }
        case "volume": return volumes()
        case "stopsignal": return single().map { .stopSignal($0) }
        case "user": return single().map { .user($0) }
        case "workdir": return single().map { .workingDirectory($0) }
        case "maintainer": return single().map { .maintainer($0) }
        default:
            mistakes.append(unknown)
            return nil
        }
    }

    private var unknown: Mistake {
        if node.name.isEmpty {
            return Mistake("unknown-instruction", "a line is continued by nothing", "Remove its last character.")
        }
        let hint = Suggestion.sentence(for: node.name, among: Self.names.map { $0.uppercased() })
        return Mistake(
            "unknown-instruction",
            "`\(node.name)` is no instruction",
            hint.isEmpty
                ? "An instruction is one word like `COPY` or `ENV`; a comment begins with `#`."
                : String(hint.dropFirst()),
            at: node.name
        )
    }

    mutating func flags(_ rules: [FlagRule]) -> Flags {
        let flags = Flags(node.flags, of: name, rules)
        mistakes += flags.mistakes
        return flags
    }

    mutating func missing(_ what: String, _ example: String) {
        mistakes.append(Mistake("missing-argument", "\(name) lacks \(what)", "Write it like `\(example)`."))
    }

    private static let examples = [
        "ARG": "ARG VERSION=1", "ENV": "ENV NAME=value", "EXPOSE": "EXPOSE 8080/tcp",
        "HEALTHCHECK": "HEALTHCHECK CMD /app/health",
        "LABEL": "LABEL name=value", "MAINTAINER": "LABEL org.opencontainers.image.authors=name",
        "ONBUILD": "ONBUILD COPY . /app", "RUN": "RUN make", "SHELL": "SHELL [\"/bin/bash\", \"-c\"]",
        "STOPSIGNAL": "STOPSIGNAL SIGTERM", "USER": "USER 1000:1000", "VOLUME": "VOLUME /data",
        "WORKDIR": "WORKDIR /app",
    ]

    mutating func missingArgument() { missing("its argument", Self.examples[name] ?? name) }

    /// The whole rest of the line.
    private mutating func single() -> String? {
        _ = flags([])
        if node.arguments.isEmpty { missingArgument() }
        return node.arguments.first
    }

    private mutating func list() -> [String]? {
        _ = flags([])
        if node.arguments.isEmpty { missingArgument() }
        return node.arguments.isEmpty ? nil : node.arguments
    }

    private mutating func pairs() -> [KeyValue]? {
        _ = flags([])
        if node.pairs.isEmpty { missingArgument() }
        if node.pairs.contains(where: \.key.isEmpty) { mistakes.append(Self.blankName(in: name)) }
        return node.pairs.isEmpty ? nil : node.pairs
    }

    static func blankName(in instruction: String) -> Mistake {
        Mistake(
            "blank-name",
            "a name before a `=` of this \(instruction) is empty",
            "Write `\(instruction) NAME=value`."
        )
    }

    private mutating func arguments() -> Instruction.Kind? {
        _ = flags([])
        if node.arguments.isEmpty {
            missingArgument()
            return nil
        }
        let arguments = node.arguments.map { word in
            word.cut(at: "=").map { WrittenArgument(name: $0.before, value: $0.after) } ?? WrittenArgument(name: word)
        }
        if arguments.contains(where: \.name.isEmpty) { mistakes.append(Self.blankName(in: name)) }
        return .arguments(arguments)
    }

    private mutating func command() -> WrittenCommand {
        _ = flags([])
        // As in BuildKit, nothing at all is the shell's empty line.
        return WrittenCommand(words: node.arguments, isShellForm: !node.isJSON)
    }

    private mutating func shell() -> Instruction.Kind? {
        _ = flags([])
        if node.arguments.isEmpty {
            missingArgument()
            return nil
        }
        guard node.isJSON else {
            let words = Splitting.list(node.arguments[0]).map { "\"\($0)\"" }.joined(separator: ", ")
            mistakes.append(
                Mistake("shell-json", "SHELL takes a JSON array of strings", "Write `SHELL [\(words)]`.")
            )
            return nil
        }
        return .shell(node.arguments)
    }

    private mutating func volumes() -> Instruction.Kind? {
        guard let list = list() else { return nil }
        let volumes = list.map(\.trimmed)
        if volumes.contains("") { mistakes.append(Self.blankVolume) }
        return .volumes(volumes)
    }

    static let blankVolume = Mistake("blank-volume", "a path of this VOLUME is empty", "Name a folder, like `/data`.")
}
