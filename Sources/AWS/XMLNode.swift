/// XML as S3, STS and CloudFormation answer with it: elements and text, without attributes.

internal import Foundation

package struct XMLNode: Hashable, Sendable {
    package var name: String
    /// Of a leaf, with its entities resolved.
    package var text = ""
    package var children: [XMLNode] = []

    package subscript(name: String) -> XMLNode? { children.first { $0.name == name } }

    package func all(_ name: String) -> [XMLNode] { children.filter { $0.name == name } }

    /// The root element; nil for what is no XML.
    package init?(parsing bytes: [UInt8]) {
        var reader = XMLReader(String(decoding: bytes, as: UTF8.self))
        guard let root = reader.document() else { return nil }
        self = root
    }

    fileprivate init(_ name: String) { self.name = name }
}

/// Knows no DTD, no namespaces and no CDATA: AWS sends none.
private struct XMLReader {
    private var rest: Substring
    private static let deepest = 64

    init(_ text: String) { rest = text[...] }

    mutating func document() -> XMLNode? {
        skipProlog()
        return element(depth: 0)
    }

    private mutating func skipProlog() {
        while let start = rest.firstIndex(of: "<") {
            rest = rest[start...]
            guard rest.hasPrefix("<?") || rest.hasPrefix("<!"), let end = rest.firstIndex(of: ">") else { return }
            rest = rest[rest.index(after: end)...]
        }
    }

    /// From its `<` on.
    private mutating func element(depth: Int) -> XMLNode? {
        guard depth < Self.deepest, rest.first == "<", let end = rest.firstIndex(of: ">") else { return nil }
        var tag = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        let isEmpty = tag.last == "/"
        if isEmpty { tag.removeLast() }
        guard let name = tag.split(whereSeparator: \.isWhitespace).first, !name.hasPrefix("/") else { return nil }
        var node = XMLNode(String(name))
        if isEmpty { return node }
        while let next = rest.firstIndex(of: "<") {
            node.text += Self.resolved(rest[..<next])
            rest = rest[next...]
            if rest.hasPrefix("</") {
                guard let end = rest.firstIndex(of: ">") else { return nil }
                rest = rest[rest.index(after: end)...]
                if !node.children.isEmpty { node.text = "" }
                return node
            }
            guard let child = element(depth: depth + 1) else { return nil }
            node.children.append(child)
        }
        return nil
    }

    private static func resolved(_ text: Substring) -> String {
        guard text.contains("&") else { return String(text) }
        var result = ""
        var rest = text
        while let start = rest.firstIndex(of: "&"), let end = rest[start...].firstIndex(of: ";") {
            result += rest[..<start]
            let name = rest[rest.index(after: start)..<end]
            result += entity(name) ?? String(rest[start...end])
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func entity(_ name: Substring) -> String? {
        switch name {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard name.hasPrefix("#") else { return nil }
            let digits = name.dropFirst()
            let value = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            return value.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
        }
    }
}
