/// The rules of BuildKit's build checks, by the names under which a Dockerfile leaves them out.

package enum LintRule: String, CaseIterable, Sendable {
    case stageNameCasing = "StageNameCasing"
    case fromAsCasing = "FromAsCasing"
    case noEmptyContinuation = "NoEmptyContinuation"
    case consistentInstructionCasing = "ConsistentInstructionCasing"
    case duplicateStageName = "DuplicateStageName"
    case reservedStageName = "ReservedStageName"
    case jsonArgsRecommended = "JSONArgsRecommended"
    case maintainerDeprecated = "MaintainerDeprecated"
    case undefinedArgInFrom = "UndefinedArgInFrom"
    case workdirRelativePath = "WorkdirRelativePath"
    case undefinedVar = "UndefinedVar"
    case multipleInstructionsDisallowed = "MultipleInstructionsDisallowed"
    case legacyKeyValueFormat = "LegacyKeyValueFormat"
    case redundantTargetPlatform = "RedundantTargetPlatform"
    case secretsUsedInArgOrEnv = "SecretsUsedInArgOrEnv"
    case invalidDefaultArgInFrom = "InvalidDefaultArgInFrom"
    case fromPlatformFlagConstDisallowed = "FromPlatformFlagConstDisallowed"
    case invalidDefinitionDescription = "InvalidDefinitionDescription"
    case exposeProtoCasing = "ExposeProtoCasing"
    case exposeInvalidFormat = "ExposeInvalidFormat"
    /// Told as `missing-input`, as are other sources that are not there.
    case copyIgnoredFile = "CopyIgnoredFile"
    /// Of a base that is pulled, which is not looked at here.
    case invalidBaseImagePlatform = "InvalidBaseImagePlatform"

    /// Those that have an id of their own.
    package static let told = allCases.filter { ![.copyIgnoredFile, .invalidBaseImagePlatform].contains($0) }

    /// Like `dockerfile-check-stage-name-casing`.
    package var id: String { "dockerfile-" + mistakeID }

    /// What a ``Mistake`` calls it.
    var mistakeID: String {
        let scalars = Array(rawValue.unicodeScalars)
        var id = "check"
        for (index, scalar) in scalars.enumerated() {
            let isUpper = !scalar.isLowercaseLetter
            let ends = index == 0 || scalars[index - 1].isLowercaseLetter
            let begins = scalars.indices.contains(index + 1) && scalars[index + 1].isLowercaseLetter
            if isUpper, ends || begins { id += "-" }
            id += String(scalar).lowercased()
        }
        return id
    }

    /// Left out unless it is asked for.
    var isExperimental: Bool { self == .invalidDefinitionDescription }
}

extension Unicode.Scalar {
    fileprivate var isLowercaseLetter: Bool { ("a"..."z").contains(self) }
}

/// What a rule found, before it is known whether the rule counts.
struct LintFinding {
    var rule: LintRule
    var problem: DockerfileProblem
    /// Those whose `check=` counts for it.
    var comments: [Comment]
    /// A base of which nothing is known may show that all is well.
    var isGuess = false

    /// The comments are those above the instruction, unless others are given.
    init(
        _ rule: LintRule,
        _ reason: String,
        _ remedy: String,
        at culprit: String? = nil,
        in place: InstructionPlace
    ) {
        let mistake = Mistake(rule.mistakeID, "\(reason) (\(rule.rawValue))", remedy, at: culprit)
        (self.rule, problem, comments) = (rule, place.problem(mistake), place.comments)
    }

    /// The same elsewhere, where there is an elsewhere.
    func moved(to place: (line: Int, column: Int)?) -> LintFinding {
        var finding = self
        if let place { (finding.problem.line, finding.problem.column) = (place.line, place.column) }
        return finding
    }

    /// Of a rule that no comment leaves out, only the file's directive.
    var ofWholeFile: LintFinding {
        var finding = self
        finding.comments = []
        return finding
    }
}
