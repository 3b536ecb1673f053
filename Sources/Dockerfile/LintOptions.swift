/// `skip=RuleA,RuleB;error=true;experimental=all`: which of BuildKit's checks count, and how much.

package struct LintOptions: Equatable, Sendable {
    /// The build argument that counts instead of the directive.
    package static let argument = "BUILDKIT_DOCKERFILE_CHECK"

    /// What is found are errors.
    package private(set) var isError = false
    /// The rules' names as they are written; nil: all of them.
    private var skipped: [String]? = []
    private var experimental: [String]? = []

    package init() {}

    init(_ text: String) throws(Mistake) {
        // As in BuildKit, what follows a third `;` belongs to the third option.
        for option in text.trimmed.split(separator: ";", maxSplits: 2, omittingEmptySubsequences: false) {
            guard let (name, value) = option.cut(at: "=").map({ ($0.before.trimmed, $0.after.trimmed) }) else {
                if text.trimmed.isEmpty { return }
                throw Self.unreadable(String(option))
            }
            switch name {
            case "skip": skipped = skipped == nil ? nil : Self.names(in: value)
            case "experimental": experimental = experimental == nil ? nil : Self.names(in: value)
            case "error": isError = try Self.boolean(value)
            default: throw Self.unreadable(name)
            }
        }
    }

    private static func names(in value: String) -> [String]? {
        value == "all" ? nil : value.split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }
    }

    private static func boolean(_ value: String) throws(Mistake) -> Bool {
        switch value {
        case "1", "t", "T", "true", "True", "TRUE": return true
        case "0", "f", "F", "false", "False", "FALSE": return false
        default: throw unreadable(value)
        }
    }

    private static func unreadable(_ text: String) -> Mistake {
        Mistake(
            "check-directive",
            "`\(text)` means nothing to `check`",
            "Write `# check=skip=RuleA,RuleB;error=true`, with what is needed of it.",
            at: text
        )
    }

    func counts(_ rule: LintRule) -> Bool {
        if rule.isExperimental { return experimental?.contains(rule.rawValue) ?? true }
        return skipped.map { !$0.contains(rule.rawValue) } ?? false
    }

    /// With what the first `check=` of the comments above an instruction says of rules; `error` counts for a file only.
    func merging(_ comments: [Comment]) -> LintOptions {
        guard let other = comments.lazy.compactMap(\.check).first.flatMap({ try? LintOptions($0) }) else { return self }
        var options = self
        options.skipped = Self.joined(skipped, other.skipped)
        options.experimental = Self.joined(experimental, other.experimental)
        return options
    }

    private static func joined(_ a: [String]?, _ b: [String]?) -> [String]? {
        if let a, let b { a + b } else { nil }
    }

    /// One mistake for each name that no rule has; BuildKit passes over them.
    var mistakes: [Mistake] {
        let known = LintRule.allCases.map(\.rawValue)
        return ((skipped ?? []) + (experimental ?? [])).filter { !known.contains($0) }.map { name in
            let now = Self.formerNames[name].map { "It is called `\($0)` now." }
            let near = Suggestion.nearest(to: name, among: known).map { "Did you mean `\($0)`?" }
            let all = name == "all" ? "Write `all` alone." : "Take it out."
            return Mistake(
                "check-unknown-rule",
                "`\(name)` is no rule of BuildKit's checks",
                now ?? near ?? all,
                at: name
            )
        }
    }

    private static let formerNames = [
        "FileConsistentCommandCasing": "ConsistentInstructionCasing",
        "SelfConsistentCommandCasing": "ConsistentInstructionCasing",
        "UndeclaredArgInFrom": "UndefinedArgInFrom",
    ]
}

/// A comment on a line of its own.
struct Comment: Hashable, Sendable {
    var line: Int
    /// The whole line.
    var source: String

    /// What follows the first character, trimmed.
    var text: String { source.dropFirst().trimmed }

    /// What it says of the checks of the instruction below it, where it begins with `check=`.
    var check: String? {
        guard let (name, value) = text.cut(at: "="), name.trimmed.lowercased() == "check" else { return nil }
        let trimmed = value.trimmed
        return trimmed.isEmpty ? nil : trimmed.cut(at: " ")?.before ?? trimmed
    }

    var place: InstructionPlace { InstructionPlace(line: line, source: [source]) }
}
