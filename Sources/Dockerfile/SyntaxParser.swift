/// From text to instructions with their arguments: lines, comments, continuations, here-documents. What an instruction
/// means is not looked at.

struct SyntaxNode: Hashable, Sendable {
    /// As it is written.
    var name: String
    var flags: [String] = []
    /// Pairs of `ENV` and `LABEL` are in ``pairs``.
    var arguments: [String] = []
    var pairs: [KeyValue] = []
    /// The pairs are in the old form, without `=`.
    var isLegacyPair = false
    /// The arguments are a JSON array.
    var isJSON = false
    /// The trigger of `ONBUILD`: none or one.
    var trigger: [SyntaxNode] = []
    /// The whole instruction, continuations joined.
    var original: String
    var heredocs: [Heredoc] = []
    var place: InstructionPlace
    /// The first blank line between its continued ones.
    var emptyLine: Int?

    /// In lower case, for comparisons.
    var keyword: String { name.lowercased() }
}

struct SyntaxParser {
    /// Longer lines are refused, as BuildKit does (its scanner's buffer is 64 KiB).
    static let longestLine = 65_535

    private let lines: [String]
    /// How many lines are read.
    private var position = 0
    private(set) var directives = Directives()
    private(set) var problems: [DockerfileProblem] = []
    private(set) var nodes: [SyntaxNode] = []
    /// Those above the next instruction.
    private var comments: [Comment] = []

    /// The comments with which the file begins, as far as they say how it is read.
    var directiveLines: [String] { Array(lines.prefix(directives.lineCount)) }

    /// Reads all of it; ``nodes`` holds what could be read, ``problems`` the rest.
    init(_ text: String) {
        let bytes = text.begins(with: "\u{FEFF}") ? text.utf8.dropFirst(3) : text.utf8[...]
        lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        reportLongLines()
        while position < endOfLines { readInstruction() }
    }

    /// A file's last line end begins no further line.
    private var endOfLines: Int { lines.last == "" ? lines.count - 1 : lines.count }

    private mutating func nextLine() -> String? {
        guard position < endOfLines else { return nil }
        position += 1
        return lines[position - 1]
    }

    private mutating func reportLongLines() {
        for (index, line) in lines.enumerated() where line.utf8.count > Self.longestLine {
            problems.append(
                DockerfileProblem(
                    id: "dockerfile-line-too-long",
                    line: index + 1,
                    reason: "the line has \(line.utf8.count) bytes, and \(Self.longestLine) are allowed",
                    remedy: "Break it with a `\\` at the end of a line."
                )
            )
        }
    }

    private static func withoutEnd(_ line: String) -> String {
        let scalars = line.unicodeScalars
        guard scalars.last == "\r" else { return line }
        return String(scalars[..<(scalars.lastIndex { $0 != "\r" }.map(scalars.index(after:)) ?? scalars.startIndex)])
    }

    private static func isComment(_ line: String) -> Bool { line.unicodeScalars.first { !$0.isSpace } == "#" }

    /// The line without its continuation character; nil where it does not continue.
    private func continued(_ line: String) -> String? {
        let scalars = line.unicodeScalars
        guard let last = scalars.lastIndex(where: { $0 != " " && $0 != "\t" }), scalars[last] == directives.escape
        else { return nil }
        let before = scalars[..<last]
        // Escaped, it is a character. That the escape itself may be escaped is not looked at (nor is it by BuildKit).
        return before.last == directives.escape ? nil : String(before)
    }

    private mutating func readInstruction() {
        let start = position
        var line = Self.withoutEnd(nextLine() ?? "").withoutLeadingSpace
        do throws(Mistake) { try directives.read(line, number: position) } catch {
            problems.append(place(from: start).problem(error))
        }
        if Self.isComment(line) || line.isEmpty { return addComment(at: start) }
        var continuation = continued(line)
        var emptyLine: Int?
        line = continuation ?? line
        while continuation != nil, let next = nextLine() {
            let part = Self.withoutEnd(next)
            // Comments and blank lines between the parts go away.
            if Self.isComment(part) { continue }
            if part.withoutLeadingSpace.isEmpty {
                emptyLine = emptyLine ?? position
                continue
            }
            continuation = continued(part)
            line += continuation ?? part
        }
        do throws(Mistake) {
            var node = try node(of: line, at: place(from: start))
            (node.emptyLine, node.place.comments) = (emptyLine, comments)
            comments = []
            let end = position
            try readHeredocs(of: &node)
            node.place.heredocs = Array(lines[end..<position])
            nodes.append(node)
        } catch {
            problems.append(place(from: start).problem(error))
        }
    }

