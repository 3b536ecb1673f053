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
    /// The same insertion counts once, and one that lies outside of the text not at all.
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
            guard let firstKey, firstKey.style != .other else { return [] }
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

extension Insertion {
    fileprivate init?(at place: Place, _ text: String, offset: Int = 0) {
        guard let line = place.line, let column = place.column else { return nil }
        self.init(line: line, column: column + offset, text: text)
    }
}
