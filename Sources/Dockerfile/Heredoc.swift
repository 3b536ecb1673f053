/// Here-documents: `<<NAME` in an instruction, and the lines up to `NAME` as their content.

struct Heredoc: Hashable, Sendable {
    var name: String
    /// Variables in the content are replaced, unless the name stands in quotes.
    var expands: Bool
    /// `<<-NAME`: the tabs at the beginnings of the lines go away.
    var chomps: Bool
    /// The lines as they stand in the file.
    var content = ""

    /// Reads one word: digits, `<<`, `-`, a name in quotes or not; nil where the word is no here-document.
    init?(word: String) {
        var scanner = ScalarScanner(word)
        _ = scanner.take(while: \.isASCIIDigit)
        guard scanner.skip("<"), scanner.skip("<") else { return nil }
        chomps = scanner.skip("-")
        _ = scanner.take(while: \.isSpace)
        let rest = scanner.rest
        guard !rest.isEmpty, rest.cut(at: "<") == nil else { return nil }
        var expansion = Expansion()
        expansion.keepsUnset = true
        guard let words = try? expansion.words(rest, [:]), let name = words.first, words.count == 1 else { return nil }
        expansion.keepsQuotes = true
        let raw = (try? expansion.words(rest, [:])) ?? []
        self.name = name
        expands = raw.first.map(Self.quotes) == Self.quotes(name)
    }

    /// All of a line, in its order.
    static func all(in line: String) -> [Heredoc] {
        guard line.unicodeScalars.contains("<") else { return [] }
        var expansion = Expansion()
        (expansion.keepsQuotes, expansion.keepsEscapes, expansion.keepsUnset) = (true, true, true)
        return (try? expansion.words(line, [:]))?.compactMap(Heredoc.init(word:)) ?? []
    }

    private static func quotes(_ text: String) -> Int { text.unicodeScalars.count { $0 == "'" || $0 == "\"" } }

    /// Whether the line, without its end, is the last one.
    func isEnd(_ line: String) -> Bool {
        chomps ? String(line.unicodeScalars.drop { $0 == "\t" }) == name : line == name
    }

    /// The content without the tabs that `<<-` takes away.
    var chomped: String {
        guard chomps else { return content }
        var isAtStart = true
        var result = String.UnicodeScalarView()
        for scalar in content.unicodeScalars {
            if isAtStart, scalar == "\t" { continue }
            isAtStart = scalar == "\n"
            result.append(scalar)
        }
        return String(result)
    }
}
