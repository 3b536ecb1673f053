/// `# syntax=`, `# escape=` and `# check=`: comments at the very top of the file that change how it is read.

struct Directives {
    private(set) var escape: Unicode.Scalar = "\\"
    private(set) var syntax: (value: String, line: Int)?
    private(set) var check: (value: String, line: Int)?
    private var seen: Set<String> = []
    private var isOver = false
    /// How many lines were taken.
    private(set) var lineCount = 0
    /// After a `#!` line `escape` does not count (BuildKit looks only for the others behind such a line).
    private var hasInterpreter = false

    /// Looks at one line, without its end; the first one that is no directive ends the block.
    ///
    /// Throws at a directive that stands twice and at an escape character that is none.
    mutating func read(_ line: String, number: Int) throws(Mistake) {
        guard !isOver else { return }
        if number == 1, line.begins(with: "#!") {
            hasInterpreter = true
            lineCount = number
            return
        }
        guard let (name, value) = Self.parts(of: line), ["syntax", "escape", "check"].contains(name) else {
            isOver = true
            return
        }
        lineCount = number
        guard seen.insert(name).inserted else {
            throw Mistake(
                "directive-repeated",
                "the directive `\(name)` stands twice",
                "Keep one line `# \(name)=…`.",
                at: name
            )
        }
        switch name {
        case "syntax": syntax = (value.cut(at: " ")?.before ?? value, number)
        case "check": check = (value.cut(at: " ")?.before ?? value, number)
        case "escape" where !hasInterpreter: escape = try Self.escape(value)
        default: break
        }
    }

    private static func escape(_ value: String) throws(Mistake) -> Unicode.Scalar {
        switch value {
        case "\\": return "\\"
        case "`": return "`"
        default:
            throw Mistake(
                "escape-directive",
                "`\(value)` can't be the escape character",
                "Write `# escape=\\` or `# escape=``.",
                at: value
            )
        }
    }

    /// `# name = value`, the name in lower case.
    private static func parts(of line: String) -> (name: String, value: String)? {
        guard line.begins(with: "#") else { return nil }
        guard let (before, after) = line.dropFirst().cut(at: "=") else { return nil }
        let (name, value) = (before.trimmed, after.trimmed)
        let scalars = name.unicodeScalars
        guard let first = scalars.first, first.isASCIILetter, !value.isEmpty,
            scalars.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit })
        else { return nil }
        return (name.lowercased(), value)
    }
}
