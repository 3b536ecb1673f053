/// What one instruction leaves for the next: the environment, the folder, the shell.

struct StageState {
    /// What stands in the image's configuration.
    private(set) var environment: [KeyValue]
    /// What an expansion sees: the environment, and the values of `ARG`.
    private(set) var variables = VariableTable()
    /// The `ARG`s so far, each where it stood first, for the history of RUN.
    private(set) var arguments: [WrittenArgument] = []
    var workingDirectory: String
    /// nil: `/bin/sh -c`.
    var shell: [String]?
    var user: String

    /// BuildKit gives every Linux image this one, where its base has none.
    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// BuildKit keeps these for itself: no expansion sees them.
    static let internalArguments = ["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"]

    init(_ defaults: BaseDefaults) {
        environment = defaults.environment
        workingDirectory = CleanPath.workingDirectory(defaults.workingDirectory, in: "/")
        (shell, user) = (defaults.shell, defaults.user)
        if !environment.contains(where: { $0.key == "PATH" }) {
            environment.append(KeyValue("PATH", Self.defaultPath))
        }
        for pair in environment { variables[pair.key] = pair.value }
    }

    /// For a stage that starts from this one: what is in the image wins over an `ARG` of that name.
    var inherited: StageState {
        var copy = self
        for pair in environment { copy.variables[pair.key] = pair.value }
        return copy
    }

    /// In place where the name is there already, else at the end.
    mutating func setEnvironment(_ pairs: [KeyValue]) {
        for pair in pairs {
            variables[pair.key] = pair.value
            if let index = environment.firstIndex(where: { $0.key.isSame(as: pair.key) }) {
                environment[index] = pair
            } else {
                environment.append(pair)
            }
        }
    }

    mutating func declare(_ argument: WrittenArgument) {
        let isInternal = Self.internalArguments.contains(argument.name)
        if let value = argument.value, !isInternal { variables[argument.name] = value }
        if let index = arguments.firstIndex(where: { $0.name.isSame(as: argument.name) }) {
            arguments[index] = argument
        } else {
            arguments.append(argument)
        }
    }

    /// The argument vector of a command.
    func vector(_ command: WrittenCommand) -> [String] {
        guard command.isShellForm else { return command.words }
        return (shell ?? ["/bin/sh", "-c"]) + [command.words.joined(separator: " ")]
    }
}

extension Evaluation {
    /// What the evaluation of an image that starts from this one needs to know.
    ///
    /// `bases` are the same of the project's images that this one starts from, and of those from elsewhere, for a
    /// platform: nil is the image's own.
    package func defaults(bases: (Base, _ platform: String?) -> BaseDefaults?) -> BaseDefaults {
        guard let target = stages.last else { return BaseDefaults() }
        let state = state(of: target, bases)
        let triggers = target.instructions.compactMap { instruction in
            if case .onBuild(let text) = instruction.operation { text } else { nil }
        }
        return BaseDefaults(
            environment: state.environment,
            workingDirectory: state.workingDirectory,
            user: state.user,
            shell: state.shell,
            onBuild: triggers
        )
    }

    private func state(of stage: EvaluatedStage, _ bases: (Base, String?) -> BaseDefaults?) -> StageState {
        var state = StageState(BaseDefaults())
        switch stage.base {
        // A base stands before its stage, so this ends.
        case .stage(let index):
            if index < stage.index, let base = stages.first(where: { $0.index == index }) {
                state = self.state(of: base, bases)
            }
        case .project, .external: state = StageState(bases(stage.base, stage.platform) ?? BaseDefaults())
        case .scratch: break
        }
        for instruction in stage.instructions {
            switch instruction.operation {
            case .environment(let pairs): state.setEnvironment(pairs)
            case .workingDirectory(let path): state.workingDirectory = path
            case .user(let user): state.user = user
            case .shell(let shell): state.shell = shell
            default: continue
            }
        }
        return state
    }
}
