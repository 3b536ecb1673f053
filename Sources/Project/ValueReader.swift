/// Reads single values of the configuration: type, variables, durations; every mistake is noted, none ends the reading.

import Dockerfile

struct ValueReader {
    let variables: Variables
    private(set) var problems: [Diagnostic] = []

    init(_ variables: Variables) { self.variables = variables }

    mutating func report(_ rule: Rule, _ place: Place, _ reason: String, _ remedy: String) {
        problems.append(Diagnostic(id: rule.id, place: place, reason: reason, remedy: remedy))
    }

    mutating func report(_ problem: Diagnostic) { problems.append(problem) }

    /// The entries of a mapping whose keys are the user's own names.
    mutating func entries(_ tree: Tree, of what: String, like example: String) -> [Tree.Entry] {
        if case .mapping(let entries) = tree.content { return entries }
        if tree.kind != .null { wrongType(tree, what, "a mapping", "Write it like `\(example)`.") }
        return []
    }

    /// The entries of a mapping whose keys are ours; the unknown ones are reported and left out.
    mutating func fields(_ tree: Tree, _ keys: Keys, of what: String) -> [String: Tree] {
        guard case .mapping(let entries) = tree.content else {
            let first = keys.supported[0]
            if tree.kind != .null { wrongType(tree, what, "a mapping", "Write its keys below it, like `\(first): …`.") }
            return [:]
        }
        var fields: [String: Tree] = [:]
        for entry in entries {
            if let problem = keys.problem(entry.key, at: entry.place) {
                problems.append(problem)
            } else {
                fields[entry.key] = entry.value
            }
        }
        return fields
    }

    /// A scalar as text, its variables filled in; booleans are text only where any scalar is.
    mutating func text(_ tree: Tree, _ what: String, anyScalar: Bool = false) -> Placed<String>? {
        guard let scalar = scalar(tree, what) else { return nil }
        switch scalar.kind {
        case .string, .number: return Placed(value: scalar.text, place: tree.place)
        case .bool where anyScalar: return Placed(value: scalar.text, place: tree.place)
        case .null:
            wrongType(tree, what, "a string", "Write a value behind the `:`, or take the key out.")
        default:
            wrongType(tree, what, "a string", "Write a string; in quotes, `\"\(scalar.text)\"` is one.")
        }
        return nil
    }

    /// One scalar, or a list of them.
    mutating func texts(_ tree: Tree, _ what: String, anyScalar: Bool = false) -> [Placed<String>] {
        switch tree.content {
        case .scalar: return text(tree, what, anyScalar: anyScalar).map { [$0] } ?? []
        case .sequence(let items): return items.compactMap { text($0, "an item of \(what)", anyScalar: anyScalar) }
        case .mapping:
            wrongType(tree, what, "a string or a list of strings", "Write one value behind the `:`, or `[a, b]`.")
            return []
        }
    }

    mutating func bool(_ tree: Tree, _ what: String) -> Bool? {
        guard let scalar = scalar(tree, what) else { return nil }
        if scalar.kind == .bool { return scalar.text.lowercased() == "true" }
        wrongType(tree, what, "a boolean", "Write `true` or `false`.")
        return nil
    }

    mutating func count(_ tree: Tree, _ what: String, in range: ClosedRange<Int>) -> Int? {
        guard let scalar = scalar(tree, what) else { return nil }
        let number = scalar.kind == .number ? Self.wholeNumber(scalar.text) : Int(scalar.text)
        if let number, range.contains(number) { return number }
        let remedy = "Write a whole number from \(range.lowerBound) to \(range.upperBound)."
        if scalar.kind == .number || number != nil {
            report(.value, tree.place, "\(what) cannot be `\(scalar.text)`", remedy)
        } else {
            wrongType(tree, what, "a whole number", remedy)
        }
        return nil
    }

    /// As JSON has it, where `1.0` is one; but no other digits than decimal ones.
    private static func wholeNumber(_ text: String) -> Int? {
        Int(text) ?? (text.contains { "xo".contains($0) } ? nil : Double(text).flatMap { Int(exactly: $0) })
    }

