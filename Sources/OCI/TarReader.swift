/// Lists the members of a tar: ustar, PAX records, and GNU's long names and big numbers.

/// A member, and where its bytes begin in the tar.
package struct TarMember: Hashable, Sendable {
    package var entry: TarEntry
    package var offset: Int
    /// Extended attributes, all that there are.
    package var attributes: [String: [UInt8]]

    package init(entry: TarEntry, offset: Int, attributes: [String: [UInt8]] = [:]) {
        (self.entry, self.offset, self.attributes) = (entry, offset, attributes)
    }
}

extension TarSource {
    /// Whether the bytes are a header's.
    static func isHeader(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == TarHeader.blockLength else { return false }
        let block = TarBlock(bytes: bytes)
        return !block.isZero && block.hasValidChecksum
    }

    /// All members in their order, without reading their bytes.
    ///
    /// Paths come clean: relative, without `.` and `..` (a leading `..` stops at the root); the root's own member has
    /// the path "".
    package func members() throws(OCIError) -> [TarMember] {
        var members: [TarMember] = []
        var offset = 0
        var extensions = TarExtensions()
        while let block = try block(at: offset), !block.isZero {
            guard block.hasValidChecksum else { throw problem("a header's checksum is wrong", offset) }
            guard let stated = block.number(at: 124, length: 12) else { throw problem("a size is no number", offset) }
            let content = offset + TarHeader.blockLength
            if TarExtensions.isExtension(block.type) {
                let data = try extensionData(at: content, length: stated)
                guard extensions.add(data, type: block.type) else { throw problem("a record is broken", offset) }
                offset = content + stated + TarHeader.padding(stated)
                continue
            }
            guard var entry = block.entry(extensions) else {
                throw problem("a member of type '\(Character(Unicode.Scalar(block.type)))' cannot be read", offset)
            }
            let size = block.hasContent ? extensions.size ?? stated : 0
            guard content + size <= length else { throw problem("it is cut off", offset) }
            if case .file = entry.kind { entry.kind = .file(size: size) }
            entry.capability = extensions.attributes[TarEntry.capabilityName] ?? []
            members.append(TarMember(entry: entry, offset: content, attributes: extensions.attributes))
            offset = content + size + TarHeader.padding(size)
            extensions = TarExtensions()
        }
        return members
    }

    private func problem(_ reason: String, _ offset: Int) -> OCIError {
        .malformed(subject: path, reason: "not a tar that can be read, at byte \(offset): \(reason)")
    }

    /// nil at the end of the tar.
    private func block(at offset: Int) throws(OCIError) -> TarBlock? {
        guard offset < length else { return nil }
        let whole = TarMember(entry: TarEntry(path: "", kind: .file(size: 512), mode: 0), offset: offset)
        guard offset + TarHeader.blockLength <= length else {
            if offset == 0 { return nil }
            throw problem("it is cut off", offset)
        }
        return TarBlock(bytes: try content(of: whole))
    }

    private func extensionData(at offset: Int, length: Int) throws(OCIError) -> [UInt8] {
        guard length <= TarExtensions.longest, offset + length <= self.length else {
            throw problem("a record is too long", offset)
        }
        return try content(of: TarMember(entry: TarEntry(path: "", kind: .file(size: length), mode: 0), offset: offset))
    }
}

/// What stands before a member because its header has no room for it.
private struct TarExtensions {
    /// As in Go: enough for any path.
    static let longest = 1 << 20

    var path: String?
    var link: String?
    var size: Int?
    var user: Int?
    var group: Int?
    var attributes: [String: [UInt8]] = [:]

    static func isExtension(_ type: UInt8) -> Bool { "xgLK".utf8.contains(type) }

    /// False where the data are not what the type promises.
    ///
    /// Global records are passed over, as in Go.
    mutating func add(_ data: [UInt8], type: UInt8) -> Bool {
        switch type {
        case UInt8(ascii: "x"): return addRecords(data)
        case UInt8(ascii: "L"): path = String(validating: data.prefix { $0 != 0 }, as: UTF8.self)
        case UInt8(ascii: "K"): link = String(validating: data.prefix { $0 != 0 }, as: UTF8.self)
        default: return true
        }
        return type == UInt8(ascii: "L") ? path != nil : link != nil
    }

