/// Reads the text of a path pattern: clean components, compiled tokens, and what is wrong with it otherwise.

struct Glob {
    private(set) var text = ""
    private(set) var namesFolder = false
    private(set) var isLiteral = true
    private(set) var staticPrefix = ""
    private(set) var saysGit = false
    private(set) var tokens: [GlobToken] = []

    /// Why a text is no pattern.
    enum Fault: Error, Equatable {
        case path(RelativePath.Fault)
        case negated
        case braces
        case doubleStar(String)
        case openClass(String)
        case danglingEscape
    }

    init(_ written: String) throws(Fault) {
        if written.hasPrefix("!") { throw .negated }
        let path: RelativePath
        do { path = try RelativePath(written, isPattern: true) } catch { throw .path(error) }
        var components = path.path.split(separator: "/").map(String.init)
        namesFolder = path.isDirectory || components.last == "**"
        text = components.isEmpty ? "." : components.joined(separator: "/")
        isLiteral = true
        while components.last == "**" {
            components.removeLast()
            isLiteral = false
        }
        saysGit = components.contains(".git")
        var prefix: [String]? = []
        for (index, component) in components.enumerated() {
            let compiled = component == "**" ? [.folders] : try Self.compile(component)
            if compiled.contains(where: \.isWildcard) {
                isLiteral = false
                staticPrefix = prefix?.joined(separator: "/") ?? staticPrefix
                prefix = nil
            } else {
                prefix?.append(String(decoding: compiled.compactMap(\.literal), as: UTF8.self))
            }
            if component == "**" && tokens.last == .folders { continue }
            tokens += compiled
            if component != "**" && index < components.count - 1 { tokens.append(.byte(UInt8(ascii: "/"))) }
        }
        staticPrefix = prefix?.joined(separator: "/") ?? staticPrefix
    }

    private static func compile(_ component: String) throws(Fault) -> [GlobToken] {
        var tokens: [GlobToken] = []
        var rest = Substring(component).unicodeScalars
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*":
                if rest.first == "*" { throw .doubleStar(component) }
                tokens.append(.star)
            case "?": tokens.append(.any)
            case "[": tokens.append(try set(&rest, of: component))
            case "{":
                if let end = rest.firstIndex(of: "}"), rest[..<end].contains(",") { throw .braces }
                tokens.append(.byte(UInt8(ascii: "{")))
            case "\\":
                guard let escaped = rest.popFirst() else { throw .danglingEscape }
                tokens += UTF8.encode(escaped).map { $0.map(GlobToken.byte) } ?? []
            default: tokens += UTF8.encode(scalar).map { $0.map(GlobToken.byte) } ?? []
            }
        }
        return tokens
    }

    /// Reads a class from behind its `[`; a `]` that comes first is a member.
    private static func set(
        _ rest: inout Substring.UnicodeScalarView,
        of component: String
    ) throws(Fault) -> GlobToken {
        var isNegated = false
        if rest.first == "!" || rest.first == "^" {
            isNegated = true
            rest.removeFirst()
        }
        var ranges: [ClosedRange<UInt32>] = []
        while var low = rest.popFirst() {
            if low == "]", !ranges.isEmpty { return .set(ranges, isNegated: isNegated) }
            if low == "\\", let escaped = rest.popFirst() { low = escaped }
            var high = low
            if rest.first == "-", let next = rest.dropFirst().first, next != "]" {
                rest.removeFirst(2)
                high = next
                if high == "\\", let escaped = rest.popFirst() { high = escaped }
            }
            guard low <= high else { throw .openClass(component) }
            ranges.append(low.value...high.value)
        }
        throw .openClass(component)
    }
}

extension GlobToken {
    fileprivate var isWildcard: Bool { literal == nil }
    fileprivate var literal: UInt8? { if case .byte(let byte) = self { byte } else { nil } }
}

extension Glob.Fault {
    func diagnostic(of text: String, at place: Place) -> Diagnostic {
        let reason: String
        let remedy: String
        switch self {
        case .path(let fault): return fault.diagnostic(of: text, at: place, what: "the input")
        case .negated:
            reason = "begins with `!`, but a list of inputs cannot take paths out again"
            remedy = "Name what the step reads, in as many patterns as it takes; a file whose name begins so is `\\!…`."
        case .braces:
            reason = "has alternatives in braces, which patterns here do not have"
            remedy = "Write one pattern for each alternative; a brace in a file's name is `\\{`."
        case .doubleStar(let component):
            reason = "has `**` inside the name `\(component)`, but `**` means folders and stands alone between slashes"
            remedy = "Write `*` for any part of a name, or `**/` for any number of folders."
        case .openClass(let component):
            reason = "has a class in `\(component)` that does not end in `]`, or whose range runs backwards"
            remedy = "Write the class as `[a-z]`; a bracket in a file's name is `\\[`."
        case .danglingEscape:
            reason = "has a `\\` with no character behind it in the same name"
            remedy = "Write `\\\\` for a backslash in a file's name, and `/` between folders."
        }
        return Diagnostic(
            id: Rule.pattern.id,
            place: place,
            reason: "the pattern `\(text)` \(reason)",
            remedy: remedy
        )
    }
}
