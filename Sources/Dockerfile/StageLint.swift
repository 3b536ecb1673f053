/// BuildKit's checks of the instructions of a needed stage: what they mean, together with those before them.

struct StageLint {
    private(set) var findings: [LintFinding] = []
    private let given: VariableTable
    private let expansion: Expansion
    /// Whether it is open what the base hands down.
    private let isUncertain: Bool
    private var hasWorkingDirectory: Bool
    /// The last CMD, ENTRYPOINT and HEALTHCHECK, by their keywords.
    private var last: [String: InstructionPlace] = [:]

    /// `base`: the stage that it starts from.
    init(base: StageLint?, _ given: VariableTable, escape: Unicode.Scalar, isUncertain: Bool) {
        (self.given, self.isUncertain) = (given, isUncertain)
        expansion = Expansion(escape: escape)
        hasWorkingDirectory = base?.hasWorkingDirectory ?? false
    }

    /// The state is the one before the instruction.
    mutating func check(_ instruction: Instruction, _ state: StageState) {
        findUndefined(in: instruction, state)
        switch instruction.kind {
        case .environment(let pairs):
            if instruction.isLegacyPair { addLegacy(instruction) }
            for pair in pairs { findSecret((try? expansion.text(pair.key, state.variables)) ?? pair.key, instruction) }
        case .labels where instruction.isLegacyPair: addLegacy(instruction)
        case .arguments(let arguments):
            for argument in arguments { findSecret(argument.name, instruction) }
        case .command(let command), .entrypoint(let command):
            findFormer(instruction)
            if command.isShellForm, state.shell?.isEmpty != false { addShellForm(instruction) }
        case .healthcheck: findFormer(instruction)
        case .workingDirectory(let path): checkDirectory(path, instruction, state)
        case .expose(let ports):
            let words = ports.flatMap { (try? expansion.words($0, state.variables)) ?? [] }
            for word in words { checkPort(word, instruction) }
        default: break
        }
    }

    private mutating func add(
        _ rule: LintRule,
        _ reason: String,
        _ remedy: String,
        at culprit: String? = nil,
        _ instruction: Instruction
    ) {
        findings.append(LintFinding(rule, reason, remedy, at: culprit, in: instruction.place))
    }

    // MARK: Variables

    private mutating func findUndefined(in instruction: Instruction, _ state: StageState) {
        var declared = state.arguments.map(\.name)
        if case .arguments(let arguments) = instruction.kind {
            for argument in arguments {
                let isUsed = given[argument.name] == nil
                if isUsed, let value = argument.value { findUndefined(in: value, instruction, state, declared) }
                declared.append(argument.name)
            }
        }
        for word in instruction.kind.expandedWords { findUndefined(in: word, instruction, state, declared) }
        guard case .copy(let copy) = instruction.kind else { return }
        for heredoc in copy.heredocs where heredoc.expands {
            findUndefined(in: heredoc.chomped, instruction, state, declared, isHeredoc: true)
        }
    }

    private mutating func findUndefined(
        in text: String,
        _ instruction: Instruction,
        _ state: StageState,
        _ declared: [String],
        isHeredoc: Bool = false
    ) {
        var expansion = isHeredoc ? Expansion() : expansion
        expansion.ignoresQuotes = isHeredoc
        for name in unset(in: text, expansion, state) where !declared.contains(where: name.isSame) {
            let hint = Suggestion.sentence(for: name, among: declared + state.environment.map(\.key))
            // An unknown base may have set it, but hardly something that is called nearly so.
            if isUncertain, hint.isEmpty { continue }
            add(
                .undefinedVar,
                "the variable `\(name)` is not defined here",
                "Declare it above, by ARG or ENV." + hint,
                at: instruction.place.reference(to: name),
                instruction
            )
            findings[findings.count - 1].isGuess = isUncertain
        }
    }

