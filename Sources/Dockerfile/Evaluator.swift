/// From what is written to what is meant: which stages the target needs, what each starts from, in which order.

extension Dockerfile {
    /// Throws all the mistakes that show only once arguments, bases and target are known.
    package func evaluate(_ options: EvaluationOptions) throws(DockerfileProblems) -> Evaluation {
        var evaluator = Evaluator(self, options)
        let stages = evaluator.evaluate()
        let evaluation = Evaluation(
            stages: stages,
            syntax: options.arguments.last { $0.key == "BUILDKIT_SYNTAX" }?.value ?? syntax,
            syntaxLine: syntaxLine,
            stageNames: stageNames
        )
        guard evaluator.problems.isEmpty else {
            throw DockerfileProblems(sorting: evaluator.problems)
        }
        return evaluation
    }
}

extension Dockerfile {
    /// What the checks find in the stages that the target needs.
    func stageFindings(_ options: EvaluationOptions) -> [LintFinding] {
        var evaluator = Evaluator(self, options)
        _ = evaluator.evaluate()
        return evaluator.findings
    }

    /// The name of the stage to make, where there is one.
    func target(_ options: EvaluationOptions) -> String? { options.target ?? stages.last?.name }
}

private struct Evaluator {
    /// A stage with its base known, the base's triggers before its own instructions.
    private struct Plan {
        var base: Base
        var platform: String?
        /// With the stage or image of its `--from`, or those of the mounts of a RUN.
        var instructions: [(written: Instruction, sources: [Base])] = []
        /// The stages that it needs, by their numbers.
        var needs: [Int] = []
    }

    private let file: Dockerfile
    private let options: EvaluationOptions
    private let arguments: BuildArguments
    private(set) var problems: [DockerfileProblem] = []
    private(set) var findings: [LintFinding] = []
    private var plans: [Plan] = []
    /// Of two stages with one name the last one.
    private var numbers: [String: Int] = [:]

    init(_ file: Dockerfile, _ options: EvaluationOptions) {
        (self.file, self.options) = (file, options)
        arguments = BuildArguments(options, target: file.target(options), of: file)
        problems = arguments.problems
        do throws(DockerfileProblem) { _ = try file.lintOptions(options.arguments) } catch { problems.append(error) }
        var known: [String: Int] = [:]
        for (number, stage) in file.stages.enumerated() {
            plans.append(plan(stage, known))
            // A stage may have the name of its own base.
            if let name = stage.name { known[name] = number }
        }
        numbers = known
        for number in plans.indices { resolveSources(of: number) }
    }

    mutating func evaluate() -> [EvaluatedStage] {
        guard let target = target() else { return [] }
        var states: [Int: StageState] = [:]
        var lints: [Int: StageLint] = [:]
        var stages: [EvaluatedStage] = []
        var uncertain: Set<Int> = []
        for number in needed(by: target) {
            if isUncertain(plans[number], uncertain) { uncertain.insert(number) }
            var stage = StageEvaluator(state: state(of: plans[number], states), arguments, escape: file.escape)
            let base = if case .stage(let number) = plans[number].base { lints[number] } else { nil as StageLint? }
            let isUncertain = uncertain.contains(number)
            var lint = StageLint(base: base, arguments.given, escape: file.escape, isUncertain: isUncertain)
            for (instruction, sources) in plans[number].instructions {
                lint.check(instruction, stage.state)
                for source in sources { checkOrder(of: source, in: number, instruction) }
                do throws(Mistake) { try stage.evaluate(instruction, sources) } catch {
                    if !isUncertain { problems.append(instruction.place.problem(error)) }
                }
            }
            (states[number], lints[number]) = (stage.state, lint)
            findings += lint.findings
            let written = file.stages[number]
            stages.append(
                EvaluatedStage(
                    index: number,
                    name: written.name,
                    base: plans[number].base,
                    line: written.place.line,
                    instructions: stage.instructions,
                    platform: plans[number].platform
                )
            )
        }
        return stages
    }