    /// An empty comment parts what stands above it from what follows; a blank line only what describes it.
    private mutating func addComment(at index: Int) {
        guard position > directives.lineCount else { return }
        let comment = Comment(line: index + 1, source: Self.withoutEnd(lines[index]))
        if comment.text.isEmpty, !comment.source.trimmed.isEmpty { comments = [] } else { comments.append(comment) }
    }

    /// Of the lines that are read since then.
    private func place(from start: Int) -> InstructionPlace {
        InstructionPlace(line: start + 1, source: Array(lines[start..<position]))
    }

    private mutating func readHeredocs(of node: inout SyntaxNode) throws(Mistake) {
        let inner = node.trigger.first ?? node
        guard ["add", "copy", "run"].contains(inner.keyword), !inner.isJSON else { return }
        for var heredoc in Heredoc.all(in: node.original) {
            let mark = "<<"
            while true {
                guard let line = nextLine() else {
                    throw Mistake(
                        "heredoc-unterminated",
                        "the here-document `\(heredoc.name)` does not end",
                        "Put `\(heredoc.name)` alone on a line behind its content.",
                        at: mark
                    )
                }
                if heredoc.isEnd(Self.withoutEnd(line)) { break }
                heredoc.content += line + "\n"
            }
            node.heredocs.append(heredoc)
        }
    }
}

extension SyntaxParser {
    private func node(of line: String, at place: InstructionPlace) throws(Mistake) -> SyntaxNode {
        let splitting = Splitting(escape: directives.escape)
        let parts = splitting.parts(of: line)
        var node = SyntaxNode(name: parts.name, flags: parts.flags, original: line, place: place)
        switch node.keyword {
        case "add", "copy", "volume":
            if try !readJSON(parts.rest, into: &node) { node.arguments = Splitting.list(parts.rest) }
        case "cmd", "entrypoint", "run", "shell":
            if try !readJSON(parts.rest, into: &node) { node.arguments = parts.rest.isEmpty ? [] : [parts.rest] }
        case "env", "label":
            node.pairs = try splitting.pairs(of: parts.rest, for: parts.name.uppercased())
            node.isLegacyPair = splitting.words(of: parts.rest).first?.cut(at: "=") == nil
        case "arg": node.arguments = splitting.words(of: parts.rest)
        case "expose", "from": node.arguments = Splitting.list(parts.rest)
        case "maintainer", "stopsignal", "user", "workdir": node.arguments = parts.rest.isEmpty ? [] : [parts.rest]
        case "healthcheck": try readHealthcheck(parts.rest, into: &node)
        case "onbuild": node.trigger = parts.rest.isEmpty ? [] : [try self.node(of: parts.rest, at: place)]
        default: break
        }
        return node
    }

    private func readHealthcheck(_ text: String, into node: inout SyntaxNode) throws(Mistake) {
        var scanner = ScalarScanner(text)
        let kind = String(scalars: scanner.take { !$0.isSpace })
        guard !kind.isEmpty else { return }
        let rest = scanner.rest.withoutLeadingSpace
        if try !readJSON(rest, into: &node) { node.arguments = rest.isEmpty ? [] : [rest] }
        node.arguments.insert(kind, at: 0)
    }

    /// Whether the text is a JSON array of strings.
    private func readJSON(_ text: String, into node: inout SyntaxNode) throws(Mistake) -> Bool {
        switch JSONStrings(text) {
        case .notAnArray: return false
        case .strings(let strings):
            (node.arguments, node.isJSON) = (strings, true)
            return true
        case .otherValues:
            throw Mistake(
                "json-strings",
                "the JSON array of this \(node.name.uppercased()) holds something that is no string",
                "Put every element in double quotes.",
                at: "["
            )
        }
    }
}
