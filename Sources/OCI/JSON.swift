/// JSON that keeps the order of keys and the text of numbers: manifests are named by the hash of their bytes.

package enum JSON: Hashable, Sendable {
    case null
    case boolean(Bool)
    /// As it was written.
    case number(String)
    case text(String)
    case array([JSON])
    case object([Member])

    package struct Member: Hashable, Sendable {
        package var key: String
        package var value: JSON
        package init(_ key: String, _ value: JSON) { (self.key, self.value) = (key, value) }
    }

    package static func integer(_ value: some BinaryInteger) -> JSON { .number(String(value)) }

    /// The array of the texts.
    package static func texts(_ values: [String]) -> JSON { .array(values.map(JSON.text)) }

    /// An object with its keys sorted by their bytes, as Go's `encoding/json` writes a map.
    package static func map(_ members: some Sequence<(key: String, value: JSON)>) -> JSON {
        let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return .object(sorted.map { Member($0.key, $0.value) })
    }

    package static func map(_ texts: [String: String]) -> JSON {
        map(texts.map { (key: $0.key, value: .text($0.value)) })
    }

    /// The value of a key of an object; the last one where the key is there twice.
    package subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    package var text: String? {
        guard case .text(let value) = self else { return nil }
        return value
    }

    package var boolean: Bool? {
        guard case .boolean(let value) = self else { return nil }
        return value
    }

    package var integer: Int? {
        guard case .number(let value) = self else { return nil }
        return Int(value)
    }

    package var array: [JSON]? {
        guard case .array(let values) = self else { return nil }
        return values
    }

    package var members: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// The texts of an array of texts; nil when it is anything else.
    package var texts: [String]? {
        guard let values = array else { return nil }
        let texts = values.compactMap(\.text)
        return texts.count == values.count ? texts : nil
    }

    /// The texts of an object of texts; nil when it is anything else.
    package var textMap: [String: String]? {
        guard let members else { return nil }
        var result: [String: String] = [:]
        for member in members {
            guard let text = member.value.text else { return nil }
            result[member.key] = text
        }
        return result
    }
}
