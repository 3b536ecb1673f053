/// The index as git writes it (gitformat-index, versions 2 to 4), read in place: libgit2 makes an object of each entry.

import CLibgit2
import Glibc

/// What the index says of a path.
///
/// Numbers are cut off to 32 bits, times are seconds and nanoseconds since the epoch.
struct IndexEntry {
    var changed: (seconds: UInt32, nanoseconds: UInt32)
    var modified: (seconds: UInt32, nanoseconds: UInt32)
    var device: UInt32
    var inode: UInt32
    var mode: UInt32
    var user: UInt32
    var group: UInt32
    var size: UInt32
    var id: git_oid
    /// Whether git looks at the file itself, and not at what somebody told it of the file.
    var isLookedAt: Bool
}

struct IndexFile: Sendable {
    /// What tells an index from the next one: git never changes it in place.
    struct Source: Equatable, Sendable {
        private var inode: UInt64
        private var size: Int64
        /// Nanoseconds since the epoch.
        var written: Int64
        var changed: Int64

        init(_ raw: stat) {
            (inode, size) = (UInt64(raw.st_ino), Int64(raw.st_size))
            (written, changed) = (raw.st_mtim.nanoseconds, raw.st_ctim.nanoseconds)
        }

        /// nil where there is none.
        init?(_ path: String) {
            var raw = stat()
            guard stat(path, &raw) == 0 else { return nil }
            self.init(raw)
        }
    }

    private struct Place: Sendable {
        var entry: Int
        /// Where its path is, in the file or, unpacked, in ``names``.
        var name: Int
        var length: Int
    }

    let source: Source
    private let bytes: [UInt8]
    /// The paths where version 4 shortens them; else empty.
    private var names: [UInt8] = []
    /// In the order of their paths' bytes, and of their stages.
    private var places: [Place] = []
    /// Where the last path was found: the next one is near.
    private var cursor = 0

    /// - Returns: nil where it can't be read, and for a split one, of which most is in another file.
    init?(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var raw = stat()
        guard fstat(descriptor, &raw) == 0, raw.st_mode & S_IFMT == S_IFREG, raw.st_size > Self.least else {
            return nil
        }
        source = Source(raw)
        bytes = [UInt8](unsafeUninitializedCapacity: Int(raw.st_size)) { buffer, length in
            while length < buffer.count {
                let got = read(descriptor, buffer.baseAddress?.advanced(by: length), buffer.count - length)
                if got < 0, errno == EINTR { continue }
                if got <= 0 { break }
                length += got
            }
        }
        guard bytes.count == Int(raw.st_size), findEntries() else { return nil }
    }

    /// What git compared with the work tree and takes for the path; nil where it has none, or one in conflict.
    mutating func entry(at path: String) -> IndexEntry? {
        var path = path
        let found = path.withUTF8 { lowerBound(UnsafeRawBufferPointer($0)) }
        guard let found else { return nil }
        cursor = found
        return entry(places[found])
    }

    // MARK: Layout

    private static let header = 12
    /// Of a SHA-1, also of the one of all at the end of the file.
    private static let hash = 20
    private static let least = header + hash
    /// Stat data and the blob's name; the flags follow.
    private static let fixed = 40 + hash
    private enum Flag {
        static let assumeValid: UInt16 = 0x8000
        static let extended: UInt16 = 0x4000
        static let stage: UInt16 = 0x3000
        static let skipWorktree: UInt16 = 0x4000
        static let intentToAdd: UInt16 = 0x2000
    }

    /// Whether the whole file is as git writes it.
    private mutating func findEntries() -> Bool {
        let (version, count) = (word(4), Int(word(8)))
        guard bytes.starts(with: "DIRC".utf8), (2...4).contains(version) else { return false }
        let end = bytes.count - Self.hash
        guard count <= end / (Self.fixed + 2) else { return false }
        places.reserveCapacity(count)
        var offset = Self.header
        for _ in 0..<count {
            guard offset + Self.fixed + 2 < end else { return false }
            let isExtended = half(offset + Self.fixed) & Flag.extended != 0
            let start = offset + Self.fixed + (isExtended ? 4 : 2)
            guard !isExtended || version > 2 else { return false }
            guard let after = version == 4 ? unpack(start, of: offset, end) : find(start, of: offset, end) else {
                return false
            }
            offset = after
        }
        return knowsExtensions(from: offset, to: end)
    }

