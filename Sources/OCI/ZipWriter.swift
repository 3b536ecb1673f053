/// Zip archives (PKWARE APPNOTE 6.3) that are the same bytes for the same files: in the order in which they come, with
/// one fixed time, and with the modes and links of Unix.

internal import Glibc

/// Writes an archive into a layout's folder, where it has its name by its hash once it is whole.
package struct ZipWriter: ~Copyable {
    private var file: BlobFile
    private let deflater = Deflater()
    private var entries: [Entry] = []
    private var length = 0

    /// What an archive without the 64-bit extension can say.
    private static let largest = Int(UInt32.max)
    private static let mostEntries = Int(UInt16.max)

    private struct Entry {
        var name: [UInt8]
        var mode: UInt32
        var isPacked = true
        var checksum: UInt32 = 0
        var packed = 0
        var size = 0
        var offset: Int
    }

    package init(in layout: ImageLayout) throws(OCIError) { file = try BlobFile(in: layout) }

    // MARK: Members

    /// The path is relative and clean.
    package mutating func add(folder path: String, permissions: UInt16) throws(OCIError) {
        try begin(
            Entry(name: Array((path + "/").utf8), mode: S_IFDIR | UInt32(permissions), isPacked: false, offset: 0)
        )
        try end()
    }

    package mutating func add(link path: String, target: String) throws(OCIError) {
        var entry = Entry(name: Array(path.utf8), mode: S_IFLNK | 0o777, isPacked: false, offset: 0)
        let bytes = Array(target.utf8)
        (entry.checksum, entry.size, entry.packed) = (Self.checksum(bytes), bytes.count, bytes.count)
        try begin(entry)
        try write(bytes)
        try end()
    }

    package mutating func add(_ path: String, _ bytes: [UInt8], permissions: UInt16) throws(OCIError) {
        try begin(Entry(name: Array(path.utf8), mode: S_IFREG | UInt32(permissions), offset: 0))
        entries[entries.count - 1].checksum = Self.checksum(bytes)
        let copy = RawBuffer(byteCount: max(bytes.count, 1))
        copy.bytes.copyBytes(from: bytes)
        try pack(UnsafeRawBufferPointer(rebasing: copy.bytes.prefix(bytes.count)), isLast: true)
        try end()
    }

    /// - Returns: The digest of what the file held; whoever knows what it should be compares.
    package mutating func add(file source: String, as path: String, permissions: UInt16) throws(OCIError) -> Digest {
        try begin(Entry(name: Array(path.utf8), mode: S_IFREG | UInt32(permissions), offset: 0))
        let reader = try FileReader(path: source)
        let buffer = RawBuffer(byteCount: 1 << 17)
        var checksum = CRC32()
        var digest = SHA256Hasher()
        while true {
            let count = try reader.read(into: buffer.bytes)
            let piece = UnsafeRawBufferPointer(rebasing: buffer.bytes.prefix(count))
            checksum.update(piece)
            digest.update(piece)
            try pack(piece, isLast: count == 0)
            if count == 0 { break }
        }
        entries[entries.count - 1].checksum = checksum.value
        try end()
        return digest.finalize()
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { CRC32.value(of: $0) }
    }

    private mutating func begin(_ entry: Entry) throws(OCIError) {
        guard entries.count < Self.mostEntries else { throw Self.tooLarge("more than \(Self.mostEntries) files") }
        var entry = entry
        entry.offset = length
        entries.append(entry)
        try write(localHeader(entry))
    }

    private mutating func pack(_ bytes: UnsafeRawBufferPointer, isLast: Bool) throws(OCIError) {
        let before = file.written
        try deflater.pack(bytes, isLast: isLast, to: &file)
        let count = file.written - before
        length += count
        entries[entries.count - 1].packed += count
        entries[entries.count - 1].size += bytes.count
        if isLast { deflater.reset() }
    }

    /// What is packed says its length behind itself.
    private mutating func end() throws(OCIError) {
        guard let entry = entries.last else { return }
        guard entry.size <= Self.largest, length <= Self.largest else { throw Self.tooLarge("more than 4 GiB") }
        guard entry.isPacked else { return }
        var bytes: [UInt8] = []
        bytes.append(little: UInt32(0x0807_4b50))
        bytes.append(little: entry.checksum)
        bytes.append(little: UInt32(entry.packed))
        bytes.append(little: UInt32(entry.size))
        try write(bytes)
    }

    private mutating func write(_ bytes: [UInt8]) throws(OCIError) {
        try file.write(bytes)
        length += bytes.count
    }

    private static func tooLarge(_ what: String) -> OCIError {
        .malformed(subject: "the context", reason: "\(what) do not go into a zip archive")
    }

    // MARK: The directory

    /// - Returns: The hash of the archive, by which the layout has it, and its length.
    package consuming func finish(in layout: ImageLayout) throws(OCIError) -> (digest: Digest, size: Int) {
        let start = length
        for entry in entries { try write(centralHeader(entry)) }
        guard length <= Self.largest else { throw Self.tooLarge("more than 4 GiB") }
        var bytes: [UInt8] = []
        bytes.append(little: UInt32(0x0605_4b50))
        for _ in 0..<2 { bytes.append(little: UInt16(0)) }
        for _ in 0..<2 { bytes.append(little: UInt16(entries.count)) }
        bytes.append(little: UInt32(length - start))
        bytes.append(little: UInt32(start))
        bytes.append(little: UInt16(0))
        try write(bytes)
        return try file.commit(to: layout)
    }

    private func localHeader(_ entry: Entry) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(little: UInt32(0x0403_4b50))
        appendCommon(entry, to: &bytes, isLocal: true)
        bytes += entry.name
        return bytes
    }

    private func centralHeader(_ entry: Entry) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(little: UInt32(0x0201_4b50))
        // Made on Unix (3), by version 2.0 of the specification.
        bytes.append(little: UInt16(3 << 8 | 20))
        appendCommon(entry, to: &bytes, isLocal: false)
        for _ in 0..<3 { bytes.append(little: UInt16(0)) }
        let isFolder = entry.mode & S_IFMT == S_IFDIR
        bytes.append(little: entry.mode << 16 | (isFolder ? 0x10 : 0))
        bytes.append(little: UInt32(entry.offset))
        bytes += entry.name
        return bytes
    }

    /// What both headers say: of what is packed the local one says the lengths behind it.
    private func appendCommon(_ entry: Entry, to bytes: inout [UInt8], isLocal: Bool) {
        bytes.append(little: UInt16(20))
        // Names are UTF-8 (11); lengths follow (3).
        bytes.append(little: UInt16(1 << 11 | (entry.isPacked ? 1 << 3 : 0)))
        bytes.append(little: UInt16(entry.isPacked ? 8 : 0))
        // The first of January 1980, the earliest that there is.
        bytes.append(little: UInt16(0))
        bytes.append(little: UInt16(1 << 5 | 1))
        let isLater = isLocal && entry.isPacked
        bytes.append(little: isLater ? 0 : entry.checksum)
        bytes.append(little: isLater ? 0 : UInt32(entry.packed))
        bytes.append(little: isLater ? 0 : UInt32(entry.size))
        bytes.append(little: UInt16(entry.name.count))
        bytes.append(little: UInt16(0))
    }
}

extension [UInt8] {
    fileprivate mutating func append(little value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
