/// The JSON form of an instruction's arguments: an array of strings, or no JSON at all.

enum JSONStrings: Equatable {
    case strings([String])
    /// An array, but something in it is no string.
    case otherValues
    /// To be read in the other form.
    case notAnArray

    init(_ text: String) {
        var reader = JSONReader(text)
        guard reader.skipsToArray(), let values = reader.array(depth: 0), reader.isAtEnd else {
            self = .notAnArray
            return
        }
        let strings = values.compactMap(\.self)
        self = strings.count == values.count ? .strings(strings) : .otherValues
    }
}

/// RFC 8259, of which only strings are kept.
private struct JSONReader {
    private var scanner: ScalarScanner

    init(_ text: String) { scanner = ScalarScanner(text) }

    var isAtEnd: Bool {
        var rest = scanner
        _ = rest.take(while: Self.isBlank)
        return rest.isAtEnd
    }

    mutating func skipsToArray() -> Bool {
        _ = scanner.take(while: \.isSpace)
        return scanner.peek == "["
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r"
    }

    private mutating func skipBlanks() { _ = scanner.take(while: Self.isBlank) }

    /// The elements, nil for those that are no strings; nil where this is no valid array.
    mutating func array(depth: Int) -> [String?]? {
        guard depth < 100, scanner.skip("[") else { return nil }
        skipBlanks()
        if scanner.skip("]") { return [] }
        var elements: [String?] = []
        repeat {
            skipBlanks()
            if scanner.peek == "\"" {
                guard let text = string() else { return nil }
                elements.append(text)
            } else {
                guard skipValue(depth: depth) else { return nil }
                elements.append(nil)
            }
            skipBlanks()
        } while scanner.skip(",")
        return scanner.skip("]") ? elements : nil
    }

    private mutating func skipValue(depth: Int) -> Bool {
        switch scanner.peek {
        case "\"": return string() != nil
        case "[": return array(depth: depth + 1) != nil
        case "{": return skipObject(depth: depth + 1)
        case "t": return "true".unicodeScalars.allSatisfy { scanner.skip($0) }
        case "f": return "false".unicodeScalars.allSatisfy { scanner.skip($0) }
        case "n": return "null".unicodeScalars.allSatisfy { scanner.skip($0) }
        default: return skipNumber()
        }
    }

    private mutating func skipObject(depth: Int) -> Bool {
        guard depth < 100, scanner.skip("{") else { return false }
        skipBlanks()
        if scanner.skip("}") { return true }
        repeat {
            skipBlanks()
            guard string() != nil else { return false }
            skipBlanks()
            guard scanner.skip(":") else { return false }
            skipBlanks()
            guard skipValue(depth: depth) else { return false }
            skipBlanks()
        } while scanner.skip(",")
        return scanner.skip("}")
    }

    private mutating func skipNumber() -> Bool {
        _ = scanner.skip("-")
        let whole = scanner.take(while: \.isASCIIDigit)
        guard whole.count == 1 || whole.first.map({ $0 != "0" }) == true else { return false }
        if scanner.skip("."), scanner.take(while: \.isASCIIDigit).isEmpty { return false }
        if scanner.skip("e") || scanner.skip("E") {
            if !scanner.skip("+") { _ = scanner.skip("-") }
            return !scanner.take(while: \.isASCIIDigit).isEmpty
        }
        return true
    }

    private mutating func string() -> String? {
        guard scanner.skip("\"") else { return nil }
        var text: [Unicode.Scalar] = []
        while let scalar = scanner.next() {
            switch scalar {
            case "\"": return String(scalars: text)
            case "\\":
                guard let escaped = escaped() else { return nil }
                text.append(escaped)
            case _ where scalar.value < 0x20: return nil
            default: text.append(scalar)
            }
        }
        return nil
    }

    private mutating func escaped() -> Unicode.Scalar? {
        switch scanner.next() {
        case "\"": "\""
        case "\\": "\\"
        case "/": "/"
        case "b": "\u{08}"
        case "f": "\u{0C}"
        case "n": "\n"
        case "r": "\r"
        case "t": "\t"
        case "u": unicode()
        default: nil
        }
    }

    /// One escaped scalar, or two that make a pair of surrogates; a lone surrogate becomes U+FFFD.
    private mutating func unicode() -> Unicode.Scalar? {
        guard let high = hexadecimal() else { return nil }
        guard (0xD800..<0xDC00).contains(high) else { return Unicode.Scalar(high) ?? "\u{FFFD}" }
        var ahead = scanner
        guard ahead.skip("\\"), ahead.skip("u") else { return "\u{FFFD}" }
        let before = scanner
        scanner = ahead
        guard let low = hexadecimal() else { return nil }
        guard (0xDC00..<0xE000).contains(low) else {
            scanner = before
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    }

    private mutating func hexadecimal() -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = scanner.next(), let number = Character(digit).hexDigitValue, digit.isASCII else {
                return nil
            }
            value = value << 4 + UInt32(number)
        }
        return value
    }
}
