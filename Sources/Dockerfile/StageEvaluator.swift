/// The instructions of one stage, one after the other: each sees what those before it left.

struct StageEvaluator {
    private(set) var state: StageState
    private(set) var instructions: [EvaluatedInstruction] = []
    private let buildArguments: BuildArguments
    private let expansion: Expansion

    init(state: StageState, _ buildArguments: BuildArguments, escape: Unicode.Scalar) {
        (self.state, self.buildArguments) = (state, buildArguments)
        expansion = Expansion(escape: escape)
    }

    /// Throws the first mistake of the instruction; the sources are what its `--from` means, or those of its mounts.
    mutating func evaluate(_ instruction: Instruction, _ sources: [Base]) throws(Mistake) {
        let (operation, history) = try evaluate(instruction.kind, sources)
        instructions.append(EvaluatedInstruction(line: instruction.place.line, operation: operation, history: history))
        guard case .arguments(let arguments) = instruction.kind else { return }
        // The entry of an ARG with several names belongs to the first one.
        for argument in arguments.dropFirst() {
            let value = state.arguments.first { $0.name.isSame(as: argument.name) }?.value
            instructions.append(
                EvaluatedInstruction(
                    line: instruction.place.line,
                    operation: .argument(name: argument.name, value: value),
                    history: ""
                )
            )
        }
    }

    private mutating func evaluate(
        _ kind: Instruction.Kind,
        _ sources: [Base]
    ) throws(Mistake) -> (Operation, history: String) {
        switch kind {
        case .copy(let copy): return try evaluate(copy, sources.first)
        case .run(let run): return (.run(try evaluate(run, sources)), History.run(run, state))
        case .environment(let pairs):
            let expanded = try expand(pairs, "ENV")
            state.setEnvironment(expanded)
            return (.environment(expanded), History.pairs("ENV", expanded))
        case .labels(let pairs):
            let expanded = try expand(pairs, "LABEL")
            return (.labels(expanded), History.pairs("LABEL", expanded))
        case .arguments(let arguments): return try declare(arguments)
        case .workingDirectory(let path): return try changeDirectory(path)
        case .user(let text):
            state.user = try expand(text)
            return (.user(state.user), "USER \(state.user)")
        case .shell(let words):
            state.shell = words
            return (.shell(words), "SHELL \(History.list(words))")
        default: return try evaluateRest(kind)
        }
    }

    /// What leaves nothing for the instructions behind it.
    private func evaluateRest(_ kind: Instruction.Kind) throws(Mistake) -> (Operation, history: String) {
        switch kind {
        case .expose(let written):
            var ports: [String] = []
            for text in written {
                for word in try expansion.words(text, state.variables) { ports += try Ports.expand(word) }
            }
            let sorted = Set(ports).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            return (.expose(sorted), "EXPOSE \(History.list(ports))")
        case .volumes(let written):
            var volumes: [String] = []
            for path in written { volumes.append(try expand(path)) }
            if volumes.contains("") { throw InstructionReader.blankVolume }
            return (.volumes(volumes), "VOLUME \(History.list(volumes))")
        case .stopSignal(let text):
            let signal = try expand(text)
            try Checks.signal(signal)
            return (.stopSignal(signal), "STOPSIGNAL \(signal)")
        case .command(let command):
            let vector = state.vector(command)
            return (.command(vector), "CMD \(History.quotedList(vector))")
        case .entrypoint(let command):
            let vector = state.vector(command)
            return (.entrypoint(vector), "ENTRYPOINT \(History.quotedList(vector))")
        case .healthcheck(let check): return (.healthcheck(check), History.healthcheck(check))
        case .maintainer(let name): return (.maintainer(name), "MAINTAINER \(name)")
        case .onBuild(let text): return (.onBuild(text), "")
        default: throw Mistake("unknown-instruction", "the instruction is not known here", "Report this as a bug.")
        }
    }

    private func expand(_ text: String) throws(Mistake) -> String { try expansion.text(text, state.variables) }

    /// All with the variables as they were before the instruction.
    private func expand(_ pairs: [KeyValue], _ instruction: String) throws(Mistake) -> [KeyValue] {
        var expanded: [KeyValue] = []
        for pair in pairs { expanded.append(KeyValue(try expand(pair.key), try expand(pair.value))) }
        if expanded.contains(where: \.key.isEmpty) { throw InstructionReader.blankName(in: instruction) }
        return expanded
    }

