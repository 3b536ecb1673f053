/// The patterns of `${v#p}` and its like: `?` is one character, `*` any number of them, neither crosses a line's end.

struct ShellPattern {
    private enum Token {
        case literal(Unicode.Scalar)
        case one
        case many
    }

    private var tokens: [Token] = []

    init(_ pattern: [Unicode.Scalar]) throws(Mistake) {
        var rest = pattern[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*": tokens.append(.many)
            case "?": tokens.append(.one)
            case "\\":
                guard let escaped = rest.popFirst(), "*?\\}/".unicodeScalars.contains(escaped) else {
                    throw Mistake(
                        "expansion",
                        "the pattern `\(String(scalars: pattern))` of a `${…}` escapes what needs no escape",
                        "In such a pattern only `*`, `?`, `\\`, `}` and `/` are escaped."
                    )
                }
                tokens.append(.literal(escaped))
            default: tokens.append(.literal(scalar))
            }
        }
    }

    /// For a match at a text's end: match the reversed text.
    var reversed: ShellPattern {
        var copy = self
        copy.tokens.reverse()
        return copy
    }

    /// How much of the text's beginning the pattern can match, in characters; nil where it can't.
    func prefix(of text: [Unicode.Scalar]) -> (shortest: Int, longest: Int)? { matches(in: text, from: 0) }

    /// The lengths that a match at this place can have.
    ///
    /// All that are possible are followed side by side, so that the
    /// time is bounded by pattern times text.
    private func matches(in text: [Unicode.Scalar], from start: Int) -> (shortest: Int, longest: Int)? {
        var ends = Array(repeating: false, count: text.count - start + 1)
        ends[0] = true
        for token in tokens {
            var next = Array(repeating: false, count: ends.count)
            for length in ends.indices {
                let scalar = start + length < text.count ? text[start + length] : nil
                switch token {
                case .literal(let wanted) where ends[length] && scalar == wanted: next[length + 1] = true
                case .one where ends[length] && scalar != nil && scalar != "\n": next[length + 1] = true
                case .many where ends[length] || next[length]:
                    next[length] = true
                    if scalar != nil, scalar != "\n" { next[length + 1] = true }
                default: continue
                }
            }
            ends = next
        }
        guard let shortest = ends.firstIndex(of: true), let longest = ends.lastIndex(of: true) else { return nil }
        return (shortest, longest)
    }

    /// The first match, or all that do not overlap, each as long as can be.
    func replacing(
        in text: [Unicode.Scalar],
        with replacement: [Unicode.Scalar],
        all: Bool
    ) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var position = 0
        var lastEnd: Int?
        while position <= text.count {
            let length = matches(in: text, from: position)?.longest
            // An empty match right behind another one would replace the same place twice.
            if let length, length > 0 || lastEnd != position {
                result += replacement
                lastEnd = position + length
                if !all { return result + text[(position + length)...] }
            }
            if let length, length > 0 {
                position += length
            } else {
                if position < text.count { result.append(text[position]) }
                position += 1
            }
        }
        return result
    }
}
