/// What a 401 asks for: the header `WWW-Authenticate`, which may hold several challenges (RFC 9110, 11.6.1).

internal import HTTP

struct Challenge: Equatable, Sendable {
    /// Lower case.
    var scheme: String
    /// Names in lower case.
    var parameters: [String: String]

    /// All of them, in order; what can't be read is left out.
    static func all(in response: HTTPResponse) -> [Challenge] { response.all("WWW-Authenticate").flatMap(parse) }

    static func parse(_ text: String) -> [Challenge] {
        var scanner = Scanner(text)
        var found: [Challenge] = []
        while let word = scanner.token() {
            if scanner.take("="), !found.isEmpty {
                guard let value = scanner.value() else { break }
                found[found.count - 1].parameters[word.lowercased()] = value
            } else {
                found.append(Challenge(scheme: word.lowercased(), parameters: [:]))
            }
            scanner.skipSeparators()
        }
        return found
    }

    private struct Scanner {
        private var rest: Substring

        init(_ text: String) { rest = text[...] }

        mutating func skipSeparators() { rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "," } }

        mutating func token() -> String? {
            skipSeparators()
            let word = rest.prefix { !" \t,=\"".contains($0) }
            guard !word.isEmpty else { return nil }
            rest = rest[word.endIndex...]
            return String(word)
        }

        mutating func take(_ sign: Character) -> Bool {
            let after = rest.drop { $0 == " " }
            guard after.first == sign else { return false }
            rest = after.dropFirst().drop { $0 == " " }
            return true
        }

        mutating func value() -> String? {
            guard rest.first == "\"" else {
                let word = rest.prefix { $0 != "," && $0 != " " }
                rest = rest[word.endIndex...]
                return String(word)
            }
            var value = ""
            var index = rest.index(after: rest.startIndex)
            while index < rest.endIndex, rest[index] != "\"" {
                if rest[index] == "\\", rest.index(after: index) < rest.endIndex { index = rest.index(after: index) }
                value.append(rest[index])
                index = rest.index(after: index)
            }
            guard index < rest.endIndex else { return nil }
            rest = rest[rest.index(after: index)...]
            return value
        }
    }
}
