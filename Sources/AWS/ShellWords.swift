/// A command line as words, as Python's `shlex.split` takes it apart: quotes, backslashes, and nothing else of a shell.

enum ShellWords {
    /// nil where a quote is not closed, or a backslash is the last character.
    static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var rest = text[...]
        while let character = rest.popFirst() {
            switch (quote, character) {
            case (let open?, _) where character == open: quote = nil
            case (nil, "\""), (nil, "'"):
                quote = character
                word = word ?? ""
            case (nil, "\\"):
                guard let next = rest.popFirst() else { return nil }
                word = (word ?? "") + String(next)
            case ("\"", "\\"):
                guard let next = rest.popFirst() else { return nil }
                word = (word ?? "") + (next == "\"" || next == "\\" ? "" : "\\") + String(next)
            case (nil, _) where character.isWhitespace:
                if let done = word { words.append(done) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { return nil }
        return words + [word].compactMap(\.self)
    }
}
