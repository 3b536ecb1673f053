/// Random access to the bytes of a tar that lies in a file. Plain ones, and those in gzip with stored blocks, are read
/// where they are; what is really compressed is unpacked first.

internal import Glibc

package struct TarSource: ~Copyable, Sendable {
    private let descriptor: Int32
    let path: String
    /// The length of the tar itself.
    package let length: Int
    private let isStoredGzip: Bool
    /// Whether there is a temporary copy of it, which is costly to make, and takes space until this value goes.
    package let isUnpacked: Bool

    /// Opens the file.
    ///
    /// Gzip and zstd are unpacked into a file without a name in the folder `scratch`. Throws
    /// ``OCIError/compressedArchive(path:)`` for bzip2 and xz, and ``OCIError/inflatesTooFar(path:limit:)``.
    package init(path: String, scratch: String = TarSource.temporaryFolder) throws(OCIError) {
        try self.init(path: path, scratch: scratch, limit: InflationLimits.bytes(forArchiveOf:))
    }

    init(path: String, scratch: String, limit: (_ fileLength: Int) -> Int) throws(OCIError) {
        let file = try Self.open(path, scratch, limit)
        self.path = path
        (descriptor, length) = (file.descriptor, file.length)
        (isStoredGzip, isUnpacked) = (file.isStoredGzip, file.isUnpacked)
    }

    private struct Opened {
        var descriptor: Int32
        var length: Int
        var isStoredGzip = false
        var isUnpacked = false
    }

    private static func open(
        _ path: String,
        _ scratch: String,
        _ limit: (Int) -> Int
    ) throws(OCIError) -> Opened {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .fileSystem(operation: "open", path: path, code: errno) }
        do throws(OCIError) {
            let fileLength = try fileLength(descriptor, path)
            let magic = try bytes(descriptor, path, at: 0, count: magicLength)
            let compression = Compression(beginning: magic)
            guard compression != .none else { return Opened(descriptor: descriptor, length: fileLength) }
            if compression == .gzip, let length = try storedLength(descriptor, path, fileLength: fileLength) {
                return Opened(descriptor: descriptor, length: length, isStoredGzip: true)
            }
            let file = CompressedFile(descriptor: descriptor, path: path, compression: compression)
            let unpacked = try file.unpack(into: scratch, limit: limit(fileLength))
            close(descriptor)
            return Opened(descriptor: unpacked.descriptor, length: unpacked.length, isUnpacked: true)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Where temporary files go by default.
    package static let temporaryFolder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"

    /// Whether the file is a tar, compressed or not, for which no more than its beginning is read: what Docker takes as
    /// the sign of an archive.
    ///
    /// Throws ``OCIError/compressedArchive(path:)`` where that cannot be told: bzip2 and xz.
    package static func looksLikeTar(path: String) throws(OCIError) -> Bool {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .fileSystem(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        let beginning = try bytes(descriptor, path, at: 0, count: TarHeader.blockLength)
        let compression = Compression(beginning: Array(beginning.prefix(magicLength)))
        guard compression != .none else { return isHeader(beginning) }
        let file = CompressedFile(descriptor: descriptor, path: path, compression: compression)
        do throws(OCIError) {
            return isHeader(try file.beginning(TarHeader.blockLength))
        } catch OCIError.malformed {
            return false
        }
    }

    deinit { close(descriptor) }

    /// Fills the buffer from `offset` of the tar on; gives the number of bytes, fewer only at the tar's end.
    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(OCIError) -> Int {
        var done = 0
        while done < buffer.count, offset + done < length {
            let position = offset + done
            var wanted = min(buffer.count - done, length - position)
            var place = position
            if isStoredGzip {
                let inside = position % StoredGzip.blockCapacity
                wanted = min(wanted, StoredGzip.blockCapacity - inside)
                place =
                    StoredGzip.headerLength + position / StoredGzip.blockCapacity * StoredGzip.blockStride
                    + StoredGzip.blockHeaderLength + inside
            }
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + wanted])
            let count = try Self.read(descriptor, path, at: place, into: part)
            guard count > 0 else { break }
            done += count
        }
        return done
    }

    /// The whole content of a member.
    ///
    /// For small ones: it is all in memory.
    package func content(of member: TarMember) throws(OCIError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: member.entry.size)
        var failure: OCIError?
        let count = bytes.withUnsafeMutableBytes { buffer in
            do throws(OCIError) { return try read(at: member.offset, into: buffer) } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        guard count == bytes.count else { throw .contentEnded(path: path) }
        return bytes
    }

    private static let magicLength = 8

    /// What stored blocks of 65,535 bytes hold (what this module, and Go at level 0, writes), after a look at each
    /// block's header; nil where the file is other gzip.
    private static func storedLength(_ descriptor: Int32, _ path: String, fileLength: Int) throws(OCIError) -> Int? {
        let payload = fileLength - StoredGzip.headerLength - StoredGzip.trailerLength
        let blocks = (payload + StoredGzip.blockStride - 1) / StoredGzip.blockStride
        let length = payload - blocks * StoredGzip.blockHeaderLength
        let header = try bytes(descriptor, path, at: 0, count: 4)
        guard length >= 0, header.elementsEqual(StoredGzip.header.prefix(4)) else { return nil }
        for block in 0..<blocks {
            let offset = StoredGzip.headerLength + block * StoredGzip.blockStride
            let size = min(StoredGzip.blockCapacity, length - block * StoredGzip.blockCapacity)
            let found = try bytes(descriptor, path, at: offset, count: StoredGzip.blockHeaderLength)
            guard found == StoredGzip.blockHeader(length: size) else { return nil }
        }
        return length
    }

    private static func fileLength(_ descriptor: Int32, _ path: String) throws(OCIError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .fileSystem(operation: "stat", path: path, code: errno) }
        return Int(status.st_size)
    }

    /// Up to `count` bytes.
    private static func bytes(
        _ descriptor: Int32,
        _ path: String,
        at offset: Int,
        count: Int
    ) throws(OCIError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let done = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, count, off_t(offset)) }
        guard done >= 0 else { throw .fileSystem(operation: "read", path: path, code: errno) }
        return Array(bytes.prefix(done))
    }

    static func read(
        _ descriptor: Int32,
        _ path: String,
        at offset: Int,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(OCIError) -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            guard errno == EINTR else { throw .fileSystem(operation: "read", path: path, code: errno) }
        }
    }
}
