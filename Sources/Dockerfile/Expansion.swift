/// Variables, quotes and escapes in the words of a Dockerfile: the part of a shell's grammar that it knows.

/// The rules of one expansion; the defaults are those for an instruction's words.
struct Expansion {
    var escape: Unicode.Scalar = "\\"
    /// Quotes stay in the result.
    var keepsQuotes = false
    /// Escapes stay in the result.
    var keepsEscapes = false
    /// Quotes are characters like any other.
    var ignoresQuotes = false
    /// `$X` stays as it is where `X` is not set.
    var keepsUnset = false

    /// The text with its variables replaced, quotes and escapes gone.
    func text(_ text: String, _ variables: VariableTable) throws(Mistake) -> String {
        var run = ExpansionRun(self, text, variables)
        return String(scalars: try run.read(until: nil).text)
    }

    /// The same, and then split at the white space that is neither quoted nor escaped.
    func words(_ text: String, _ variables: VariableTable) throws(Mistake) -> [String] {
        var run = ExpansionRun(self, text, variables)
        return try run.read(until: nil).words.map { String(scalars: $0) }
    }

    /// The variables that the text asks for, whether or not they are set.
    func names(in text: String, _ variables: VariableTable) throws(Mistake) -> [String] {
        var run = ExpansionRun(self, text, variables)
        _ = try run.read(until: nil)
        return run.names
    }
}

/// What is read so far: as one text, and as words.
private struct Expanded {
    var text: [Unicode.Scalar] = []
    private(set) var words: [[Unicode.Scalar]] = []
    private var word: [Unicode.Scalar] = []

    /// White space in it separates words.
    mutating func append(_ scalars: [Unicode.Scalar]) {
        text += scalars
        for scalar in scalars {
            if scalar.isSpace { endWord() } else { word.append(scalar) }
        }
    }

    mutating func appendQuoted(_ scalars: [Unicode.Scalar]) {
        text += scalars
        word += scalars
    }

    mutating func endWord() {
        if !word.isEmpty { words.append(word) }
        word = []
    }
}

private struct ExpansionRun {
    private let rules: Expansion
    private let variables: VariableTable
    private var scanner: ScalarScanner
    private var keepsEscapes: Bool
    /// Those that were asked for.
    private(set) var names: [String] = []

    init(_ rules: Expansion, _ text: String, _ variables: VariableTable) {
        (self.rules, self.variables, keepsEscapes) = (rules, variables, rules.keepsEscapes)
        scanner = ScalarScanner(text)
    }

    /// Up to the end, or to this character, which is consumed.
    mutating func read(until stop: Unicode.Scalar?) throws(Mistake) -> Expanded {
        var result = Expanded()
        while let scalar = scanner.peek {
            if scalar == stop {
                _ = scanner.next()
                result.endWord()
                return result
            }
            switch scalar {
            case "$": result.append(try variable())
            case "'" where !rules.ignoresQuotes: result.appendQuoted(try singleQuoted())
            case "\"" where !rules.ignoresQuotes: result.appendQuoted(try doubleQuoted())
            case "<": result.appendQuoted(heredocMark())
            case rules.escape:
                _ = scanner.next()
                if keepsEscapes { result.appendQuoted([scalar]) }
                if let escaped = scanner.next() { result.appendQuoted([escaped]) }
            default:
                _ = scanner.next()
                result.append([scalar])
            }
        }
        if let stop { throw Self.missing(stop) }
        result.endWord()
        return result
    }

    private static func missing(_ stop: Unicode.Scalar) -> Mistake {
        Mistake("expansion", "a `${…}` lacks its `\(stop)`", "Close it, or write `\\$` for a plain dollar sign.")
    }

    /// The blanks between `<<` and a name are no separators.
    private mutating func heredocMark() -> [Unicode.Scalar] {
        _ = scanner.next()
        guard scanner.skip("<") else { return ["<"] }
        return ["<", "<"] + scanner.take { $0 == " " || $0 == "\t" || $0 == "\r" }
    }

    private mutating func singleQuoted() throws(Mistake) -> [Unicode.Scalar] {
        _ = scanner.next()
        let inside = scanner.take { $0 != "'" }
        guard scanner.skip("'") else {
            throw Mistake("expansion", "a `'` is not closed", "Close the quote, or write `\\'` for the character.")
        }
        return rules.keepsQuotes ? ["'"] + inside + ["'"] : inside
    }

    private mutating func doubleQuoted() throws(Mistake) -> [Unicode.Scalar] {
        _ = scanner.next()
        var inside: [Unicode.Scalar] = []
        while let scalar = scanner.peek {
            if scalar == "$" {
                inside += try variable()
                continue
            }
            _ = scanner.next()
            if scalar == "\"" { return rules.keepsQuotes ? ["\""] + inside + ["\""] : inside }
            guard scalar == rules.escape else {
                inside.append(scalar)
                continue
            }
            if keepsEscapes { inside.append(scalar) }
            guard let escaped = scanner.peek else { break }
            // Before any other character an escape is a character itself.
            let isEscaped = escaped == "\"" || escaped == "$" || escaped == rules.escape
            inside.append(isEscaped ? escaped : scalar)
            if isEscaped { _ = scanner.next() }
        }
        throw Mistake("expansion", "a `\"` is not closed", "Close the quote, or write `\\\"` for the character.")
    }
}