    mutating func duration(_ tree: Tree, _ what: String, allowsZero: Bool) -> Duration? {
        guard let scalar = scalar(tree, what) else { return nil }
        let remedy = "Write a number with its unit, like `50ms`, `2s` or `1m30s`"
        guard let duration = DurationText.parse(scalar.text) else {
            let reason =
                scalar.kind == .number
                ? "\(what) has no unit in `\(scalar.text)`" : "`\(scalar.text)` as \(what) is no duration"
            report(.duration, tree.place, reason, remedy + "; a day is the most.")
            return nil
        }
        guard duration <= DurationText.longest else {
            report(.duration, tree.place, "`\(scalar.text)` as \(what) is longer than a day", remedy + ".")
            return nil
        }
        if duration > .zero || allowsZero { return duration }
        report(.duration, tree.place, "\(what) cannot be zero", remedy + ", or leave the key out.")
        return nil
    }

    /// In bytes.
    mutating func size(_ tree: Tree, _ what: String) -> Int? {
        guard let scalar = scalar(tree, what) else { return nil }
        if let size = SizeText.parse(scalar.text) { return size }
        report(
            .value,
            tree.place,
            "`\(scalar.text)` as \(what) is no size",
            "Write a whole number with its unit, like `500MB`, `20GB` or `16GiB`."
        )
        return nil
    }

    /// `NAME: value` pairs for a process's environment.
    mutating func environment(_ tree: Tree) -> [KeyValue] {
        entries(tree, of: "`env`", like: "NAME: value").compactMap { entry in
            guard Variables.isName(entry.key) else {
                report(
                    .value,
                    entry.place,
                    "`\(entry.key)` is no name of a variable",
                    "A name is made of letters, digits and `_`, and does not begin with a digit."
                )
                return nil
            }
            return text(entry.value, "`\(entry.key)`", anyScalar: true).map { KeyValue(entry.key, $0.value) }
        }
    }

    mutating func wrongType(_ tree: Tree, _ what: String, _ wanted: String, _ remedy: String) {
        let found = tree.kind == .null ? "it has no value" : "this is \(tree.kind.rawValue)"
        report(.type, tree.place, "\(what) must be \(wanted), and \(found)", remedy)
    }

    /// A scalar with its variables filled in, and its type after that; one that had variables may be in quotes,
    /// because YAML often asks for them.
    private mutating func scalar(_ tree: Tree, _ what: String) -> (text: String, kind: Tree.Kind)? {
        guard case .scalar(let written) = tree.content else {
            wrongType(tree, what, "a single value", "Write one value behind the `:`.")
            return nil
        }
        var interpolation = Interpolation(variables)
        let text = interpolation.expand(written)
        for fault in interpolation.faults { problems.append(fault.diagnostic(at: tree.place, known: variables.names)) }
        guard interpolation.faults.isEmpty else { return nil }
        if text == written { return (text, tree.kind) }
        let kind = Tree.kind(of: text)
        return (text, kind == .null ? .string : kind)
    }
}

/// `1h`, `1m30s`, `1.5s`, `50ms`: numbers with units, the larger first, each unit once (the syntax of Go's durations).
enum DurationText {
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("h", 3.6e12), ("m", 6e10), ("s", 1e9), ("ms", 1e6),
    ]
    /// A day.
    static let longest: Duration = .seconds(24 * 60 * 60)
    /// Of what is longer than the longest, only that counts.
    private static let limit: Double = 48 * 3.6e12

    /// nil for any other text.
    static func parse(_ text: String) -> Duration? {
        var rest = Substring(text)
        var next = 0
        var nanoseconds = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest[digits.endIndex...]
            let letters = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest[letters.endIndex...]
            guard let value = Double(digits), digits.first != ".", digits.last != ".",
                let unit = units.indices.first(where: { units[$0].name == letters }), unit >= next
            else { return nil }
            nanoseconds += value * units[unit].nanoseconds
            next = unit + 1
        }
        return .nanoseconds(Int64(min(nanoseconds, limit).rounded()))
    }
}
