/// The characters of a Dockerfile as its grammar sees them: Unicode scalars, one at a time.

extension Unicode.Scalar {
    /// Unicode's White_Space, where the grammar trims or looks for the end of a word.
    var isSpace: Bool { isASCII ? self == " " || (0x09...0x0D).contains(value) : properties.isWhitespace }

    /// What separates the arguments of an instruction: fewer characters than ``isSpace``, a line's end not among them.
    var isSeparator: Bool { self == " " || self == "\t" || self == "\r" || self == "\u{0B}" || self == "\u{0C}" }

    var isASCIIDigit: Bool { ("0"..."9").contains(self) }

    var isASCIILetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
}

extension StringProtocol {
    /// Without the white space at both ends.
    package var trimmed: String {
        let scalars = unicodeScalars.drop(while: \.isSpace)
        guard let last = scalars.lastIndex(where: { !$0.isSpace }) else { return "" }
        return String(scalars: scalars[...last])
    }

    var withoutLeadingSpace: String { String(scalars: unicodeScalars.drop(while: \.isSpace)) }

    /// Bytes, not characters, are compared: a combining mark after the prefix does not hide it.
    package func begins(with prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }

    package func ends(with suffix: String) -> Bool { utf8.reversed().starts(with: suffix.utf8.reversed()) }

    /// Whether the bytes are the same; Swift's `==` takes two texts for one where Unicode does.
    package func isSame(as other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }

    /// The names of a path, without empty ones: a `/` with a combining mark behind it separates them too.
    package var pathNames: [SubSequence] {
        utf8.split(separator: UInt8(ascii: "/")).map { self[$0.startIndex..<$0.endIndex] }
    }

    /// The parts before and after the first such ASCII character; nil where there is none.
    func cut(at separator: Unicode.Scalar) -> (before: String, after: String)? {
        guard let index = unicodeScalars.firstIndex(of: separator) else { return nil }
        let after = unicodeScalars.index(after: index)
        return (String(scalars: unicodeScalars[..<index]), String(scalars: unicodeScalars[after...]))
    }
}

extension String {
    init(scalars: some Sequence<Unicode.Scalar>) {
        var view = UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }
}

/// A position in a text.
struct ScalarScanner {
    private let scalars: [Unicode.Scalar]
    private var index = 0

    init(_ text: some StringProtocol) { scalars = Array(text.unicodeScalars) }

    var isAtEnd: Bool { index == scalars.count }
    var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }
    var rest: String { String(scalars: scalars[index...]) }

    /// The character so many places behind the next one.
    func peek(_ offset: Int) -> Unicode.Scalar? { index + offset < scalars.count ? scalars[index + offset] : nil }

    mutating func next() -> Unicode.Scalar? {
        guard let scalar = peek else { return nil }
        index += 1
        return scalar
    }

    /// Whether the next character was this one; if so, it is consumed.
    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        index += 1
        return true
    }

    mutating func take(while condition: (Unicode.Scalar) -> Bool) -> [Unicode.Scalar] {
        let start = index
        while let scalar = peek, condition(scalar) { index += 1 }
        return Array(scalars[start..<index])
    }
}

extension String {
    /// The same, at the speed of memory.
    package func isSame(as other: String) -> Bool {
        var (text, other) = (self, other)
        return text.withUTF8 { text in other.withUTF8 { $0.count == text.count && $0.elementsEqual(text) } }
    }
}
