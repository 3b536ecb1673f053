/// Parses the configuration's YAML by Yams, and turns what is wrong with it into diagnostics.

import Yams

/// Yams ends at the first key that stands twice; here the first of the two is renamed in the text by one character of
/// the private use area and parsing starts again, so that every one of them is reported, and everything else too.
struct YAMLReader {
    let file: String
    private(set) var problems: [Diagnostic] = []
    private var renamed: [Unicode.Scalar: Unicode.Scalar] = [:]
    private var size = 0
    private var lines: [Substring] = []
    /// Whether what is read stands in `[…]` or `{…}`, or might.
    private var isInFlow = false

    /// A hundred times what the largest project needs; an alias of aliases ends here too.
    private static let maxNodes = 100_000
    private static let maxDuplicates = 100
    private static let firstMark: UInt32 = 0xE000

    init(file: String) { self.file = file }

    /// nil for a text without a value, and for one that is no YAML.
    mutating func read(_ text: String) -> Tree? {
        // libyaml is handed a pointer into the string, which lasts only where the string has storage of its own.
        let body = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        var text = body + String(repeating: " ", count: body.utf8.count < 16 ? 16 : 0)
        text.makeContiguousUTF8()
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        while true {
            do {
                guard let root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot() else {
                    return nil
                }
                return convert(root)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                if let key = keys.first, let renamed = rename(key, at: context.mark, in: text) {
                    text = renamed
                    continue
                }
                let place = Place(file: file, line: context.mark.line, column: context.mark.column)
                report(.duplicateKey, place, "`\(keys.first ?? "")` stands twice here", "Keep one of the two.")
            } catch let error as YamlError {
                problems.append(error.diagnostic(file: file, lines: lines))
            } catch {
                report(.yaml, Place(file: file), "this is not valid YAML: \(error)", "Mend the syntax.")
            }
            return nil
        }
    }

    /// The text with the key's first character replaced; nil where the key is not spelled there as it is meant.
    private mutating func rename(_ key: String, at mark: Mark, in text: String) -> String? {
        guard renamed.count < Self.maxDuplicates, mark.line > 0, mark.column > 0,
            let original = key.unicodeScalars.first,
            let mark32 = Unicode.Scalar(Self.firstMark + UInt32(renamed.count))
        else { return nil }
        var scalars = text.unicodeScalars
        var at = scalars.startIndex
        for _ in 1..<mark.line {
            guard let end = scalars[at...].firstIndex(of: "\n") else { return nil }
            at = scalars.index(after: end)
        }
        guard var start = scalars.index(at, offsetBy: mark.column - 1, limitedBy: scalars.endIndex),
            start < scalars.endIndex
        else { return nil }
        if scalars[start] == "\"" || scalars[start] == "'" { start = scalars.index(after: start) }
        guard scalars[start...].starts(with: key.unicodeScalars) else { return nil }
        scalars.replaceSubrange(start...start, with: [mark32])
        renamed[mark32] = original
        return String(scalars)
    }