    /// A given value counts before the default, the default before the value of a global `ARG`.
    private mutating func declare(_ arguments: [WrittenArgument]) throws(Mistake) -> (Operation, history: String) {
        var declared: [WrittenArgument] = []
        for var argument in arguments {
            if let value = buildArguments.given[argument.name] {
                argument.value = value
            } else if let value = argument.value {
                argument.value = try expand(value)
            } else {
                argument.value = buildArguments.globals[argument.name]
            }
            state.declare(argument)
            declared.append(argument)
        }
        let texts = declared.map { argument in argument.value.map { "\(argument.name)=\($0)" } ?? argument.name }
        let first = declared.first ?? WrittenArgument(name: "")
        return (.argument(name: first.name, value: first.value), "ARG " + texts.joined(separator: " "))
    }

    private mutating func changeDirectory(_ path: String) throws(Mistake) -> (Operation, history: String) {
        let expanded = try expand(path)
        state.workingDirectory = CleanPath.workingDirectory(expanded, in: state.workingDirectory)
        return (.workingDirectory(state.workingDirectory), "WORKDIR \(state.workingDirectory)")
    }
}

extension StageEvaluator {
    private func evaluate(_ written: WrittenCopy, _ source: Base?) throws(Mistake) -> (Operation, history: String) {
        let name = written.isAdd ? "ADD" : "COPY"
        var copy = Copy(isAdd: written.isAdd, sources: [], destination: "", from: source)
        for path in written.paths { copy.sources.append(try self.source(path, name)) }
        for heredoc in written.heredocs {
            copy.sources.append(.inline(name: heredoc.name, content: try content(of: heredoc)))
        }
        let destination = try expand(written.destination)
        copy.destination = CleanPath.destination(destination, in: state.workingDirectory)
        let (owner, mode) = (try expand(written.owner), try expand(written.mode))
        if !mode.isEmpty { try Checks.mode(mode) }
        (copy.owner, copy.mode) = (owner.isEmpty ? nil : owner, mode.isEmpty ? nil : mode)
        (copy.isLink, copy.keepsParents, copy.excludes) = (written.isLink, written.keepsParents, written.excludes)
        for flag in written.otherFlags { copy.otherFlags.append(KeyValue(flag.key, try expand(flag.value))) }
        if copy.otherFlags.contains(where: { $0.key == "checksum" && !$0.value.isEmpty }) {
            guard copy.sources.count == 1, case .remote = copy.sources[0] else {
                throw Mistake(
                    "checksum",
                    "`--checksum` goes with one address, and here is something else",
                    "Use it with one `https://…` or git address only.",
                    at: "--checksum"
                )
            }
        }
        return (.copy(copy), History.copy(copy, destination: destination))
    }

    private func source(_ written: String, _ instruction: String) throws(Mistake) -> Copy.Source {
        let path = try expand(written)
        if path.isEmpty {
            // BuildKit copies the whole context then, which nobody means.
            throw Mistake(
                "source-blank",
                "nothing is left of the source `\(written)` when its variables are replaced",
                "Give the variable a value with `ARG` or `ENV`; `.` is the whole context.",
                at: written
            )
        }
        if RemoteAddress.isRemote(path) {
            guard instruction == "ADD" else {
                throw Mistake(
                    "copy-remote",
                    "COPY takes paths, and `\(path)` is an address",
                    "Write ADD instead of COPY.",
                    at: written
                )
            }
            return .remote(path)
        }
        guard WildcardPattern.hasWildcards(in: path) else { return .path(path) }
        do throws(Mistake) { _ = try WildcardPattern(checking: path) } catch {
            throw Mistake("source-pattern", "the source `\(path)`: \(error.reason)", error.remedy, at: written)
        }
        return .path(path)
    }

    private func evaluate(_ written: WrittenRun, _ sources: [Base]) throws(Mistake) -> Run {
        var sources = sources[...]
        var run = Run(text: written.text, heredocs: written.heredocs.map { KeyValue($0.name, $0.content) })
        for mount in written.mounts {
            let source = try expand(mount.source)
            let (target, id) = (try expand(mount.target), try expand(mount.id))
            let name = mount.kind == .ssh ? "default" : target.pathNames.last.map(String.init)
            // The source of a secret is its id, whatever else it says.
            let written = mount.kind == .secret && !source.isEmpty ? source : id
            run.mounts.append(
                Run.Mount(
                    mount.kind,
                    from: mount.from == nil ? nil : sources.popFirst(),
                    source: mount.kind == .bind ? Copy.cleanedSource(source) : source,
                    id: written.isEmpty ? name ?? "" : written,
                    isRequired: mount.isRequired
                )
            )
        }
        return run
    }

    /// Variables are replaced, quotes stay, and the escape is always `\`, whatever the file's own one is.
    private func content(of heredoc: Heredoc) throws(Mistake) -> String {
        guard heredoc.expands else { return heredoc.chomped }
        var expansion = Expansion()
        expansion.ignoresQuotes = true
        return try expansion.text(heredoc.chomped, state.variables)
    }
}
