/// What `check --fix` writes: text to put into a file, before what stands at a place now.

package struct Insertion: Hashable, Sendable {
    /// From 1.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int
    package var text: String

    package init(line: Int, column: Int, text: String) {
        (self.line, self.column, self.text) = (line, column, text)
    }

    /// `text` with all of them in place; each place is one of the text as it was.
    ///
    /// The same insertion counts once, and one that lies outside of the text not at all; the line behind a last one
    /// that does not end is inside.
    package static func apply(_ insertions: [Insertion], to text: String) -> String {
        var remaining = Set(insertions)
        var result = String.UnicodeScalarView()
        var (line, column) = (1, 1)
        for scalar in text.unicodeScalars {
            for insertion in insertions where insertion.line == line && insertion.column == column {
                if remaining.remove(insertion) != nil { result.append(contentsOf: insertion.text.unicodeScalars) }
            }
            result.append(scalar)
            (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
        }
        if column > 1, insertions.contains(where: { $0.line == line + 1 && $0.column == 1 }) {
            result.append("\n")
            (line, column) = (line + 1, 1)
        }
        for insertion in insertions where insertion.line == line && insertion.column == column {
            if remaining.remove(insertion) != nil { result.append(contentsOf: insertion.text.unicodeScalars) }
        }
        return String(result)
    }
}

extension NeedsSite {
    /// The line that the node should have, its new needs first.
    func line(adding needs: [String]) -> String {
        let list = (needs + names.map(\.value)).joined(separator: ", ")
        return "\(firstKey.map { Self.spaces(to: $0.place) } ?? "    ")needs: [\(list)]"
    }

    private static func spaces(to place: Place) -> String { String(repeating: " ", count: (place.column ?? 1) - 1) }

    /// What makes that line of what is written; empty where it is written in a way that is best left to a person.
    func insertions(adding needs: [String]) -> [Insertion] {
        let list = needs.joined(separator: ", ")
        guard let tree else {
            guard let firstKey else { return bare.map { Self.insertions(of: "needs: [\(list)]", below: $0) } ?? [] }
            guard firstKey.style != .other else { return [] }
            let end = firstKey.style == .flow ? ", " : "\n" + Self.spaces(to: firstKey.place)
            return [Insertion(at: firstKey.place, "needs: [\(list)]\(end)")].compactMap(\.self)
        }
        switch tree.content {
        case .sequence(let items) where tree.style == .flow:
            guard let first = items.first else {
                return [Insertion(at: tree.place, list, offset: 1)].compactMap(\.self)
            }
            return [Insertion(at: first.place, list + ", ")].compactMap(\.self)
        case .sequence(let items):
            guard tree.style == .block, let first = items.first else { return [] }
            let dash = "\n\(Self.spaces(to: tree.place))- "
            return [Insertion(at: first.place, needs.map { $0 + dash }.joined())].compactMap(\.self)
        case .scalar(let text):
            guard tree.isPlain, !text.contains("$"), tree.kind != .null else { return [] }
            return [
                Insertion(at: tree.place, "[\(list), "),
                Insertion(at: tree.place, "]", offset: text.unicodeScalars.count),
            ].compactMap(\.self)
        case .mapping:
            return []
        }
    }
}

extension NeedsSite {
    /// The first key of a node that has none yet.
    private static func insertions(of key: String, below node: Tree.Entry) -> [Insertion] {
        switch (node.value.kind, node.value.style) {
        case (.mapping, .flow): [Insertion(at: node.value.place, " \(key) ", offset: 1)].compactMap(\.self)
        case (.null, .block):
            node.value.place.line.map {
                [Insertion(line: $0 + 1, column: 1, text: "\(spaces(to: node.place))  \(key)\n")]
            } ?? []
        default: []
        }
    }
}

extension Insertion {
    fileprivate init?(at place: Place, _ text: String, offset: Int = 0) {
        guard let line = place.line, let column = place.column else { return nil }
        self.init(line: line, column: column + offset, text: text)
    }
}