    private mutating func convert(_ node: Yams.Node) -> Tree? {
        size += 1
        guard size <= Self.maxNodes else {
            if size == Self.maxNodes + 1 {
                report(.size, Place(file: file), "there are more than \(Self.maxNodes) values here", "Repeat less.")
            }
            return nil
        }
        let place = Place(file: file, line: node.mark?.line, column: node.mark?.column)
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain && scalar.tag.description.isEmpty
            var tree = Tree(content: .scalar(scalar.string), place: place, isPlain: isPlain)
            if isPlain, scalar.string.isEmpty, !isInFlow, isLast(place) { tree.style = .block }
            return tree
        case .sequence(let sequence):
            let style = style(at: place)
            let items = inside(style) { reader in sequence.compactMap { reader.convert($0) } }
            return Tree(content: .sequence(items), place: place, style: style)
        case .mapping(let mapping):
            let style = style(at: place)
            let entries = inside(style) { reader in mapping.compactMap { reader.entry($0.key, $0.value) } }
            return Tree(content: .mapping(unique(entries)), place: place, style: style)
        case .alias:
            return nil
        }
    }

    /// Yams reads a collection's style off the event that ends it, which has none; the text tells.
    private func style(at place: Place) -> Tree.Style {
        guard let line = place.line, let column = place.column, lines.indices.contains(line - 1) else { return .other }
        switch lines[line - 1].unicodeScalars.dropFirst(column - 1).first {
        case "[", "{": return .flow
        case "&", "!", nil: return .other
        default: return .block
        }
    }

    private mutating func inside<Values>(_ style: Tree.Style, _ read: (inout YAMLReader) -> Values) -> Values {
        let before = isInFlow
        isInFlow = before || style != .block
        defer { isInFlow = before }
        return read(&self)
    }

    /// Whether nothing but a comment follows on the line.
    private func isLast(_ place: Place) -> Bool {
        guard let line = place.line, let column = place.column, lines.indices.contains(line - 1) else { return false }
        let rest = lines[line - 1].unicodeScalars.dropFirst(column - 1).drop { $0 == " " }
        return rest.isEmpty || rest.first == "#"
    }

    private mutating func entry(_ key: Yams.Node, _ value: Yams.Node) -> Tree.Entry? {
        let place = Place(file: file, line: key.mark?.line, column: key.mark?.column)
        guard let name = key.scalar?.string else {
            report(
                .type,
                place,
                "a key must be a string, and this is a list or a mapping",
                "Write a name before the `:`."
            )
            return nil
        }
        if name == "<<", key.scalar?.style == .plain {
            let remedy = "Write the keys out, or give a whole value an `&anchor` and repeat it by `*anchor`."
            report(.yaml, place, "merging by `<<` is not part of YAML 1.2 and is not done here", remedy)
            return nil
        }
        return convert(value).map { Tree.Entry(key: name, place: place, value: $0) }
    }

    /// Gives renamed keys their names back; of those that stand twice the first is kept, the others are reported.
    private mutating func unique(_ entries: [Tree.Entry]) -> [Tree.Entry] {
        var kept: [Tree.Entry] = []
        for var entry in entries {
            if let first = entry.key.unicodeScalars.first, let original = renamed[first] {
                entry.key = String(original) + String(entry.key.unicodeScalars.dropFirst())
            }
            guard let first = kept.first(where: { $0.key == entry.key }) else {
                kept.append(entry)
                continue
            }
            report(
                .duplicateKey,
                entry.place,
                "`\(entry.key)` stands here again, after line \(first.place.line ?? 0)",
                "Keep one of the two, or give one another name."
            )
        }
        return kept
    }

    private mutating func report(_ rule: Rule, _ place: Place, _ reason: String, _ remedy: String) {
        problems.append(Diagnostic(id: rule.id, place: place, reason: reason, remedy: remedy))
    }
}

extension YamlError {
    fileprivate func diagnostic(file: String, lines: [Substring]) -> Diagnostic {
        let reason: String
        var place = Place(file: file)
        switch self {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            let line = min(mark.line, lines.count)
            place = Place(file: file, line: line, column: line == mark.line ? mark.column : 1)
            reason = problem + (context.map { ", \($0.text) in line \($0.mark.line)" } ?? "")
        case .composer(_, let problem, let mark, _):
            place = Place(file: file, line: mark.line, column: mark.column)
            reason =
                problem.hasPrefix("but found another") ? "a second document begins, and there can be but one" : problem
        case .reader(let problem, let offset, _, let yaml):
            let before = offset.map { yaml.prefix($0) } ?? ""
            let lines = before.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            place = Place(file: file, line: lines.count, column: (lines.last?.unicodeScalars.count ?? 0) + 1)
            reason = problem
        default:
            reason = "\(self)"
        }
        let line = place.line.flatMap { lines.indices.contains($0 - 1) ? lines[$0 - 1] : nil } ?? ""
        if line.prefix(while: \.isWhitespace).contains("\t") {
            return Diagnostic(
                id: Rule.tab.id,
                place: place,
                reason: "this line is indented by a tab, which YAML does not allow",
                remedy: "Indent by spaces."
            )
        }
        let remedy =
            line.contains("${")
            ? "A value with `${…}` inside `{…}` or `[…]` must stand in quotes."
            : "Mend the syntax here or just above: indentation, a missing `:`, or quotes that do not close."
        return Diagnostic(
            id: Rule.yaml.id,
            place: place,
            reason: "this is not valid YAML: \(reason)",
            remedy: remedy
        )
    }
}
