/// The header blocks of a tar member, byte for byte as Go's `archive/tar` writes them for containerd and BuildKit:
/// ustar where it can say everything, with a PAX record before it where it cannot.

enum TarHeader {
    static let blockLength = 512
    /// Before the name of an extended attribute, in the key of its PAX record.
    static let attributePrefix = "SCHILY.xattr."

    /// One block, or three and more with PAX records.
    ///
    /// Times are in seconds since 1970.
    static func encode(_ entry: TarEntry, modificationTime: Int) -> [UInt8] {
        let fields = Fields(entry, modificationTime)
        let records = fields.paxRecords
        if records.isEmpty {
            var block = Block(fields)
            block.put(fields.split?.prefix ?? "", at: 345, length: 155)
            return block.sealed()
        }
        let data = records.flatMap(paxRecord)
        var output = paxBlock(for: fields.name, length: data.count).sealed()
        output += data
        output.append(contentsOf: repeatElement(0, count: padding(data.count)))
        output += Block(fields).sealed()
        return output
    }

    /// How many zero bytes fill the last block of so many bytes.
    static func padding(_ length: Int) -> Int { (blockLength - length % blockLength) % blockLength }

    /// `length key=value\n`, where the length counts its own digits too.
    private static func paxRecord(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let body = Array(" \(key)=".utf8) + value + Array("\n".utf8)
        var length = body.count
        while String(length).utf8.count + body.count != length { length = String(length).utf8.count + body.count }
        return Array(String(length).utf8) + body
    }

    private static func paxBlock(for name: String, length: Int) -> Block {
        var parts = name.split(separator: "/")
        let file = name.hasSuffix("/") ? nil : parts.popLast()
        parts.append("PaxHeaders.0")
        if let file { parts.append(file) }
        var block = Block()
        var path = ascii(parts.joined(separator: "/")).prefix(100)
        while path.last == 47 { path.removeLast() }
        block.put(path, at: 0, length: 100)
        for (offset, size) in [(100, 8), (108, 8), (116, 8), (136, 12)] {
            block.put(octal: 0, at: offset, length: size)
        }
        block.put(octal: length, at: 124, length: 12)
        block.bytes[156] = UInt8(ascii: "x")
        return block
    }

    static func ascii(_ text: String) -> [UInt8] { text.utf8.filter { $0 < 0x80 && $0 != 0 } }
}

/// What goes into the header's fields.
private struct Fields {
    let name: String
    let link: String
    let type: Character
    let device: (major: Int, minor: Int)
    let entry: TarEntry
    let time: Int
    /// A long name in two, where ustar can hold it that way.
    let split: (prefix: String, name: String)?

    init(_ entry: TarEntry, _ time: Int) {
        (self.entry, self.time) = (entry, time)
        var (link, device) = ("", (0, 0))
        switch entry.kind {
        case .directory: type = "5"
        case .file: type = "0"
        case .symbolicLink(let target): (type, link) = ("2", target)
        case .hardLink(let target): (type, link) = ("1", target)
        case .characterDevice(let major, let minor): (type, device) = ("3", (major, minor))
        case .blockDevice(let major, let minor): (type, device) = ("4", (major, minor))
        case .fifo: type = "6"
        }
        (self.link, self.device) = (link, device)
        name = entry.kind == .directory ? entry.path + "/" : entry.path
        split = Self.split(name)
    }

    /// Go's rule: the last slash that leaves at most 155 bytes before it, and from 1 to 100 after.
    private static func split(_ name: String) -> (prefix: String, name: String)? {
        let bytes = Array(name.utf8)
        guard bytes.count > 100, bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
        let end = bytes.count > 156 ? 156 : bytes.last == 47 ? bytes.count - 1 : bytes.count
        guard let slash = bytes[..<end].lastIndex(of: 47), slash > 0 else { return nil }
        let rest = bytes.count - slash - 1
        guard rest > 0, rest <= 100, slash <= 155 else { return nil }
        return (
            String(decoding: bytes[..<slash], as: UTF8.self), String(decoding: bytes[(slash + 1)...], as: UTF8.self)
        )
    }

    /// Sorted by key.
    ///
    /// Go adds the path also where only another field is the reason for the records.
    var paxRecords: [(String, [UInt8])] {
        var records: [(String, [UInt8])] = []
        var needed = false
        func add(_ key: String, _ value: String, if unfit: Bool, unless fits: Bool = false) {
            guard unfit else { return }
            records.append((key, Array(value.utf8)))
            if !fits { needed = true }
        }
        if !entry.capability.isEmpty {
            records.append((TarHeader.attributePrefix + TarEntry.capabilityName, entry.capability))
            needed = true
        }
        add("gid", String(entry.group), if: entry.group > 0o7_777_777)
        add("linkpath", link, if: Self.unfit(link))
        add("path", name, if: Self.unfit(name), unless: split != nil)
        add("size", String(entry.size), if: entry.size > 0o77_777_777_777)
        add("uid", String(entry.user), if: entry.user > 0o7_777_777)
        return needed ? records : []
    }

    private static func unfit(_ text: String) -> Bool {
        text.utf8.count > 100 || text.utf8.contains { $0 >= 0x80 }
    }
}

/// 512 bytes of header.
private struct Block {
    var bytes = [UInt8](repeating: 0, count: TarHeader.blockLength)

    init() {}

    init(_ fields: Fields) {
        put(name: fields)
        put(TarHeader.ascii(fields.link), at: 157, length: 100)
        put(octal: Int(fields.entry.mode), at: 100, length: 8)
        put(octal: fields.entry.user, at: 108, length: 8)
        put(octal: fields.entry.group, at: 116, length: 8)
        put(octal: fields.entry.size, at: 124, length: 12)
        put(octal: fields.time, at: 136, length: 12)
        put(String(fields.type), at: 156, length: 1)
        put(octal: fields.device.major, at: 329, length: 8)
        put(octal: fields.device.minor, at: 337, length: 8)
    }

    private mutating func put(name fields: Fields) {
        if let split = fields.split, fields.paxRecords.isEmpty {
            put(split.name, at: 0, length: 100)
            return
        }
        let name = TarHeader.ascii(fields.name)
        put(name, at: 0, length: 100)
        // Go cuts a name where the field would end with a slash: some readers would take the file for a folder.
        guard name.count > 100, bytes[99] == 47 else { return }
        var end = 99
        while end > 0, bytes[end - 1] == 47 { end -= 1 }
        bytes[end] = 0
    }

    mutating func put(_ text: String, at offset: Int, length: Int) { put(Array(text.utf8), at: offset, length: length) }

    mutating func put(_ text: some Collection<UInt8>, at offset: Int, length: Int) {
        for (index, byte) in text.prefix(length).enumerated() { bytes[offset + index] = byte }
    }

    /// Digits with leading zeros and a NUL; zero where the number needs more digits (a PAX record has it then).
    mutating func put(octal number: Int, at offset: Int, length: Int) {
        var rest = number >> (3 * (length - 1)) == 0 ? number : 0
        for index in stride(from: offset + length - 2, through: offset, by: -1) {
            bytes[index] = 48 + UInt8(rest & 7)
            rest >>= 3
        }
    }

    /// The block with magic and checksum.
    consuming func sealed() -> [UInt8] {
        put("ustar\u{0}00", at: 257, length: 8)
        put("        ", at: 148, length: 8)
        let sum = bytes.reduce(0) { $0 + Int($1) }
        put(octal: sum, at: 148, length: 7)
        bytes[154] = 0
        return bytes
    }
}
