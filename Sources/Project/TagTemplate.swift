/// What an image is called where the configuration says so: a tag that stands still, or one that is made of its commit
/// and key.

import Graph

package struct TagTemplate: Equatable, Sendable {
    private enum Part: Equatable, Sendable {
        case literal(String)
        case commit, key, image, dirty
    }

    /// How much of a key stands in a tag.
    package static let keyLength = 12

    /// As it is written.
    package let text: String
    private let parts: [Part]

    /// Whether other content gets the same tag: neither the commit nor the key is in it.
    package var isStatic: Bool { !parts.contains { $0 == .commit || $0 == .key } }

    /// Whether no other content can get the same tag.
    package var saysKey: Bool { parts.contains(.key) }

    /// The tag of this content.
    ///
    /// nil where the template needs a commit and there is none, or where what it gives is no tag (it is too long): the
    /// content tag is what such an image is called then.
    package func tag(commit: String?, isDirty: Bool, key: String, image: String) -> String? {
        var tag = ""
        for part in parts {
            switch part {
            case .literal(let text): tag += text
            case .commit:
                guard let commit else { return nil }
                tag += commit
            case .key: tag += key.prefix(Self.keyLength)
            case .image: tag += image
            case .dirty: tag += isDirty ? "-dirty" : ""
            }
        }
        return ImageReference.isTag(tag) ? tag : nil
    }

    init(parsing text: String) throws(NameFault) {
        self.text = text
        parts = try Self.parts(of: text)
        let isTag = [true, false].allSatisfy { isDirty in
            tag(commit: "0123456789", isDirty: isDirty, key: "0123456789ab", image: "image") != nil
        }
        guard isTag else {
            throw NameFault(
                reason: "can make no tag",
                remedy:
                    "Write letters, digits, `_`, `.` and `-`, neither of the last two first, at most 128, and among "
                    + "them what is filled in: \(Self.known)."
            )
        }
        if isStatic, Self.contentPrefixes.contains(where: text.hasPrefix) {
            throw NameFault(
                reason: "looks like one of the tags that say an image's content, and says none",
                remedy: "Choose one that does not begin with `git-` or `key-`, or put `{commit}` or `{key}` into it."
            )
        }
    }

    /// How the tags begin that name an image by its content.
    static let contentPrefixes = ["git-", "key-"]

    private static func parts(of text: String) throws(NameFault) -> [Part] {
        var parts: [Part] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            if open > rest.startIndex { parts.append(.literal(String(rest[..<open]))) }
            guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
                throw NameFault(
                    reason: "has a brace without its other half",
                    remedy: "Write what is filled in as \(known)."
                )
            }
            let name = String(rest[rest.index(after: open)..<close])
            parts.append(try part(named: name))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.literal(String(rest))) }
        return parts
    }

    private static let names = ["commit", "key", "image", "dirty"]
    private static let known = "`{commit}`, `{key}`, `{image}`, `{dirty}`"

    private static func part(named name: String) throws(NameFault) -> Part {
        switch name {
        case "commit": return .commit
        case "key": return .key
        case "image": return .image
        case "dirty": return .dirty
        default:
            throw NameFault(
                reason: "asks for `{\(name)}`, which nothing fills in",
                remedy: Nearest.to(name, in: names).map { "Did you mean `{\($0)}`?" } ?? "There are \(known)."
            )
        }
    }
}

/// How the layers of an image are packed, where the configuration says so.
package enum Compression: String, CaseIterable, Sendable {
    /// Gzip without compression: taken wherever gzip is, and costs next to nothing.
    case stored
    case gzip
    case zstd
    /// Plain tar.
    case none
}
