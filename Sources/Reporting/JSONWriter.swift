/// Writes JSON on one line, keys in the order in which they are given.

struct JSONWriter {
    private(set) var bytes: [UInt8] = []

    mutating func object(_ members: (inout Self) -> Void) { enclose("{", members, "}") }

    mutating func array<Element>(_ elements: [Element], _ each: (inout Self, Element) -> Void) {
        enclose("[", { writer in for element in elements { writer.separate(); each(&writer, element) } }, "]")
    }

    mutating func key(_ key: String) {
        separate()
        value(key)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Nothing where there is no value.
    mutating func member(_ key: String, _ text: String?) {
        guard let text else { return }
        self.key(key)
        value(text)
    }

    /// Nothing where there is no value.
    mutating func member(_ key: String, _ number: (some BinaryInteger)?) {
        guard let number else { return }
        self.key(key)
        bytes += String(number).utf8
    }

    mutating func member(_ key: String, _ texts: [String]) {
        self.key(key)
        array(texts) { $0.value($1) }
    }

    /// Control characters are escaped, those beyond ASCII and JavaScript's line separators too, so that a line of
    /// JSON is one line everywhere and does nothing to a terminal.
    mutating func value(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22: bytes += "\\\"".utf8
            case 0x5C: bytes += "\\\\".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0x09: bytes += "\\t".utf8
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: escape(scalar.value)
            case 0x20..<0x7F: bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            default: bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ value: UInt32) {
        let digits = String(value, radix: 16)
        bytes += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
    }

    private mutating func enclose(_ opening: String, _ content: (inout Self) -> Void, _ closing: String) {
        bytes += opening.utf8
        content(&self)
        bytes += closing.utf8
    }

    /// A comma, but for the first of an object or an array.
    private mutating func separate() {
        guard let last = bytes.last, last != UInt8(ascii: "{"), last != UInt8(ascii: "[") else { return }
        bytes.append(UInt8(ascii: ","))
    }
}
