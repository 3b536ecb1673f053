/// A YAML document as values with places: all that the readers of the configuration see of YAML.

struct Tree {
    struct Entry {
        var key: String
        var place: Place
        var value: Tree
    }

    enum Content {
        /// After YAML's own escapes; variables are not yet filled in.
        case scalar(String)
        case sequence([Tree])
        /// No key stands twice.
        case mapping([Entry])
    }

    enum Kind: String {
        case null = "nothing"
        case bool = "a boolean"
        case number = "a number"
        case string = "a string"
        case sequence = "a list"
        case mapping = "a mapping"
    }

    /// How a list or a mapping is written.
    enum Style {
        case block
        /// In `[…]` or `{…}`, which begin at its place.
        case flow
        /// With an anchor or a tag before it; also every scalar, but for the nothing behind the key of a block.
        case other
    }

    var content: Content
    var place: Place
    /// An unquoted scalar without a tag, whose type its text decides.
    var isPlain = false
    var style = Style.other

    var kind: Kind {
        switch content {
        case .sequence: .sequence
        case .mapping: .mapping
        case .scalar(let text): isPlain ? Self.kind(of: text) : .string
        }
    }

    /// The type of an unquoted scalar by the core schema of YAML 1.2 (10.3.2): `yes` and `on` are strings.
    static func kind(of text: String) -> Kind {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "false", "False", "FALSE": return .bool
        default: break
        }
        if text.hasPrefix("0x"), Int(text.dropFirst(2), radix: 16) != nil { return .number }
        if text.hasPrefix("0o"), Int(text.dropFirst(2), radix: 8) != nil { return .number }
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        guard let first = digits.first, (0x30...0x39).contains(first) || first == UInt8(ascii: ".") else {
            return .string
        }
        return Double(text) == nil ? .string : .number
    }
}
