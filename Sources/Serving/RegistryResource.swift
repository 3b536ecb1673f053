/// What a path of the distribution protocol names: the part of it that pulls need (OCI distribution specification
/// 1.1, "Pull" and "Content Discovery").

import OCI

enum RegistryResource: Equatable {
    /// `/v2/`
    case version
    /// `/v2/_catalog`
    case catalog
    /// `/v2/<name>/tags/list`
    case tags(of: String)
    /// `/v2/<name>/manifests/<tag>`
    case tagged(name: String, tag: String)
    /// `/v2/<name>/manifests/<digest>`
    case manifest(Digest)
    /// `/v2/<name>/blobs/<digest>`: content has the same name in every repository.
    case blob(Digest)
    /// What was asked for can't exist here.
    case none(Refusal)

    /// Takes a path without percent signs.
    ///
    /// No part of it becomes a file's name but as a digest's 64 hex digits.
    init(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, parts[0].isEmpty, parts[1] == "v2" else {
            self = .none(.noResource)
            return
        }
        switch Array(parts[2...]) {
        case [], [""]: self = .version
        case ["_catalog"]: self = .catalog
        case let rest where rest.count >= 3:
            self.init(Array(rest.dropLast(2)), rest[rest.count - 2], rest[rest.count - 1])
        default: self = .none(.noResource)
        }
    }

    private init(_ name: [String], _ kind: String, _ reference: String) {
        let isName = name.allSatisfy(Self.isNamePart)
        let name = name.joined(separator: "/")
        let digest = Digest(parsing: reference)
        self =
            switch (kind, digest) {
            case _ where !isName || name.utf8.count > Self.longestName: .none(.noName)
            case ("tags", _) where reference == "list": .tags(of: name)
            case ("manifests", let digest?): .manifest(digest)
            case ("manifests", nil) where Self.isTag(reference): .tagged(name: name, tag: reference)
            case ("manifests", nil): .none(.noManifest)
            case ("blobs", let digest?): .blob(digest)
            case ("blobs", nil): .none(.noBlob)
            default: .none(.noResource)
            }
    }

    private static let longestName = 255
    private static let longestTag = 128

    /// Splits `<image>:<tag>`, the name of an image in the layout; nil for what another program named otherwise.
    static func split(_ reference: String) -> (name: String, tag: String)? {
        guard let colon = reference.lastIndex(of: ":") else { return nil }
        let (name, tag) = (String(reference[..<colon]), String(reference[reference.index(after: colon)...]))
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return isTag(tag) && parts.allSatisfy { isNamePart(String($0)) } ? (name, tag) : nil
    }

    private static func isNamePart(_ part: String) -> Bool {
        let isEnd = { (byte: UInt8?) in byte.map { isLowerCase($0) || isDigit($0) } ?? false }
        return isEnd(part.utf8.first) && isEnd(part.utf8.last)
            && part.utf8.allSatisfy { isLowerCase($0) || isDigit($0) || "._-".utf8.contains($0) }
    }

    private static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, !".-".utf8.contains(first), text.utf8.count <= longestTag else {
            return false
        }
        return text.utf8.allSatisfy { isLowerCase($0 | 0x20) || isDigit($0) || "._-".utf8.contains($0) }
    }

    private static func isLowerCase(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

/// An error as the specification forms it: a status, and a code of its table.
struct Refusal: Equatable {
    var status: Int
    var code: String
    var message: String

    static let noResource = Self(status: 404, code: "UNSUPPORTED", message: "this registry has no such resource")
    static let noName = Self(status: 404, code: "NAME_INVALID", message: "not the name of a repository")
    static let noRepository = Self(status: 404, code: "NAME_UNKNOWN", message: "no such repository")
    static let noManifest = Self(status: 404, code: "MANIFEST_UNKNOWN", message: "no such manifest")
    static let noBlob = Self(status: 404, code: "BLOB_UNKNOWN", message: "no such blob")
    static let noPage = Self(status: 400, code: "PAGINATION_NUMBER_INVALID", message: "n is not a number of entries")
    static let noWriting = Self(
        status: 405,
        code: "UNSUPPORTED",
        message: "this registry is read-only: imgwatch publishes its images to it by itself"
    )

    var body: [UInt8] {
        let error = JSON.object([.init("code", .text(code)), .init("message", .text(message))])
        return JSON.object([.init("errors", .array([error]))]).encoded()
    }
}