    private func unset(in text: String, _ expansion: Expansion, _ state: StageState) -> [String] {
        let names = (try? expansion.names(in: text, state.variables)) ?? []
        return names.filter { state.variables[$0] == nil && !StageState.internalArguments.contains($0) }
    }

    // MARK: Single rules

    private mutating func addLegacy(_ instruction: Instruction) {
        let name = instruction.name
        add(
            .legacyKeyValueFormat,
            "`\(name) name value` is an old form of `\(name)`",
            "Write `\(name) name=value`.",
            instruction
        )
    }

    private mutating func findSecret(_ key: String, _ instruction: Instruction) {
        let parts = Set(key.lowercased().split(separator: "_").map(String.init))
        let suspicious: Set = [
            "apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token",
        ]
        guard !parts.isDisjoint(with: suspicious), parts.isDisjoint(with: ["public", "file", "version"]) else { return }
        add(
            .secretsUsedInArgOrEnv,
            "`\(key)` sounds like a secret, and everybody who has the image can read it",
            "Leave it out, and use `RUN --mount=type=secret` where it is needed.",
            at: key,
            instruction
        )
    }

    /// The former one is what is wrong, and what is left out is what is said above the latter.
    private mutating func findFormer(_ instruction: Instruction) {
        let keyword = instruction.name.lowercased()
        defer { last[keyword] = instruction.place }
        guard let former = last[keyword] else { return }
        var finding = LintFinding(
            .multipleInstructionsDisallowed,
            "a later `\(instruction.name)` takes the place of this one",
            "Remove one of them.",
            in: former
        )
        finding.comments = instruction.place.comments
        findings.append(finding)
    }

    private mutating func addShellForm(_ instruction: Instruction) {
        var finding = LintFinding(
            .jsonArgsRecommended,
            "this `\(instruction.name)` starts a shell, which may keep signals from the program",
            "Write it like `\(instruction.name) [\"program\", \"argument\"]`, or choose the shell by SHELL.",
            in: instruction.place
        )
        finding.isGuess = isUncertain
        findings.append(finding)
    }

    /// Only the first one counts: once it is mended, those that follow are sound.
    private mutating func checkDirectory(_ path: String, _ instruction: Instruction, _ state: StageState) {
        defer { hasWorkingDirectory = true }
        guard !hasWorkingDirectory, let text = try? expansion.text(path, state.variables), !text.begins(with: "/"),
            !isUncertain || unset(in: path, expansion, state).isEmpty
        else { return }
        add(
            .workdirRelativePath,
            "`\(text)` lies in whatever folder the base has chosen",
            "Begin the path with `/`, or write an absolute WORKDIR first.",
            at: path,
            instruction
        )
    }

    private mutating func checkPort(_ text: String, _ instruction: Instruction) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard let port = parts.last else { return }
        if let name = port.cut(at: "/")?.after, name != name.lowercased() {
            add(
                .exposeProtoCasing,
                "the protocol of `\(text)` is not in lower case",
                "Write `\(port.lowercased())`.",
                at: text,
                instruction
            )
        }
        if parts.dropLast().contains(where: { !$0.isEmpty }) {
            add(
                .exposeInvalidFormat,
                "`\(text)` names an address or a port of the host, which EXPOSE does not know",
                "Name the container's port only: `EXPOSE \(port.lowercased())`.",
                at: text,
                instruction
            )
        }
    }
}

extension Instruction.Kind {
    /// The words whose variables must be defined; those of `ARG` and of here-documents are not among them.
    fileprivate var expandedWords: [String] {
        switch self {
        case .environment(let pairs), .labels(let pairs): pairs.flatMap { [$0.key, $0.value] }
        case .copy(let copy):
            [copy.owner, copy.mode, copy.destination] + copy.paths
                + copy.otherFlags.filter { $0.key == "checksum" }.map(\.value)
        case .run(let run): run.mounts.flatMap { [$0.source, $0.target, $0.id] }
        case .volumes(let paths): paths
        case .workingDirectory(let text), .user(let text), .stopSignal(let text): [text]
        default: []
        }
    }
}
