import Rigs
import Testing

@testable import Project

@Suite struct PathPatternTests {
    private func pattern(_ text: String) throws -> PathPattern {
        try PathPattern(text, place: Place(file: ".imgwatch", line: 1, column: 1))
    }

    @Test(arguments: [
        ("ui/package.json", ["ui/package.json"], ["ui/package.jsonx", "ui", "ui/package", "x/ui/package.json"]),
        ("ui", ["ui", "ui/a", "ui/a/b"], ["uix", "u", "a/ui"]),
        ("ui/", ["ui/a", "ui/a/b"], ["ui", "uix/a"]),
        ("ui/**", ["ui/a", "ui/a/b"], ["ui", "uix/a"]),
        ("**", ["a", "a/b", ".env"], [".git/HEAD", "a/.git/HEAD", ".git"]),
        (".", ["a", "a/b"], [".git/HEAD"]),
        ("./a/../b//c", ["b/c", "b/c/d"], ["a/b/c"]),
        ("src/*.c", ["src/a.c", "src/.c", "src/d.c/x"], ["src/a/b.c", "src/a.h", "src"]),
        ("**/*.c", ["a.c", "src/a.c", "src/deep/a.c", "src/a.c/below"], ["src/a.h", "c"]),
        ("src/**/test/*.c", ["src/test/a.c", "src/x/y/test/a.c"], ["src/test/x/a.c", "test/a.c"]),
        ("a?c", ["abc", "aéc", "a😀c", "abc/d"], ["ac", "a/c", "abbc"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "x", "é"]),
        ("[!a-c]x", ["dx", "éx"], ["ax", "/x"]),
        ("[]a]x", ["]x", "ax"], ["bx"]),
        (#"\[slug\]/*.js"#, ["[slug]/a.js"], ["s/a.js"]),
        (#"a\*b"#, ["a*b"], ["axb"]),
        (".git/HEAD", [".git/HEAD"], [".git/index"]),
        ("*", ["a", "a/b", ".env"], [".git/HEAD"]),
    ])
    func `a pattern names what it says`(text: String, named: [String], others: [String]) throws {
        let pattern = try pattern(text)
        for path in named { #expect(pattern.matches(path), "\(path)") }
        for path in others { #expect(!pattern.matches(path), "\(path)") }
    }

    @Test(arguments: [
        ("ui/src/**", "ui/src", "ui/src/**", false), ("ui/src/", "ui/src", "ui/src", true),
        ("ui/src/*.c", "ui/src", "ui/src/*.c", false), ("ui/sr*", "ui", "ui/sr*", false),
        ("**/*.c", "", "**/*.c", false), (".", "", ".", true), ("./ui//a", "ui/a", "ui/a", true),
        (#"\[a\]/b"#, "[a]/b", #"\[a\]/b"#, true), ("a/**/b/c", "a", "a/**/b/c", false),
    ])
    func `the static prefix is the part before the first wildcard`(
        text: String,
        prefix: String,
        clean: String,
        isLiteral: Bool
    ) throws {
        let pattern = try pattern(text)
        #expect(pattern.staticPrefix == prefix)
        #expect(pattern.text == clean)
        #expect(pattern.isLiteral == isLiteral)
    }

    @Test(arguments: [
        ("src/*.c", ["", "src"], ["src/a", "s", "other"]),
        ("src/**/*.c", ["", "src", "src/a/b"], ["srcx", "other"]),
        ("ui/src", ["", "ui", "ui/src", "ui/src/a"], ["ui/other", "u"]),
        ("ui/*/a", ["ui", "ui/x", "ui/x/a", "ui/x/a/b"], ["ui/x/b"]),
        ("**", ["", "a/b"], [".git", "a/.git/b"]),
        (".git/HEAD", ["", ".git"], [".git/refs"]),
    ])
    func `a folder is watched where something below it may be named`(
        text: String,
        watched: [String],
        pruned: [String]
    ) throws {
        let pattern = try pattern(text)
        for folder in watched { #expect(pattern.mayMatch(below: folder), "\(folder)") }
        for folder in pruned { #expect(!pattern.mayMatch(below: folder), "\(folder)") }
    }

    @Test(arguments: [
        ("app/**", "app/gen", true, true), ("app/**/*.go", "app/version.txt", false, false),
        ("app/**/*.go", "app/gen", true, true), ("app/*.go", "app/gen", true, false), ("app", "app/gen", true, true),
        ("app/gen/x.go", "app/gen", true, true), ("app/gen/x.go", "app/gen", false, true),
        ("app/version.txt", "app/version.txt", false, true), ("app/v*", "app/version.txt", false, true),
        ("app/gen/", "app/gen", false, true), ("other", "app/gen", true, false), ("app/genx", "app/gen", true, false),
    ])
    func `a pattern meets an output where both may name one path`(
        text: String,
        output: String,
        isFolder: Bool,
        meets: Bool
    ) throws {
        #expect(try pattern(text).overlaps(OutputPath(path: output, isDirectory: isFolder)) == meets)
    }

    @Test(arguments: [
        ("", "config-path"), ("/etc/passwd", "config-path"), ("../x", "config-path"), ("a/../../x", "config-path"),
        ("a/*/../b", "config-path"), ("!a", "config-pattern"), ("a**", "config-pattern"), ("a/**b", "config-pattern"),
        ("{a,b}", "config-pattern"), ("[a", "config-pattern"), ("[z-a]", "config-pattern"), ("[]", "config-pattern"),
        (#"a\"#, "config-pattern"), ("a\u{0}b", "config-path"),
    ])
    func `a text that is no pattern is refused`(text: String, id: String) {
        #expect {
            try pattern(text)
        } throws: {
            ($0 as? Diagnostic)?.id == id
        }
    }

    @Test func `a brace without alternatives is a character`() throws {
        #expect(try pattern("{{name}}/a").matches("{{name}}/a"))
    }

    // MARK: Properties

    private static let paths: [String] = {
        let names = ["a", "b", "ab", "ba", "c"]
        var paths = names
        var level = names
        for _ in 0..<3 {
            level = level.flatMap { folder in names.map { "\(folder)/\($0)" } }
            paths += level
        }
        return paths
    }()

    @Test(arguments: 0..<200)
    func `patterns match as the plain definition says`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let text = random.patternText()
        let pattern = try pattern(text)
        let named = Self.paths.filter(pattern.matches)
        #expect(named == Self.paths.filter { NaiveGlob(text).matches($0) }, "\(text)")
        let prefix = OutputPath(path: pattern.staticPrefix, isDirectory: true)
        #expect(named.allSatisfy { prefix.path.isEmpty || prefix.covers($0) }, "\(text)")
        // The paths are deep and the names many enough to show every folder below which something short is named.
        let isShort = NaiveGlob(text).components.count <= 3 && !named.isEmpty
        for folder in Self.paths where folder.utf8.count <= 5 {
            let below = named.contains { $0.hasPrefix(folder + "/") }
            let isExact = isShort && !folder.contains("/")
            #expect(isExact ? pattern.mayMatch(below: folder) == below : !below || pattern.mayMatch(below: folder))
            #expect(!below || pattern.overlaps(OutputPath(path: folder, isDirectory: true)), "\(text) and \(folder)")
        }
    }
}

/// The definition, in the plainest words: components against components.
private struct NaiveGlob {
    var components: [[Character]]
    var namesFolder: Bool

    init(_ text: String) {
        components = text.split(separator: "/").map(Array.init)
        namesFolder = text.hasSuffix("/") || components.last == ["*", "*"]
        while components.last == ["*", "*"] { components.removeLast() }
    }

    func matches(_ path: String) -> Bool {
        let names = path.split(separator: "/").map(Array.init)
        return (1...names.count).contains { count in
            (count < names.count || !namesFolder) && folders(components[...], names[..<count])
        } || components.isEmpty
    }

    private func folders(_ pattern: ArraySlice<[Character]>, _ names: ArraySlice<[Character]>) -> Bool {
        guard let first = pattern.first else { return names.isEmpty }
        if first == ["*", "*"] {
            return folders(pattern.dropFirst(), names) || !names.isEmpty && folders(pattern, names.dropFirst())
        }
        guard let name = names.first else { return false }
        return characters(first[...], name[...]) && folders(pattern.dropFirst(), names.dropFirst())
    }

    private func characters(_ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return characters(pattern.dropFirst(), name)
                || !name.isEmpty && characters(pattern, name.dropFirst())
        }
        guard let character = name.first else { return false }
        return (first == "?" || first == character) && characters(pattern.dropFirst(), name.dropFirst())
    }
}

extension SplitMix {
    /// One to four components of `a`, `b`, `*` and `?`, folders between them or behind them now and then.
    fileprivate mutating func patternText() -> String {
        let components = (0..<Int.random(in: 1...4, using: &self)).map { _ in
            if Int.random(in: 0..<4, using: &self) == 0 { return "**" }
            let length = Int.random(in: 1...3, using: &self)
            let text = (0..<length).map { _ in ["a", "b", "?", "*"].randomElement(using: &self) ?? "a" }.joined()
            return text.contains("**") ? "*" : text
        }
        return components.joined(separator: "/") + (Bool.random(using: &self) ? "" : "/")
    }
}
