/// The flags of an instruction: which it knows, and what a flag may look like.

struct FlagRule {
    enum Kind { case switchedOn, text, texts }
    var name: String
    var kind: Kind

    static func on(_ name: String) -> FlagRule { FlagRule(name: name, kind: .switchedOn) }
    static func text(_ name: String) -> FlagRule { FlagRule(name: name, kind: .text) }
    static func texts(_ name: String) -> FlagRule { FlagRule(name: name, kind: .texts) }
}

/// The values of the flags that are given, and the mistakes in the others.
struct Flags {
    private var values: [String: [String]] = [:]
    private(set) var mistakes: [Mistake] = []

    init(_ written: [String], of instruction: String, _ rules: [FlagRule]) {
        for flag in written {
            do throws(Mistake) {
                let (name, value) = try Self.read(flag, instruction, rules)
                if values[name] != nil, !rules.contains(where: { $0.name == name && $0.kind == .texts }) {
                    throw Mistake(
                        "flag-repeated",
                        "`--\(name)` stands twice",
                        "Keep one of them.",
                        at: "--" + name
                    )
                }
                values[name, default: []].append(value)
            } catch {
                mistakes.append(error)
            }
        }
    }

    private static func read(
        _ flag: String,
        _ instruction: String,
        _ rules: [FlagRule]
    ) throws(Mistake) -> (name: String, value: String) {
        let (written, value) = flag.cut(at: "=").map { ($0.before, Optional($0.after)) } ?? (flag, nil)
        let name = String(written.dropFirst(2))
        guard let rule = rules.first(where: { $0.name == name }) else {
            throw unknown(written, instruction, rules)
        }
        switch (rule.kind, value) {
        case (.switchedOn, nil): return (name, "true")
        case (.switchedOn, let value?):
            let lowercase = value.lowercased()
            guard lowercase == "true" || lowercase == "false" else {
                throw Mistake(
                    "flag-value",
                    "`\(written)` is either `true` or `false`, and not `\(value)`",
                    "Write `\(written)`, or leave it away.",
                    at: written
                )
            }
            return (name, lowercase)
        case (_, nil):
            throw Mistake(
                "flag-value",
                "`\(written)` lacks its value",
                "Write `\(written)=…`, without spaces.",
                at: written
            )
        case (_, let value?): return (name, value)
        }
    }

    private static func unknown(_ written: String, _ instruction: String, _ rules: [FlagRule]) -> Mistake {
        let known = rules.map { "--" + $0.name }
        let hint = Suggestion.sentence(for: written, among: known)
        let remedy =
            known.isEmpty
            ? "\(instruction) has no flags."
            : "\(instruction) knows " + known.map { "`\($0)`" }.joined(separator: ", ") + "."
        return Mistake("unknown-flag", "\(instruction) has no flag `\(written)`", remedy + hint, at: written)
    }

    subscript(_ name: String) -> String? { values[name]?.last }

    func all(_ name: String) -> [String] { values[name] ?? [] }
}
