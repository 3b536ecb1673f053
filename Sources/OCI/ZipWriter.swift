/// Zip archives (PKWARE APPNOTE 6.3) that are the same bytes for the same files: in the order in which they come, with
/// one fixed time, and with the modes and links of Unix.
///
/// Numbers that the fields of old can't hold, and only those, stand in the fields of the 64-bit extension (zip64).

internal import Glibc

/// Writes an archive into a file of a layout's folder.
package struct ZipWriter: ~Copyable {
    private var file: BlobFile
    private let deflater = Deflater()
    private var entries: [Entry] = []
    private var length = 0

    /// From here on numbers stand in the 64-bit fields; what the fields of old hold then says so.
    private let limit: Int
    private static let usualLimit = Int(UInt32.max)
    private static let mostEntries = Int(UInt16.max) - 1

    private struct Entry {
        var name: [UInt8]
        var mode: UInt32
        var isPacked = true
        /// Its sizes have 64 bits.
        var isLarge = false
        var checksum: UInt32 = 0
        var packed = 0
        var size = 0
        var offset: Int
    }

    package init(in layout: ImageLayout) throws(OCIError) { try self.init(in: layout, limit: Self.usualLimit) }

    /// Tests need no 4 GiB.
    init(in layout: ImageLayout, limit: Int) throws(OCIError) {
        file = try BlobFile(in: layout)
        self.limit = limit
    }

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
        try begin(Entry(name: Array(path.utf8), mode: S_IFREG | UInt32(permissions), offset: 0), size: bytes.count)
        entries[entries.count - 1].checksum = Self.checksum(bytes)
        let copy = RawBuffer(byteCount: max(bytes.count, 1))
        copy.bytes.copyBytes(from: bytes)
        try pack(UnsafeRawBufferPointer(rebasing: copy.bytes.prefix(bytes.count)), isLast: true)
        try end()
    }

    /// - Returns: The digest of what the file held; whoever knows what it should be compares.
    package mutating func add(file source: String, as path: String, permissions: UInt16) throws(OCIError) -> Digest {
        let reader = try FileReader(path: source)
        let entry = Entry(name: Array(path.utf8), mode: S_IFREG | UInt32(permissions), offset: 0)
        try begin(entry, size: reader.size)
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
        // It has grown since its header was written.
        if let entry = entries.last, !entry.isLarge, max(entry.size, entry.packed) >= limit {
            throw .contentEnded(path: source)
        }
        entries[entries.count - 1].checksum = checksum.value
        try end()
        return digest.finalize()
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { CRC32.value(of: $0) }
    }

    /// `size`: of what is to be packed, which may become a little larger by that.
    private mutating func begin(_ entry: Entry, size: Int = 0) throws(OCIError) {
        var entry = entry
        entry.offset = length
        entry.isLarge = size >= limit - limit >> 8
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
        guard entry.isPacked else { return }
        var bytes: [UInt8] = []
        bytes.append(little: UInt32(0x0807_4b50))
        bytes.append(little: entry.checksum)
        for number in [entry.packed, entry.size] {
            if entry.isLarge { bytes.append(little: UInt64(number)) } else { bytes.append(little: UInt32(number)) }
        }
        try write(bytes)
    }

    private mutating func write(_ bytes: [UInt8]) throws(OCIError) {
        try file.write(bytes)
        length += bytes.count
    }

    // MARK: The directory

    /// - Returns: The archive, which goes with its owner.
    package consuming func finish() throws(OCIError) -> OwnedFile {
        let start = length
        for entry in entries { try write(centralHeader(entry)) }
        try writeEnd(start: start)
        return file.end()
    }

    /// The ends of the directory: the 64-bit one where it is needed, and that of old.
    private mutating func writeEnd(start: Int) throws(OCIError) {
        let (end, count) = (length, entries.count)
        var bytes: [UInt8] = []
        if count > Self.mostEntries || end - start >= limit || start >= limit {
            bytes.append(little: UInt32(0x0606_4b50))
            // So many bytes follow in this record.
            bytes.append(little: UInt64(44))
            bytes.append(little: UInt16(3 << 8 | 45))
            bytes.append(little: UInt16(45))
            for _ in 0..<2 { bytes.append(little: UInt32(0)) }
            for number in [count, count, end - start, start] { bytes.append(little: UInt64(number)) }
            bytes.append(little: UInt32(0x0706_4b50))
            bytes.append(little: UInt32(0))
            bytes.append(little: UInt64(end))
            bytes.append(little: UInt32(1))
        }
        bytes.append(little: UInt32(0x0605_4b50))
        for _ in 0..<2 { bytes.append(little: UInt16(0)) }
        for _ in 0..<2 { bytes.append(little: count > Self.mostEntries ? UInt16.max : UInt16(count)) }
        bytes.append(little: field(end - start))
        bytes.append(little: field(start))
        bytes.append(little: UInt16(0))
        try write(bytes)
    }

    /// A number in a field of old, or the mark of one that stands elsewhere.
    private func field(_ number: Int) -> UInt32 { number >= limit ? UInt32.max : UInt32(number) }

    /// The 64-bit extension with these numbers; nothing where there are none.
    private static func extra(_ numbers: [Int]) -> [UInt8] {
        guard !numbers.isEmpty else { return [] }
        var bytes: [UInt8] = []
        bytes.append(little: UInt16(1))
        bytes.append(little: UInt16(8 * numbers.count))
        for number in numbers { bytes.append(little: UInt64(number)) }
        return bytes
    }

    private func localHeader(_ entry: Entry) -> [UInt8] {
        // Of what is packed the lengths follow behind it.
        let extra = Self.extra(entry.isLarge ? [0, 0] : [])
        var bytes: [UInt8] = []
        bytes.append(little: UInt32(0x0403_4b50))
        appendCommon(entry, extra: extra, to: &bytes, isLocal: true)
        return bytes + entry.name + extra
    }

    private func centralHeader(_ entry: Entry) -> [UInt8] {
        let numbers = (entry.isLarge ? [entry.size, entry.packed] : []) + (entry.offset >= limit ? [entry.offset] : [])
        let extra = Self.extra(numbers)
        var bytes: [UInt8] = []
        bytes.append(little: UInt32(0x0201_4b50))
        // Made on Unix (3), by version 2.0 of the specification, or 4.5.
        bytes.append(little: UInt16(3 << 8 | (extra.isEmpty ? 20 : 45)))
        appendCommon(entry, extra: extra, to: &bytes, isLocal: false)
        for _ in 0..<3 { bytes.append(little: UInt16(0)) }
        let isFolder = entry.mode & S_IFMT == S_IFDIR
        bytes.append(little: entry.mode << 16 | (isFolder ? 0x10 : 0))
        bytes.append(little: field(entry.offset))
        return bytes + entry.name + extra
    }

    /// What both headers say: of what is packed the local one says the lengths behind it.
    private func appendCommon(_ entry: Entry, extra: [UInt8], to bytes: inout [UInt8], isLocal: Bool) {
        bytes.append(little: UInt16(extra.isEmpty ? 20 : 45))
        // Names are UTF-8 (11); lengths follow (3).
        bytes.append(little: UInt16(1 << 11 | (entry.isPacked ? 1 << 3 : 0)))
        bytes.append(little: UInt16(entry.isPacked ? 8 : 0))
        // The first of January 1980, the earliest that there is.
        bytes.append(little: UInt16(0))
        bytes.append(little: UInt16(1 << 5 | 1))
        let isLater = isLocal && entry.isPacked
        bytes.append(little: isLater ? 0 : entry.checksum)
        for size in [entry.packed, entry.size] {
            bytes.append(little: entry.isLarge ? UInt32.max : isLater ? 0 : UInt32(size))
        }
        bytes.append(little: UInt16(entry.name.count))
        bytes.append(little: UInt16(extra.count))
    }
}

extension [UInt8] {
    fileprivate mutating func append(little value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
