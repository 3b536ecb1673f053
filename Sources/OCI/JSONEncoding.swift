/// Writes JSON byte for byte as Go's `encoding/json` does, which is what other builders' digests are made of.

extension JSON {
    /// On one line, without spaces.
    package func encoded() -> [UInt8] {
        var output: [UInt8] = []
        write(to: &output, indentation: nil)
        return output
    }

    /// Two spaces a level, as BuildKit writes manifests; no newline at the end.
    package func indented() -> [UInt8] {
        var output: [UInt8] = []
        write(to: &output, indentation: 0)
        return output
    }

    private func write(to output: inout [UInt8], indentation: Int?) {
        switch self {
        case .null: output += "null".utf8
        case .boolean(let value): output += (value ? "true" : "false").utf8
        case .number(let value): output += value.utf8
        case .text(let value): Self.write(value, to: &output)
        case .array(let values):
            Self.write(values, between: ("[", "]"), to: &output, indentation) { value, output, inner in
                value.write(to: &output, indentation: inner)
            }
        case .object(let members):
            Self.write(members, between: ("{", "}"), to: &output, indentation) { member, output, inner in
                Self.write(member.key, to: &output)
                output += (inner == nil ? ":" : ": ").utf8
                member.value.write(to: &output, indentation: inner)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element],
        between marks: (String, String),
        to output: inout [UInt8],
        _ indentation: Int?,
        each: (Element, inout [UInt8], Int?) -> Void
    ) {
        output += marks.0.utf8
        let inner = indentation.map { $0 + 1 }
        for (index, element) in elements.enumerated() {
            if index > 0 { output += ",".utf8 }
            startLine(inner, &output)
            each(element, &output, inner)
        }
        if !elements.isEmpty { startLine(indentation, &output) }
        output += marks.1.utf8
    }

    private static func startLine(_ indentation: Int?, _ output: inout [UInt8]) {
        guard let indentation else { return }
        output.append(10)
        output.append(contentsOf: repeatElement(32, count: indentation * 2))
    }

    /// Quotes a text.
    ///
    /// Go also escapes what HTML could misread, and the two line separators of JavaScript.
    package static func write(_ text: String, to output: inout [UInt8]) {
        output.append(34)
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 34: output += "\\\"".utf8
            case 92: output += "\\\\".utf8
            case 8: output += "\\b".utf8
            case 12: output += "\\f".utf8
            case 10: output += "\\n".utf8
            case 13: output += "\\r".utf8
            case 9: output += "\\t".utf8
            case 0..<32, 38, 60, 62, 0x2028, 0x2029:
                let digits = String(scalar.value, radix: 16)
                output += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
            default: output += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
        output.append(34)
    }
}
