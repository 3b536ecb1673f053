/// Reads JSON (RFC 8259) into a value that can be written again unchanged.

extension JSON {
    /// Throws ``OCIError/malformed(subject:reason:)`` with the offset; `subject` names the bytes for the user.
    package init(parsing bytes: [UInt8], subject: String) throws(OCIError) {
        var parser = JSONParser(bytes: bytes, subject: subject)
        self = try parser.document()
    }
}

private struct JSONParser {
    private let bytes: [UInt8]
    private let subject: String
    private var position = 0
    /// Deeper documents are refused: nothing of ours nests so far, and the parser calls itself.
    private static let deepest = 64

    init(bytes: [UInt8], subject: String) { (self.bytes, self.subject) = (bytes, subject) }

    mutating func document() throws(OCIError) -> JSON {
        let value = try value(depth: 0)
        guard next() == nil else { throw problem("something follows the document") }
        return value
    }

    private func problem(_ reason: String) -> OCIError {
        .malformed(subject: subject, reason: "not JSON at byte \(position): \(reason)")
    }

    /// The next byte that is not white space, not yet taken.
    private mutating func next() -> UInt8? {
        while position < bytes.count {
            switch bytes[position] {
            case 9, 10, 13, 32: position += 1
            default: return bytes[position]
            }
        }
        return nil
    }

    private mutating func take(_ byte: UInt8) throws(OCIError) {
        guard next() == byte else { throw problem("'\(Character(Unicode.Scalar(byte)))' is missing") }
        position += 1
    }

    private mutating func value(depth: Int) throws(OCIError) -> JSON {
        guard depth < Self.deepest else { throw problem("nested too deeply") }
        switch next() {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .text(try text())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case .some: return try number()
        case nil: throw problem("it ends too early")
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws(OCIError) -> JSON {
        guard bytes[position...].starts(with: word.utf8) else { throw problem("an unknown word") }
        position += word.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(OCIError) -> [JSON.Member] {
        try take(UInt8(ascii: "{"))
        var members: [JSON.Member] = []
        while next() != UInt8(ascii: "}") {
            if !members.isEmpty { try take(UInt8(ascii: ",")) }
            guard next() == UInt8(ascii: "\"") else { throw problem("a key is missing") }
            let key = try text()
            try take(UInt8(ascii: ":"))
            members.append(JSON.Member(key, try value(depth: depth + 1)))
        }
        try take(UInt8(ascii: "}"))
        return members
    }

    private mutating func array(depth: Int) throws(OCIError) -> [JSON] {
        try take(UInt8(ascii: "["))
        var values: [JSON] = []
        while next() != UInt8(ascii: "]") {
            if !values.isEmpty { try take(UInt8(ascii: ",")) }
            values.append(try value(depth: depth + 1))
        }
        try take(UInt8(ascii: "]"))
        return values
    }

    private mutating func number() throws(OCIError) -> JSON {
        let start = position
        while position < bytes.count, "+-.0123456789Ee".utf8.contains(bytes[position]) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard Double(text) != nil else { throw problem("not a value") }
        return .number(text)
    }

    private mutating func text() throws(OCIError) -> String {
        position += 1
        var content: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"): content += UTF8.encode(try escape()) ?? UTF8.encodedReplacementCharacter
            case 0..<32: throw problem("a control character in a text")
            default: content.append(byte)
            }
        }
        throw problem("a text does not end")
    }

    private mutating func escape() throws(OCIError) -> Unicode.Scalar {
        guard position < bytes.count else { throw problem("a text does not end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try codePoint()
        default: throw problem("an unknown escape")
        }
    }

    /// `\uXXXX`, or two of them for a character beyond the first plane; half a pair becomes U+FFFD, as in Go.
    private mutating func codePoint() throws(OCIError) -> Unicode.Scalar {
        let unit = try codeUnit()
        guard UTF16.isLeadSurrogate(unit), bytes[position...].starts(with: "\\u".utf8) else {
            return Unicode.Scalar(unit) ?? "\u{fffd}"
        }
        let afterFirst = position
        position += 2
        let second = try codeUnit()
        guard UTF16.isTrailSurrogate(second) else {
            position = afterFirst
            return "\u{fffd}"
        }
        return Unicode.Scalar(0x10000 + (UInt32(unit) - 0xd800) << 10 + UInt32(second) - 0xdc00) ?? "\u{fffd}"
    }

    private mutating func codeUnit() throws(OCIError) -> UInt16 {
        guard position + 4 <= bytes.count,
            let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw problem("four hex digits are missing") }
        position += 4
        return unit
    }
}