    /// The name that starts there, and up to seven bytes more so that entries have a length of eights.
    private mutating func find(_ start: Int, of entry: Int, _ end: Int) -> Int? {
        guard start < end, let length = nameLength(start, end) else { return nil }
        places.append(Place(entry: entry, name: start, length: length))
        let after = entry + (start + length - entry + 8) / 8 * 8
        return after <= end ? after : nil
    }

    /// So much less of the last name, and the bytes that follow it.
    private mutating func unpack(_ start: Int, of entry: Int, _ end: Int) -> Int? {
        var (less, offset) = (0, start)
        while offset < end {
            let byte = Int(bytes[offset])
            offset += 1
            less += byte & 0x7F
            if byte & 0x80 == 0 { break }
            guard less < end else { return nil }
            less = (less + 1) << 7
        }
        let last = places.last
        guard offset < end, less <= last?.length ?? 0, let length = nameLength(offset, end) else { return nil }
        let name = names.count
        // A slice of it would be a second owner, and each name a copy of all.
        if let last { for index in last.name..<last.name + last.length - less { names.append(names[index]) } }
        names.append(contentsOf: bytes[offset..<offset + length])
        places.append(Place(entry: entry, name: name, length: names.count - name))
        return offset + length + 1
    }

    private func nameLength(_ start: Int, _ end: Int) -> Int? {
        bytes.withUnsafeBytes { bytes in
            guard let first = bytes.baseAddress, let zero = memchr(first + start, 0, end - start) else { return nil }
            return UnsafeRawPointer(zero) - first - start
        }
    }

    /// Whether nothing follows that gives the entries another meaning: what has a name in capitals may be skipped.
    private func knowsExtensions(from start: Int, to end: Int) -> Bool {
        var offset = start
        while offset + 8 <= end {
            let name = bytes[offset..<offset + 4]
            // A sparse index: an entry for a whole folder, whose files are not there.
            guard (0x41...0x5A).contains(name[offset]) || name.elementsEqual("sdir".utf8) else { return false }
            offset += 8 + Int(word(offset + 4))
        }
        return offset == end
    }

    // MARK: Entries

    /// The first entry of the path.
    private func lowerBound(_ path: UnsafeRawBufferPointer) -> Int? {
        bytes.withUnsafeBytes { bytes in
            names.withUnsafeBytes { names in
                let names = names.isEmpty ? bytes : names
                func order(_ number: Int) -> Int {
                    let place = places[number]
                    let common = min(place.length, path.count)
                    guard common > 0, let name = names.baseAddress, let wanted = path.baseAddress else {
                        return place.length - path.count
                    }
                    let order = Int(memcmp(name + place.name, wanted, common))
                    return order == 0 ? place.length - path.count : order
                }
                // Most paths are asked for in order: a little farther on, or else anywhere before.
                var (low, high, step) = (0, places.count, 1)
                if cursor < places.count, order(cursor) < 0 {
                    low = cursor + 1
                    while low + step < high {
                        guard order(low + step) < 0 else {
                            high = low + step
                            break
                        }
                        low += step + 1
                        step *= 2
                    }
                } else {
                    high = min(cursor, high)
                }
                while low < high {
                    let middle = (low + high) / 2
                    if order(middle) < 0 { low = middle + 1 } else { high = middle }
                }
                return low < places.count && order(low) == 0 ? low : nil
            }
        }
    }

    private func entry(_ place: Place) -> IndexEntry? {
        let at = place.entry
        let flags = half(at + Self.fixed)
        guard flags & Flag.stage == 0 else { return nil }
        let extended = flags & Flag.extended == 0 ? 0 : half(at + Self.fixed + 2)
        var id = git_oid()
        bytes.withUnsafeBytes { bytes in
            withUnsafeMutableBytes(of: &id) { $0.copyMemory(from: .init(rebasing: bytes[at + 40..<at + Self.fixed])) }
        }
        return IndexEntry(
            changed: (word(at), word(at + 4)),
            modified: (word(at + 8), word(at + 12)),
            device: word(at + 16),
            inode: word(at + 20),
            mode: word(at + 24),
            user: word(at + 28),
            group: word(at + 32),
            size: word(at + 36),
            id: id,
            isLookedAt: flags & Flag.assumeValid == 0 && extended & (Flag.skipWorktree | Flag.intentToAdd) == 0
        )
    }

    private func word(_ offset: Int) -> UInt32 {
        bytes.withUnsafeBytes { UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
    }

    private func half(_ offset: Int) -> UInt16 {
        bytes.withUnsafeBytes { UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt16.self)) }
    }
}
