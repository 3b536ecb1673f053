/// Ignore files: which paths of a context an image does not see.

/// The rules are those of BuildKit's context transfer: the last pattern that matches decides, a pattern that matches a
/// folder matches all below it, and a `!` pattern counts only where a path is excluded at that point.
package struct IgnorePatterns: Hashable, Sendable {
    private var patterns: [IgnorePattern] = []
    private var hasExceptions = false

    /// The text of a `.dockerignore`; throws all the patterns that are none, with their lines.
    package init(parsing text: String) throws(DockerfileProblems) {
        var bytes = text.utf8[...]
        if text.begins(with: "\u{FEFF}") { bytes = bytes.dropFirst(3) }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        try self.init(lines: lines.map { Self.pattern(inLine: String(Substring($0))) })
    }

    /// Patterns as they stand in a list; a problem's line is the pattern's position, from 1.
    package init(patterns: [String]) throws(DockerfileProblems) { try self.init(lines: patterns) }

    private init(lines: [String]) throws(DockerfileProblems) {
        var problems: [DockerfileProblem] = []
        for (index, line) in lines.enumerated() {
            do throws(Mistake) {
                guard let pattern = try IgnorePattern(line, line: index + 1) else { continue }
                patterns.append(pattern)
                if pattern.isException { hasExceptions = true }
            } catch {
                let place = InstructionPlace(line: index + 1, source: [line])
                problems.append(
                    place.problem(
                        Mistake("ignore-pattern", "`\(line)` is no pattern: " + error.reason, error.remedy)
                    )
                )
            }
        }
        if !problems.isEmpty { throw DockerfileProblems(problems) }
    }

    /// Empty for a comment, which begins in the first column.
    private static func pattern(inLine line: String) -> String {
        if line.begins(with: "#") { return "" }
        let trimmed = line.trimmed
        let isException = trimmed.begins(with: "!")
        var path = isException ? String(trimmed.unicodeScalars.dropFirst()).trimmed : trimmed
        if !path.isEmpty { path = CleanPath.clean(path) }
        if path != "/", path.begins(with: "/") { path = String(path.unicodeScalars.dropFirst()) }
        return (isException ? "!" : "") + path
    }

    /// Whether the context lacks this path, which is relative to it and clean.
    ///
    /// The context itself (`""`, `.`) is never excluded.
    package func matches(_ path: String) -> Bool { decider(of: path).map { !patterns[$0].isException } ?? false }

    /// The pattern that decides about this path: it excludes it, or takes it back from one that does.
    package func rule(for path: String) -> IgnoreRule? {
        decider(of: path).map { IgnoreRule(patterns[$0]) }
    }

    /// The patterns, made clean.
    package var texts: [String] { patterns.map(\.text) }

    /// The position of the pattern that decides; nil where none matches.
    private func decider(of path: String) -> Int? {
        if patterns.isEmpty || path.isEmpty || path == "." { return nil }
        var path = path
        return path.withUTF8 { bytes in
            hasExceptions ? decider(bytes) : patterns.firstIndex { $0.matches(bytes, allowsParent: true) }
        }
    }

    /// From the outermost folder inwards, each with what was found of the one above.
    private func decider(_ path: UnsafeBufferPointer<UInt8>) -> Int? {
        var matched = Array(repeating: false, count: patterns.count)
        var decider: Int?
        for end in 1...path.count where end == path.count || path[end] == UInt8(ascii: "/") {
            let folder = UnsafeBufferPointer(rebasing: path[..<end])
            decider = nil
            var isExcluded = false
            for (index, pattern) in patterns.enumerated() {
                if !matched[index], pattern.isException == isExcluded {
                    matched[index] = pattern.matches(folder, allowsParent: false)
                }
                if matched[index] { (decider, isExcluded) = (index, !pattern.isException) }
            }
        }
        return decider
    }

    /// Whether the folder is excluded, and no `!` pattern can match anything below it.
    package func excludesEverything(below directory: String) -> Bool {
        matches(directory) && exception(below: directory) == nil
    }

    /// The first `!` pattern that can match something below the folder.
    package func exception(below directory: String) -> IgnoreRule? {
        let prefix = Array(directory.utf8) + [UInt8(ascii: "/")]
        return patterns.first { $0.isException && $0.mayMatch(below: prefix) }.map { IgnoreRule($0) }
    }
}

/// A pattern of an ignore file, as it is told to people.
package struct IgnoreRule: Hashable, Sendable {
    /// From 1, in the text or the list that was read.
    package var line: Int
    /// The pattern, made clean; an exception with its `!`.
    package var text: String
    package var isException: Bool

    fileprivate init(_ pattern: IgnorePattern) {
        (line, text, isException) = (pattern.line, pattern.text, pattern.isException)
    }
}

private struct IgnorePattern: Hashable, Sendable {
    /// Most patterns need no more than a comparison.
    private enum Form: Hashable {
        case exact([UInt8])
        case prefix([UInt8])
        case suffix([UInt8])
        case general(GlobMatcher)
    }

