/// How a line falls into its instruction, flags and words; quotes and escapes decide where a word ends.

struct Splitting {
    let escape: Unicode.Scalar

    struct Parts: Equatable {
        /// As it is written.
        var name: String
        /// Without their quotes and escapes.
        var flags: [String]
        /// What follows the flags, trimmed.
        var rest: String
    }

    func parts(of line: String) -> Parts {
        var scanner = ScalarScanner(line.trimmed)
        let name = String(scalars: scanner.take { !$0.isSeparator })
        let (flags, rest) = flags(in: &scanner)
        return Parts(name: name, flags: flags, rest: rest.trimmed)
    }

    /// The words that begin with `--`, up to the first other word; `--` alone ends them.
    private func flags(in scanner: inout ScalarScanner) -> ([String], rest: String) {
        var flags: [String] = []
        while true {
            _ = scanner.take(while: \.isSpace)
            guard scanner.peek == "-", scanner.peek(1) == "-" else { return (flags, scanner.rest) }
            let flag = flag(in: &scanner)
            if flag == "--" { return (flags, scanner.rest) }
            flags.append(flag)
        }
    }

    private func flag(in scanner: inout ScalarScanner) -> String {
        var flag: [Unicode.Scalar] = []
        var quote: Unicode.Scalar?
        while let scalar = scanner.peek, quote != nil || !scalar.isSpace {
            _ = scanner.next()
            if scalar == quote {
                quote = nil
            } else if quote == nil, scalar == "'" || scalar == "\"" {
                quote = scalar
            } else if scalar == escape {
                if let escaped = scanner.next() { flag.append(escaped) }
            } else {
                flag.append(scalar)
            }
        }
        return String(scalars: flag)
    }

    /// Separated by white space outside quotes; quotes and escapes stay, for the expansion reads them.
    func words(of text: String) -> [String] {
        var scanner = ScalarScanner(text)
        var words: [String] = []
        while true {
            _ = scanner.take(while: \.isSpace)
            if scanner.isAtEnd { return words }
            let word = word(in: &scanner)
            if !word.isEmpty { words.append(String(scalars: word)) }
        }
    }

    private func word(in scanner: inout ScalarScanner) -> [Unicode.Scalar] {
        var word: [Unicode.Scalar] = []
        var quote: Unicode.Scalar?
        while let scalar = scanner.peek, quote != nil || !scalar.isSpace {
            _ = scanner.next()
            if scalar == escape, quote != "'" {
                // An escape at the very end is dropped.
                guard let escaped = scanner.next() else { break }
                word += [scalar, escaped]
                continue
            }
            if scalar == quote {
                quote = nil
            } else if quote == nil, scalar == "'" || scalar == "\"" {
                quote = scalar
            }
            word.append(scalar)
        }
        return word
    }

    /// Separated by blanks, whatever the quotes.
    static func list(_ text: String) -> [String] {
        text.unicodeScalars.split(whereSeparator: \.isSeparator).map { String($0) }
    }

    /// The name and the value of `NAME=value` pairs, or of the one pair of the old form `NAME the rest of the line`.
    func pairs(of text: String, for instruction: String) throws(Mistake) -> [KeyValue] {
        let words = words(of: text)
        guard let first = words.first else { return [] }
        guard first.cut(at: "=") != nil else {
            var scanner = ScalarScanner(text)
            let key = String(scalars: scanner.take { !$0.isSeparator })
            let blanks = scanner.take(while: \.isSeparator)
            guard !blanks.isEmpty else {
                throw Mistake(
                    "key-value",
                    "`\(instruction) \(key)` has a name, but no value",
                    "Write `\(instruction) \(key)=value`.",
                    at: key
                )
            }
            return [KeyValue(key, scanner.rest)]
        }
        var pairs: [KeyValue] = []
        for word in words {
            guard let (key, value) = word.cut(at: "=") else {
                throw Mistake(
                    "key-value",
                    "`\(word)` has no `=`: every word of this \(instruction) must be `name=value`",
                    "Put quotes around a value with spaces: `\(instruction) name=\"a value\"`.",
                    at: word
                )
            }
            pairs.append(KeyValue(key, value))
        }
        return pairs
    }
}