    private func state(of plan: Plan, _ states: [Int: StageState]) -> StageState {
        if case .stage(let number) = plan.base { return states[number]?.inherited ?? StageState(BaseDefaults()) }
        return StageState(defaults(of: plan.base, for: plan.platform) ?? BaseDefaults())
    }

    /// What is known of an image that a stage starts from.
    private func defaults(of base: Base, for platform: String?) -> BaseDefaults? {
        let platform = platform ?? options.platform
        return switch base {
        case .project(let name): options.baseDefaults[BaseName(name, for: platform)]
        case .external(let reference): options.externalDefaults[BaseName(reference, for: platform)]
        case .stage, .scratch: nil
        }
    }

    /// Whether what the base hands down is not known yet.
    private func isUncertain(_ plan: Plan, _ stages: Set<Int>) -> Bool {
        switch plan.base {
        case .stage(let number): stages.contains(number)
        case .project(let name): options.awaitsBases && options.uncertainImages.contains(name)
        case .external: options.awaitsBases && defaults(of: plan.base, for: plan.platform) == nil
        case .scratch: false
        }
    }

    private mutating func target() -> Int? {
        guard let name = options.target, !name.isEmpty else { return plans.indices.last }
        if let number = numbers[name.lowercased()] { return number }
        let known = file.stageNames.map { "`\($0)`" }.joined(separator: ", ")
        problems.append(
            DockerfileProblem(
                id: "dockerfile-unknown-target",
                line: 1,
                reason: "the target `\(name)` is no stage of this file",
                remedy: (known.isEmpty
                    ? "No stage has a name; write `FROM … AS name`, and `target: name`." : "The stages are \(known).")
                    + Suggestion.sentence(for: name, among: file.stageNames)
            )
        )
        return nil
    }

    /// In the order of the file, the target among them.
    private func needed(by target: Int) -> [Int] {
        var found: Set<Int> = [target]
        var open = [target]
        while let number = open.popLast() {
            for need in plans[number].needs where found.insert(need).inserted { open.append(need) }
        }
        return found.sorted()
    }
}

extension Evaluator {
    private mutating func plan(_ stage: WrittenStage, _ known: [String: Int]) -> Plan {
        let base = base(of: stage, known)
        var plan = Plan(base: base, platform: platform(of: stage))
        var triggers: [String] = []
        switch base {
        case .stage(let number):
            plan.needs = [number]
            triggers = file.stages[number].instructions.compactMap {
                if case .onBuild(let text) = $0.kind { text } else { nil }
            }
        case .project, .external: triggers = defaults(of: base, for: plan.platform)?.onBuild ?? []
        case .scratch: break
        }
        plan.instructions = triggers.compactMap { trigger($0, of: stage) }.map { ($0, []) }
        plan.instructions += stage.instructions.map { ($0, []) }
        return plan
    }

    private mutating func base(of stage: WrittenStage, _ known: [String: Int]) -> Base {
        guard let text = expand(stage.base, of: stage) else { return .scratch }
        guard !text.isEmpty else {
            let names = file.globals.flatMap(\.argumentNames)
            let variable = stage.base.unicodeScalars.drop { $0 == "$" || $0 == "{" }
                .prefix { $0.isASCIILetter || $0.isASCIIDigit || $0 == "_" }
            problems.append(
                stage.place.problem(
                    Mistake(
                        "base-blank",
                        "nothing is left of the base `\(stage.base)` when its variables are replaced",
                        "Declare the variable with a value above the first FROM: `ARG \(String(variable))=…`."
                            + Suggestion.sentence(for: String(variable), among: names),
                        at: stage.base
                    )
                )
            )
            return .scratch
        }
        if let number = known[text] { return .stage(number) }
        return image(text)
    }

    private func image(_ text: String) -> Base {
        if let name = options.projectImages[text] { return .project(name) }
        return text == "scratch" ? .scratch : .external(text)
    }

