/// One Swift file as the tidy rules see it: each line as code without literals, and as comment.

import Foundation

struct SourceFile: Sendable {
    /// Relative to the repository: `Sources/Engine/Gate.swift`.
    let path: String
    let lines: [String]
    /// Each line without its comment and without what stands between quotes.
    let code: [String]
    /// Each line's comment, from its slashes on; "" where it has none.
    let comments: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var code: [String] = []
        var comments: [String] = []
        var isInText = false
        for line in lines {
            let parts = Self.split(line, isInText: &isInText)
            code.append(parts.code)
            comments.append(parts.comment)
        }
        (self.code, self.comments) = (code, comments)
    }

    /// `Sources` or `Tests`.
    var area: String { component(0) }
    /// The folder below the area: `Engine`, `EngineTests`.
    var module: String { component(1) }
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    var isSuite: Bool { name.hasSuffix("Tests.swift") }

    private func component(_ index: Int) -> String {
        let parts = path.split(separator: "/")
        return index < parts.count ? String(parts[index]) : ""
    }

    /// `isInText`: whether the line begins inside a literal of several lines; changed to how it ends.
    private static func split(_ line: String, isInText: inout Bool) -> (code: String, comment: String) {
        let marks = line.ranges(of: "\"\"\"")
        if isInText || marks.count == 1 {
            let isStart = !isInText
            if marks.count == 1 { isInText.toggle() }
            guard let mark = marks.first else { return ("", "") }
            return (isStart ? String(line[..<mark.lowerBound]) : String(line[mark.upperBound...]), "")
        }
        var code = ""
        var isQuoted = false
        var rest = Substring(line)
        while let character = rest.first {
            if !isQuoted, rest.hasPrefix("//") { return (code, String(rest)) }
            rest.removeFirst()
            if character == "\"" {
                isQuoted.toggle()
            } else if isQuoted, character == "\\" {
                rest = rest.dropFirst()
                continue
            }
            if !isQuoted || character == "\"" { code.append(character) }
        }
        return (code, "")
    }
}

extension SourceFile {
    struct Function: Equatable {
        /// From 1.
        var line: Int
        /// Lines from the one that declares it to its closing brace.
        var length: Int
    }

    /// Functions, initialisers, subscripts and computed properties that have a body.
    ///
    /// Goes by the indentation, which swift-format sees to: a body ends at the first `}` as deep as its declaration.
    var functions: [Function] {
        code.indices.compactMap { start in
            // A pattern takes a hundred times as long as a look at whether it can fit.
            guard Self.declarations.contains(where: { code[start].contains($0) }),
                code[start].contains(
                    /^ *(@\w+(\(.*\))? +)*([a-z]+(\([a-z]+\))? +)*(func |init[(<?]|deinit|subscript[(<]|var .*\{$)/
                )
            else { return nil }
            return body(from: start).map { Function(line: start + 1, length: $0 - start + 1) }
        }
    }

    private static let declarations = ["func ", "init", "subscript", "var "]

    /// The line on which the declaration at `start` ends; nil where it has no body, as in a protocol.
    private func body(from start: Int) -> Int? {
        let depth = indentation(start)
        var header = start
        while !code[header].hasSuffix("{") {
            if code[header].contains(/\{.*\}$/) { return header }
            header += 1
            guard header < code.count, !code[header].isEmpty else { return nil }
            let isContinued = indentation(header) > depth || code[header].contains(/^ *[){]/)
            guard isContinued else { return nil }
        }
        return code.indices.dropFirst(header + 1).first { code[$0].contains(/^ *\}/) && indentation($0) == depth }
    }

    private func indentation(_ line: Int) -> Int { lines[line].prefix { $0 == " " }.count }

    struct Import: Hashable {
        var module: String
        /// From 1.
        var line: Int
    }

    var imports: [Import] {
        code.enumerated().compactMap { index, line in
            guard line.contains("import "),
                let match = line.firstMatch(of: /^ *(?:@\w+(?:\(\w+\))? +)*(?:\w+ +)?import +(.*)$/)
            else {
                return nil
            }
            // `import struct Module.Name` names the module after the kind.
            let path = match.1.split(separator: " ").last?.split(separator: ".").first
            return path.map { Import(module: String($0), line: index + 1) }
        }
    }

    /// The lines, from 1, whose code has `word` where no longer name ends in it.
    func lines(using word: String) -> [Int] {
        code.indices.filter { code[$0].contains(word: word) }.map { $0 + 1 }
    }
}

extension String {
    /// Whether `word` stands here and is not the end of a longer name.
    func contains(word: String) -> Bool {
        contains(word)
            && ranges(of: word).contains { range in
                guard range.lowerBound > startIndex else { return true }
                let before = self[index(before: range.lowerBound)]
                return !before.isLetter && !before.isNumber && before != "_"
            }
    }
}
