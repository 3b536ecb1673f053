/// Ignore files: what is excluded, what comes back, what may be skipped.

import Testing

@testable import Dockerfile

@Suite struct IgnorePatternsTests {
    @Test(arguments: [
        // one pattern
        ("a", "a", true), ("a", "a/b", true), ("a", "ab", false), ("a", "b/a", false), ("a/b", "a", false),
        ("a/b", "a/b/c", true), ("/a", "a", true), ("./a/", "a", true), ("a/../b", "b", true), ("a//b", "a/b", true),
        ("  a  ", "a", true), ("#a", "#a", false), (" #a", "#a", true), ("*", "a", true), ("*", "a/b", true),
        ("*.go", "a.go", true), ("*.go", "a/b.go", false), ("*.go", ".go", true), ("a*b", "ab", true),
        ("a*b", "a/b", false), ("a*", "abc/d", true), ("*/*.go", "a/b.go", true), ("*/*.go", "a/b/c.go", false),
        ("a?b", "axb", true), ("a?b", "a/b", false), ("a?b", "aéb", true), ("a?b", "aééb", false), ("?", "€", true),
        ("a*??", "a€", false), ("a*??", "a€é", true), ("[a-c]x", "bx", true), ("[a-c]x", "dx", false),
        ("[^a-c]x", "dx", true),
        ("[^a]x", "/x", false), ("[é-ü]", "ö", true), ("[\\]]", "]", true), ("[a\\-c]", "b", false), ("]", "]", true),
        ("\\*", "*", true), ("\\*", "a", false), ("a\\b", "ab", false), ("a\\b", "a/b", false), ("a\\ b", "a b", true),
        ("\\!a", "!a", true), ("a.b", "axb", false),
        ("a+(b)|{c}$", "a+(b)|{c}$", true), ("a^", "a^", true), ("a^*", "a^b", false), ("^a*", "ab", true),
        // any depth
        ("**", "a", true), ("**", "a/b/c", true), ("**/a", "a", true), ("**/a", "b/c/a", true), ("**/a", "b/a/c", true),
        ("**/a", "ba", false), ("**a", "ba", true), ("a/**", "a", false), ("a/**", "a/b/c", true),
        ("a**", "ab/c", true),
        ("a/**/b", "a/b", true), ("a/**/b", "a/c/d/b", true), ("a/**/b", "a/cb", false), ("a/**/b", "a/c/b/d", true),
        ("a**/b", "ax/b", true), ("a/**/b", "ax/b", false), ("a**b", "ac/b", true), ("**/*.go", "a.go", true),
        ("**/*.go", "a/b/c.go", true),
        ("**/a/**", "x/a/b", true),
        ("**/a/**", "a/b", true), ("**/a/**", "x/a", false), ("**/a/*", "x/a/b/c", true), ("**/[ab]", "x/b", true),
        ("a/**/b/**/c", "a/x/b/y/z/c", true), ("a/**/b/**/c", "a/b/c", true), ("a/**/b/**/c", "a/x/c", false),
        ("**[ab]**/b", "a/ab", true), ("a**b**c", "a/bx/bc", true), ("***/a", "x/a", true), ("**/**/a", "x/y/a", true),
        ("**/x*y*z", "x/xay/xaybz", true), ("*.**", "a.b", true),
        ("한*", "한국어", true), ("..", "a", false), (".", "a", false), ("/", "a", false), ("", "a", false),
        // the last one decides
        ("a\n!a", "a", false), ("!a\na", "a", true), ("a\n!a/b", "a/b", false), ("a\n!a/b", "a/c", true),
        ("a\n!a/b", "a", true),
        ("*\n!*.go", "a.go", false), ("*\n!*.go", "b/a.go", true), ("**\n!**/*.go", "b/a.go", false),
        ("*\n!a\na/b", "a/b", true),
        ("*\n!a\na/b", "a/c", false), ("a\n! a", "a", false), ("*\n!/a", "a", false), ("a/b\n!a\na/b/c", "a/b/c", true),
        ("*.md\n!READ*.md\nREADME-secret.md", "README-secret.md", true), ("*.md\n!READ*.md", "README.md", false),
        // an exception above a pattern's match says nothing about what lies below
        ("a/b/c\n!a", "a/b/c", true), ("a/b\n!a/*", "a/b", false),
    ])
    func `a path is excluded`(text: String, path: String, expected: Bool) throws {
        #expect(try IgnorePatterns(parsing: text).matches(path) == expected)
    }