extension ExpansionRun {
    /// `$name` or `${…}`.
    private mutating func variable() throws(Mistake) -> [Unicode.Scalar] {
        _ = scanner.next()
        guard scanner.skip("{") else {
            let name = name()
            if name.isEmpty { return ["$"] }
            names.append(name)
            if let value = variables[name] { return Array(value.unicodeScalars) }
            return rules.keepsUnset ? Array("$\(name)".unicodeScalars) : []
        }
        switch scanner.peek {
        case nil: throw Self.missing("}")
        case "{", "}", ":": throw Mistake("expansion", "a `${…}` names no variable", "Write `${NAME}`.")
        default: return try braced()
        }
    }

    /// A number, one special character, or letters, digits and `_`.
    private mutating func name() -> String {
        guard let first = scanner.peek else { return "" }
        if Self.isDigit(first) { return String(scalars: scanner.take(while: Self.isDigit)) }
        if "@*#?-$!".unicodeScalars.contains(first) {
            _ = scanner.next()
            return String(first)
        }
        return String(scalars: scanner.take { Self.isLetter($0) || Self.isDigit($0) || $0 == "_" })
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? scalar.isASCIIDigit : scalar.properties.generalCategory == .decimalNumber
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.isASCIILetter }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
        default: return false
        }
    }

    /// What stands between `${` and `}`, which is consumed.
    private mutating func braced() throws(Mistake) -> [Unicode.Scalar] {
        let name = name()
        names.append(name)
        let value = variables[name].map { Array($0.unicodeScalars) }
        guard let modifier = scanner.next() else { throw Self.missing("}") }
        switch modifier {
        case "}":
            return value ?? (rules.keepsUnset ? Array("${\(name)}".unicodeScalars) : [])
        case ":":
            guard let kind = scanner.next() else { throw Self.missing("}") }
            guard "-+?".unicodeScalars.contains(kind) else { throw Self.unsupported(":\(kind)", name) }
            return try conditional(name, kind, value, treatsEmptyAsUnset: true)
        case "-", "+", "?":
            return try conditional(name, modifier, value, treatsEmptyAsUnset: false)
        case "#", "%": return try trimmed(name, modifier, value)
        case "/": return try replaced(name, value)
        default: throw Self.unsupported(String(modifier), name)
        }
    }

    private static func unsupported(_ modifier: String, _ name: String) -> Mistake {
        Mistake(
            "expansion",
            "`\(modifier)` after the name `\(name)` in a `${…}` is not known",
            "Use one of `:-`, `-`, `:+`, `+`, `:?`, `?`, `#`, `##`, `%`, `%%`, `/`, `//`."
        )
    }

    /// `${v:-w}`, `${v:+w}`, `${v:?w}`; without the colon an empty value counts as a value.
    private mutating func conditional(
        _ name: String,
        _ kind: Unicode.Scalar,
        _ value: [Unicode.Scalar]?,
        treatsEmptyAsUnset: Bool
    ) throws(Mistake) -> [Unicode.Scalar] {
        let word = try nested(until: "}", keepsEscapes: false)
        if value == nil, rules.keepsUnset {
            return Array("${\(name)\(treatsEmptyAsUnset ? ":" : "")\(kind)".unicodeScalars) + word + ["}"]
        }
        let used = treatsEmptyAsUnset && value?.isEmpty == true ? nil : value
        switch kind {
        case "-": return used ?? word
        case "+": return used == nil ? [] : word
        default:
            if let used { return used }
            let message =
                word.isEmpty
                ? "must not be \(value == nil ? "unset" : "empty")" : "is required: \(String(scalars: word))"
            throw Mistake(
                "variable-required",
                "the variable `\(name)` \(message)",
                "Give `\(name)` a value with `ARG` or `ENV`.",
                at: name
            )
        }
    }

    /// `${v#p}`, `${v##p}`, `${v%p}`, `${v%%p}`.
    private mutating func trimmed(
        _ name: String,
        _ kind: Unicode.Scalar,
        _ value: [Unicode.Scalar]?
    ) throws(Mistake) -> [Unicode.Scalar] {
        var word = try nested(until: "}", keepsEscapes: true)
        guard let value else {
            return rules.keepsUnset ? Array("${\(name)\(kind)".unicodeScalars) + word + ["}"] : []
        }
        let isGreedy = word.first == kind
        if isGreedy { word.removeFirst() }
        let pattern = try ShellPattern(word)
        let length = kind == "#" ? pattern.prefix(of: value) : pattern.reversed.prefix(of: value.reversed())
        guard let length else { return value }
        let count = isGreedy ? length.longest : length.shortest
        return Array(kind == "#" ? value.dropFirst(count) : value.dropLast(count))
    }

    /// `${v/p/r}`, `${v//p/r}`.
    private mutating func replaced(_ name: String, _ value: [Unicode.Scalar]?) throws(Mistake) -> [Unicode.Scalar] {
        let replacesAll = scanner.skip("/")
        let pattern = try nested(until: "/", keepsEscapes: true)
        let replacement = try nested(until: "}", keepsEscapes: true)
        guard let value else {
            guard rules.keepsUnset else { return [] }
            return Array("${\(name)/".unicodeScalars) + pattern + ["/"] + replacement + ["}"]
        }
        return try ShellPattern(pattern).replacing(in: value, with: replacement, all: replacesAll)
    }

    private mutating func nested(
        until stop: Unicode.Scalar,
        keepsEscapes: Bool
    ) throws(Mistake) -> [Unicode.Scalar] {
        let outer = self.keepsEscapes
        self.keepsEscapes = keepsEscapes
        defer { self.keepsEscapes = outer }
        return try read(until: stop).text
    }
}