    private mutating func addRecords(_ data: [UInt8]) -> Bool {
        var rest = data[...]
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: 32),
                let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
                length > space - rest.startIndex + 1, length <= rest.count,
                case let record = rest[(space + 1)..<(rest.startIndex + length)],
                record.last == UInt8(ascii: "\n"), let equals = record.firstIndex(of: UInt8(ascii: "=")),
                let key = String(validating: record[..<equals], as: UTF8.self),
                set(key, record[(equals + 1)...].dropLast())
            else { return false }
            rest = rest[(rest.startIndex + length)...]
        }
        return true
    }

    /// An attribute's value is bytes, that of any other key a text.
    private mutating func set(_ key: String, _ value: ArraySlice<UInt8>) -> Bool {
        if key.hasPrefix(TarHeader.attributePrefix) {
            attributes[String(key.dropFirst(TarHeader.attributePrefix.count))] = Array(value)
            return true
        }
        guard let text = String(validating: value, as: UTF8.self) else { return false }
        set(key, text)
        return true
    }

    private mutating func set(_ key: String, _ value: String) {
        switch key {
        case "path": path = value
        case "linkpath": link = value
        case "size": size = Int(value)
        case "uid": user = Int(value)
        case "gid": group = Int(value)
        default: break
        }
    }
}

/// 512 bytes of header, read.
private struct TarBlock {
    let bytes: [UInt8]

    var type: UInt8 { bytes[156] }

    var isZero: Bool { bytes.allSatisfy { $0 == 0 } }

    var hasContent: Bool { [0, UInt8(ascii: "0"), UInt8(ascii: "7")].contains(type) }

    /// The sum of all bytes, the checksum's own as spaces; old programs summed signed bytes.
    var hasValidChecksum: Bool {
        guard let stated = number(at: 148, length: 8) else { return false }
        let rest = bytes[..<148] + bytes[156...]
        let unsigned = rest.reduce(256) { $0 + Int($1) }
        return stated == unsigned || stated == rest.reduce(256) { $0 + Int(Int8(bitPattern: $1)) }
    }

    /// Octal digits between spaces and NULs, or GNU's base 256, where the first bit is set.
    func number(at offset: Int, length: Int) -> Int? {
        let field = bytes[offset..<offset + length]
        if let first = field.first, first & 0x80 != 0 {
            guard first == 0x80, field.dropFirst().prefix(length - 8).allSatisfy({ $0 == 0 }) else { return nil }
            let value = field.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return Int(exactly: value & (length == 8 ? UInt64.max >> 8 : .max))
        }
        let digits = field.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
        return digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8)
    }

    private func text(at offset: Int, length: Int) -> String? {
        String(validating: bytes[offset..<offset + length].prefix { $0 != 0 }, as: UTF8.self)
    }

    /// nil for types, names and numbers that cannot be represented.
    func entry(_ extensions: TarExtensions) -> TarEntry? {
        guard var name = text(at: 0, length: 100), let link = text(at: 157, length: 100),
            let prefix = text(at: 345, length: 155), let mode = number(at: 100, length: 8),
            let user = extensions.user ?? number(at: 108, length: 8),
            let group = extensions.group ?? number(at: 116, length: 8)
        else { return nil }
        let isUstar = bytes[257..<263].elementsEqual("ustar\u{0}".utf8)
        if isUstar, !prefix.isEmpty { name = prefix + "/" + name }
        name = extensions.path ?? name
        guard let kind = kind(name: name, link: extensions.link ?? link) else { return nil }
        let path = Self.clean(name)
        return TarEntry(path: path, kind: kind, mode: UInt16(mode & 0o7777), user: user, group: group)
    }

    private func kind(name: String, link: String) -> TarEntry.Kind? {
        let (major, minor) = (number(at: 329, length: 8) ?? 0, number(at: 337, length: 8) ?? 0)
        switch type {
        case 0 where name.utf8.last == UInt8(ascii: "/"): return .directory
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): return .file(size: 0)
        case UInt8(ascii: "1"): return .hardLink(target: Self.clean(link))
        case UInt8(ascii: "2"): return .symbolicLink(target: link)
        case UInt8(ascii: "3"): return .characterDevice(major: major, minor: minor)
        case UInt8(ascii: "4"): return .blockDevice(major: major, minor: minor)
        case UInt8(ascii: "5"): return .directory
        case UInt8(ascii: "6"): return .fifo
        default: return nil
        }
    }

    private static func clean(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.utf8.split(separator: UInt8(ascii: "/")).map({ Substring($0) }) where part != "." {
            if part != ".." { parts.append(part) } else { _ = parts.popLast() }
        }
        return parts.joined(separator: "/")
    }
}