    let isException: Bool
    let line: Int
    let text: String
    private var form: Form

    /// nil for an empty line.
    init?(_ written: String, line: Int) throws(Mistake) {
        var pattern = written.trimmed
        if pattern.isEmpty { return nil }
        pattern = CleanPath.clean(pattern)
        (self.line, text) = (line, pattern)
        isException = pattern.begins(with: "!")
        if isException { pattern = String(pattern.unicodeScalars.dropFirst()) }
        if pattern.isEmpty { throw Mistake("pattern", "nothing follows the `!`", "Name a path behind it.") }
        form = try Self.form(of: pattern)
    }

    /// What a regular expression of Go has no meaning for behind a `\`.
    private static let meaningless = "ceghijklmoquyCEFGHIJKLMNORTUVXYZ89".unicodeScalars

    private static func form(of pattern: String) throws(Mistake) -> Form {
        let bytes = Array(pattern.utf8)
        var form = Form.exact(bytes)
        var matcher = GlobMatcher()
        var scanner = ScalarScanner(pattern)
        var isFirst = true
        while let scalar = scanner.next() {
            defer { isFirst = false }
            switch scalar {
            case "*" where scanner.skip("*"):
                _ = scanner.skip("/")
                let isLast = scanner.isAtEnd
                matcher.tokens.append(isLast ? .everything : .directories)
                if isFirst {
                    form = .suffix(Array(bytes.dropFirst(2)))
                } else if isLast, case .exact = form {
                    form = .prefix(Array(bytes.dropLast(2)))
                } else {
                    form = .general(matcher)
                }
                continue
            case "*": matcher.tokens.append(.many)
            case "?": matcher.tokens.append(.one)
            case "[": matcher.tokens.append(try GlobToken.set(&scanner))
            case "\\":
                let escaped = try GlobToken.escaped(&scanner)
                if !escaped.isASCII || Self.meaningless.contains(escaped) {
                    throw Mistake("pattern", "`\\\(escaped)` means nothing", "Leave the `\\` away; folders end in `/`.")
                }
                if escaped.isASCIILetter || escaped.isASCIIDigit {
                    // In the reference implementation this is no letter but a regular expression's (`\b`), so that a
                    // path with `\` between its names matches nothing.
                    matcher.tokens.append(.set([], isNegated: false))
                } else {
                    matcher.append(escaped)
                }
            case "^":
                matcher.tokens.append(.start)
                continue
            default:
                matcher.append(scalar)
                continue
            }
            form = .general(matcher)
        }
        if case .general = form { return .general(matcher) }
        return form
    }

    /// Where it stands makes no other pattern of it: patterns that only moved are the same.
    static func == (a: Self, b: Self) -> Bool { a.isException == b.isException && a.form == b.form }

    func hash(into hasher: inout Hasher) {
        hasher.combine(isException)
        hasher.combine(form)
    }

    func matches(_ path: UnsafeBufferPointer<UInt8>, allowsParent: Bool) -> Bool {
        let slash = UInt8(ascii: "/")
        switch form {
        case .exact(let bytes):
            guard path.count >= bytes.count, path.starts(with: bytes) else { return false }
            return path.count == bytes.count || allowsParent && path[bytes.count] == slash
        case .prefix(let bytes): return path.count >= bytes.count && path.starts(with: bytes)
        case .suffix(let bytes):
            if Self.ends(path[...], with: bytes) { return true }
            guard allowsParent else { return false }
            return path.indices.contains { path[$0] == slash && Self.ends(path[..<$0], with: bytes) }
        case .general(let matcher): return matcher.matches(path, allowsParent: allowsParent)
        }
    }

    /// `**/x` is the end `/x`, or the whole path `x`.
    private static func ends(_ path: Slice<UnsafeBufferPointer<UInt8>>, with suffix: [UInt8]) -> Bool {
        if path.count >= suffix.count { return path.suffix(suffix.count).elementsEqual(suffix) }
        return suffix.first == UInt8(ascii: "/") && path.elementsEqual(suffix.dropFirst())
    }

    /// Whether a path below the folder, given with a `/` at its end, may match.
    func mayMatch(below folder: [UInt8]) -> Bool {
        switch form {
        case .exact(let bytes): return bytes.starts(with: folder)
        case .prefix(let bytes): return bytes.starts(with: folder) || folder.starts(with: bytes)
        case .suffix: return true
        case .general(let matcher):
            let head = matcher.tokens.prefix { if case .byte = $0 { true } else { false } }
            let agrees = zip(head, folder).allSatisfy { $0 == .byte($1) }
            if matcher.tokens.contains(.directories) || matcher.tokens.contains(.everything) { return agrees }
            // Every `/` of a path below the folder must be one of the pattern.
            let slash = UInt8(ascii: "/")
            return agrees && matcher.tokens.count { $0 == .byte(slash) } >= folder.count { $0 == slash }
        }
    }
}