    @Test(arguments: [
        ("a/b", "1:a"), ("a/c", "3:!a/c"), ("a/c/d", "3:!a/c"), ("a/c/x.o", "5:**/*.o"), ("a/x.o", "1:a"),
        ("b", nil), ("c/d", "6:c/d"),
    ])
    func `the rule that decides has its line and its text`(path: String, expected: String?) throws {
        let patterns = try IgnorePatterns(parsing: "/a/\n# comment\n!a/c\n\n**/*.o\nc/d")
        let rule = patterns.rule(for: path)
        #expect(rule.map { "\($0.line):\($0.text)" } == expected)
        #expect(patterns.matches(path) == (rule.map { !$0.isException } ?? false))
    }

    @Test func `patterns that only moved are the same`() throws {
        #expect(try IgnorePatterns(parsing: "a\n!a/b") == IgnorePatterns(parsing: "# why\na\n\n!a/b\n"))
        #expect(try IgnorePatterns(parsing: "a\n!a/b") != IgnorePatterns(parsing: "a\na/b"))
    }

    @Test(arguments: ["", "."])
    func `the context itself is never excluded`(path: String) throws {
        #expect(try !IgnorePatterns(parsing: "**\n.\n*").matches(path))
    }

    @Test func `a mark of byte order and Windows line ends are no part of a pattern`() throws {
        let patterns = try IgnorePatterns(parsing: "\u{FEFF}a\r\n\r\n#b\r\n!a/c\r\n")
        #expect(patterns.matches("a/b"))
        #expect(!patterns.matches("a/c"))
    }

    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("a\n!b", "a", true), ("a\n!a/b", "a", false), ("a\n!a/b", "a/c", true),
        ("a\n!a/b/c", "a/b", false), ("**\n!*.md", "a", true), ("**\n!*/*.md", "a", false),
        ("**\n!*/*.md", "a/b", true),
        ("**\n!**/x", "a", false), ("**\n!b/**", "a", true), ("**\n!b/**", "b/c", false), ("**\n!a/**", "a", false),
        ("**\n!a/**/x", "a/b", false), ("**\n!a/**/x", "b", true), ("**\n!a*", "ab/c", false), ("a\n!a?/b", "a", false),
        ("a\n!ab?/b", "a", true),
        ("*\n!a", "a", false), ("**", "", false), ("a\n!a\na", "a", true),
        ("node_modules\n!**/keep", "node_modules", false),
    ])
    func `a folder is skipped only where nothing below it can come back`(
        text: String,
        folder: String,
        expected: Bool
    ) throws {
        #expect(try IgnorePatterns(parsing: text).excludesEverything(below: folder) == expected)
    }

    /// What is skipped must be excluded: all paths of a small tree, all pairs of patterns.
    @Test func `nothing below a skipped folder is in the context`() throws {
        let patterns = ["a", "a/b", "**", "*", "**/b", "a/**", "b/*", "a/*/c", "[ab]/b", "a/b/**/c", "*/c"]
        let names = ["a", "b", "c"]
        let two = names.flatMap { name in names.map { "\(name)/\($0)" } }
        let three = two.flatMap { path in names.map { "\(path)/\($0)" } }
        for first in patterns {
            for second in patterns {
                for third in patterns {
                    let ignore = try IgnorePatterns(patterns: [first, "!" + second, third])
                    for folder in names + two where ignore.excludesEverything(below: folder) {
                        let kept = (two + three).filter { $0.hasPrefix(folder + "/") && !ignore.matches($0) }
                        #expect(kept == [], "\(first) !\(second) \(third): \(folder)")
                    }
                }
            }
        }
    }

    @Test func `all bad patterns are reported, each with its line`() {
        let error = #expect(throws: DockerfileProblems.self) { try IgnorePatterns(parsing: "a\n[a\n!\nb\\\n[]\n[a-]") }
        #expect(error?.all.map(\.line) == [2, 3, 4, 5, 6])
        #expect(error.map { Set($0.all.map(\.id)) } == ["dockerfile-ignore-pattern"])
        #expect(error?.all[1].reason == "`!` is no pattern: nothing follows the `!`")
    }

    @Test(arguments: ["d\\e", "\\é", "a/\\Z*", "\\8"])
    func `an escape that means nothing is an error`(pattern: String) {
        #expect(throws: DockerfileProblems.self) { try IgnorePatterns(parsing: pattern) }
    }

    @Test func `patterns of a list are not rid of their slash`() throws {
        #expect(try !IgnorePatterns(patterns: ["/a"]).matches("a"))
        #expect(try IgnorePatterns(patterns: ["a/", " ", "!a/b"]).matches("a/c"))
    }
}
