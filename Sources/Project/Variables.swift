/// What `${NAME}` means: the process's environment, then the `.env` file beside the configuration.

struct Variables: Equatable {
    private var process: [String: String]
    private var file: [String: String]

    init(process: [String: String], file: [String: String] = [:]) {
        (self.process, self.file) = (process, file)
    }

    subscript(name: String) -> String? { process[name] ?? file[name] }

    /// Whether `.env` sets the name, so that a command would not see it unless it is handed on.
    func isInFile(_ name: String) -> Bool { file[name] != nil }

    var names: [String] { Set(process.keys).union(file.keys).sorted() }

    /// Letters, digits and `_`, not a digit first: the names that a shell can speak of (POSIX, 3.216).
    static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, !isDigit(first) else { return false }
        return text.utf8.allSatisfy(isNameByte)
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || isDigit(byte) || (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}

/// `.env`: lines of `NAME=value`, `export` before it or not, comments, quotes.
///
/// Nothing in a value is expanded. In double quotes `\n`, `\r`, `\t` and `\` before any other character are escapes; in
/// single quotes nothing is; without quotes ` #` begins a comment.
enum EnvironmentFile {
    static func parse(_ text: String, file: String, problems: inout [Diagnostic]) -> [String: String] {
        var values: [String: String] = [:]
        let lines = text.drop { $0 == "\u{FEFF}" }.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            var rest = line.drop(while: \.isWhitespace)
            if rest.isEmpty || rest.first == "#" { continue }
            if rest.hasPrefix("export "), rest.dropFirst(7).contains("=") {
                rest = rest.dropFirst(7).drop(while: \.isWhitespace)
            }
            let place = Place(file: file, line: index + 1, column: 1)
            let name = rest.prefix { $0 != "=" }
            let trimmed = name.trimmed
            guard name.endIndex < rest.endIndex, Variables.isName(trimmed) else {
                problems.append(
                    Diagnostic(
                        id: Rule.environmentFile.id,
                        place: place,
                        reason: name.endIndex < rest.endIndex
                            ? "`\(trimmed)` is no name of a variable" : "this line is no `NAME=value`",
                        remedy: "Write `NAME=value`, the name of letters, digits and `_`; `#` begins a comment."
                    )
                )
                continue
            }
            guard let value = value(rest[name.endIndex...].dropFirst()) else {
                problems.append(
                    Diagnostic(
                        id: Rule.environmentFile.id,
                        place: place,
                        reason: "the quoted value of `\(trimmed)` does not end on its line, or text follows it",
                        remedy: "Close the quotes at the end of the line; `\\n` in double quotes is a line's end."
                    )
                )
                continue
            }
            values[trimmed] = value
        }
        return values
    }

    /// nil where quotes do not close, or something other than a comment follows them.
    private static func value(_ text: Substring) -> String? {
        var rest = text.drop(while: \.isWhitespace)
        guard let quote = rest.first, quote == "\"" || quote == "'" else {
            return text.split(separator: " #", maxSplits: 1, omittingEmptySubsequences: false)[0].trimmed
        }
        rest.removeFirst()
        let escapes: [Character: Character] = ["n": "\n", "r": "\r", "t": "\t"]
        var value = ""
        while let character = rest.popFirst() {
            if character == quote {
                let tail = rest.trimmed
                return tail.isEmpty || tail.hasPrefix("#") ? value : nil
            }
            guard character == "\\", quote == "\"", let escaped = rest.popFirst() else {
                value.append(character)
                continue
            }
            value.append(escapes[escaped] ?? escaped)
        }
        return nil
    }
}

extension StringProtocol {
    /// Without white space at either end.
    fileprivate var trimmed: String {
        let tail = reversed().drop(while: \.isWhitespace).reversed()
        return String(String(tail).drop(while: \.isWhitespace))
    }
}
