/// BuildKit's checks of what `FROM` lines start from, in all stages: variables, and platforms.

struct BaseLint {
    private let file: Dockerfile
    private let options: EvaluationOptions
    private let globals: VariableTable
    private let expansion: Expansion
    /// What a FROM may use.
    private let declared: [String]

    init(_ file: Dockerfile, _ options: EvaluationOptions) {
        (self.file, self.options) = (file, options)
        expansion = Expansion(escape: file.escape)
        globals = BuildArguments(options, target: file.target(options), of: file).globals
        declared = file.globals.flatMap(\.argumentNames) + BuildArguments.predefinedNames
    }

    func findings(isReference: (String) -> Bool) -> [LintFinding] {
        file.stages.flatMap { undefined(in: $0.base, of: $0) + platform(of: $0) } + badDefaults(isReference)
    }

    private func names(in text: String) -> [String] { (try? expansion.names(in: text, globals)) ?? [] }

    private func undefined(in text: String, of stage: WrittenStage) -> [LintFinding] {
        names(in: text).filter { globals[$0] == nil && !declared.contains($0) }.map { name in
            LintFinding(
                .undefinedArgInFrom,
                "no `ARG` above the first FROM declares `\(name)`",
                "Declare it there: `ARG \(name)=…`." + Suggestion.sentence(for: name, among: declared),
                at: stage.place.reference(to: name),
                in: stage.place
            )
        }
    }

    private func platform(of stage: WrittenStage) -> [LintFinding] {
        guard let written = stage.platform, !written.isEmpty else { return [] }
        let names = names(in: written)
        let target = "TARGETPLATFORM"
        if names.isEmpty, isConstant(written, stage) {
            let finding = LintFinding(
                .fromPlatformFlagConstDisallowed,
                "`--platform=\(written)` is the same for whatever platform the image is made",
                "Leave it away, or name the platform in the stage's name if that is meant.",
                at: "--platform",
                in: stage.place
            )
            return [finding]
        }
        // Whatever else stands beside the variable must be nothing.
        if Set(names) == [target], (try? expansion.text(written, globals)) == globals[target] {
            let finding = LintFinding(
                .redundantTargetPlatform,
                "`--platform=\(written)` says what holds without it",
                "Leave it away.",
                at: "--platform",
                in: stage.place
            )
            return [finding]
        }
        return undefined(in: written, of: stage)
    }

    private func isConstant(_ written: String, _ stage: WrittenStage) -> Bool {
        guard let text = try? expansion.text(written, globals),
            let platform = Platform(text, like: Platform(options.platform))
        else { return false }
        let name = stage.name ?? ""
        return !name.contains(platform.system) && !name.contains(platform.architecture)
    }

    /// Other than BuildKit this takes references of the project's images for given: there is no default for them.
    private func badDefaults(_ isReference: (String) -> Bool) -> [LintFinding] {
        var options = options
        options.arguments.removeAll { argument in
            !BuildArguments.predefinedNames.contains(argument.key) && options.projectImages[argument.value] == nil
        }
        let defaults = BuildArguments(options, target: file.target(options), of: file)
        guard defaults.problems.isEmpty else { return [] }
        var findings: [LintFinding] = []
        // A base without variables that is no reference is told as an error.
        for stage in file.stages where !names(in: stage.base).isEmpty {
            guard let base = try? expansion.text(stage.base, defaults.globals) else { return findings }
            if isReference(base) { continue }
            let finding = LintFinding(
                .invalidDefaultArgInFrom,
                "with the defaults of its arguments `\(stage.base)` is no image: `\(base)`",
                "Give the `ARG` above the first FROM a default that makes it one.",
                at: stage.base,
                in: stage.place
            )
            findings.append(finding.ofWholeFile)
        }
        return findings
    }
}
