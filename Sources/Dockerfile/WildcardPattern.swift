/// The sources of COPY: `*`, `?` and `[…]` within one name of a path, as Go's `filepath.Match` has them.

/// One difference: no `[^…]` matches a `/`.
package struct WildcardPattern: Hashable, Sendable {
    /// Whether the pattern can match more than one path; else a source is taken as it stands, `\` included.
    package let hasWildcards: Bool
    private var matcher = GlobMatcher()

    /// Throws one problem, at line 1, for a `[` without its `]` and for a `\` at the end.
    package init(_ pattern: String) throws(DockerfileProblems) {
        do throws(Mistake) { try self.init(checking: pattern) } catch {
            throw DockerfileProblems([InstructionPlace(line: 1, source: []).problem(error)])
        }
    }

    init(checking pattern: String) throws(Mistake) {
        hasWildcards = Self.hasWildcards(in: pattern)
        var scanner = ScalarScanner(pattern)
        while let scalar = scanner.next() {
            switch scalar {
            case "*": matcher.tokens.append(.many)
            case "?": matcher.tokens.append(.one)
            case "[": matcher.tokens.append(try GlobToken.set(&scanner))
            case "\\": matcher.append(try GlobToken.escaped(&scanner))
            default: matcher.append(scalar)
            }
        }
    }

    /// Whether there is a `*`, `?` or `[` without a `\` before it, be the pattern broken or not.
    static func hasWildcards(in text: String) -> Bool {
        var scanner = ScalarScanner(text)
        while let scalar = scanner.next() {
            switch scalar {
            case "*", "?", "[": return true
            case "\\": _ = scanner.next()
            default: continue
            }
        }
        return false
    }

    /// Whether the whole path, with `/` between its names, fits the pattern.
    package func matches(_ path: String) -> Bool {
        var path = path
        return path.withUTF8 { matcher.matches($0) }
    }
}