    private mutating func expand(_ text: String, of stage: WrittenStage) -> String? {
        do throws(Mistake) { return try Expansion(escape: file.escape).text(text, arguments.globals) } catch {
            problems.append(stage.place.problem(error))
            return nil
        }
    }

    /// nil where it is the platform that the image is made for.
    private mutating func platform(of stage: WrittenStage) -> String? {
        guard let written = stage.platform, let text = expand(written, of: stage) else { return nil }
        guard let target = Platform(options.platform), let platform = Platform(text, like: target) else {
            problems.append(
                stage.place.problem(
                    Mistake(
                        "platform",
                        "`\(text)` is no platform",
                        "Write it like `linux/amd64` or `linux/arm64`.",
                        at: "--platform"
                    )
                )
            )
            return nil
        }
        return platform == target ? nil : platform.text
    }

    /// A base's trigger counts as if it stood right behind the FROM.
    private mutating func trigger(_ text: String, of stage: WrittenStage) -> Instruction? {
        let parser = SyntaxParser(text)
        var mistake = parser.problems.first.map { "\($0.reason)" }
        if mistake == nil, parser.nodes.count != 1 { mistake = "it is not one instruction" }
        if mistake == nil, let node = parser.nodes.first {
            var reader = InstructionReader(node, escape: file.escape)
            let kind = reader.instruction()
            if let kind, reader.mistakes.isEmpty {
                var instruction = Instruction(node, kind)
                instruction.place = stage.place
                instruction.place.comments = []
                return instruction
            }
            mistake = reader.mistakes.first?.reason
        }
        problems.append(
            stage.place.problem(
                Mistake(
                    "onbuild-base",
                    "the base's trigger `\(text)` can't be used: \(mistake ?? "it says nothing")",
                    "Mend the ONBUILD in the Dockerfile of `\(stage.base)`.",
                    at: stage.base
                )
            )
        )
        return nil
    }

    /// Looks up each `--from`, now that all the names are known.
    private mutating func resolveSources(of number: Int) {
        for index in plans[number].instructions.indices {
            let instruction = plans[number].instructions[index].written
            let names: [String] =
                switch instruction.kind {
                case .copy(let copy): copy.from.map { [$0] } ?? []
                case .run(let run): run.mounts.compactMap(\.from)
                default: []
                }
            let sources = names.compactMap { source($0, for: number, instruction) }
            plans[number].instructions[index].sources = sources
            plans[number].needs += sources.compactMap { if case .stage(let need) = $0 { need } else { nil } }
        }
    }

    private mutating func source(_ from: String, for number: Int, _ instruction: Instruction) -> Base? {
        var found: Int?
        if let index = Int(from) {
            guard plans.indices.contains(index) else {
                problems.append(
                    instruction.place.problem(
                        Mistake(
                            "stage-index",
                            "there is no stage \(index): the file has \(plans.count), counted from 0",
                            "Give the stage a name, `FROM … AS name`, and write `--from=name`.",
                            at: "--from"
                        )
                    )
                )
                return nil
            }
            found = index
        } else {
            found = numbers[from.lowercased()]
        }
        guard let found else { return image(from) }
        if found != number { return .stage(found) }
        problems.append(
            instruction.place.problem(
                Mistake(
                    "copy-from-itself",
                    "the stage copies from itself (`--from=\(from)`)",
                    "Name an earlier stage, or leave `--from` away to copy from the context.",
                    at: "--from"
                )
            )
        )
        return nil
    }

    private mutating func checkOrder(of source: Base, in number: Int, _ instruction: Instruction) {
        guard case .stage(let index) = source, index > number else { return }
        let stage = file.stages[index]
        problems.append(
            instruction.place.problem(
                Mistake(
                    "copy-from-later-stage",
                    "the stage `\(stage.name ?? String(index))` begins only on line \(stage.place.line)",
                    "Move that stage above this one.",
                    at: "--from"
                )
            )
        )
    }
}
