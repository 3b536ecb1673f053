/// Random access to the bytes of a tar that lies in a file, plain or in gzip with stored blocks: what a layer holds
/// can be read without a copy of it.

internal import Glibc

package struct TarSource: ~Copyable, Sendable {
    private let descriptor: Int32
    let path: String
    /// The length of the tar itself.
    package let length: Int
    private let isStoredGzip: Bool

    /// Opens the file.
    ///
    /// Throws ``OCIError/compressedArchive(path:)`` for compressions that need unpacking: bzip2, xz, zstd, and gzip
    /// that is not of stored blocks of 65,535 bytes (what this module, and Go at level 0, writes).
    package init(path: String) throws(OCIError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .fileSystem(operation: "open", path: path, code: errno) }
        do throws(OCIError) {
            (length, isStoredGzip) = try Self.inspect(descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
        (self.descriptor, self.path) = (descriptor, path)
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

    private static let otherCompressions: [[UInt8]] = [
        Array("BZh".utf8), [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], [0x28, 0xb5, 0x2f, 0xfd],
    ]

    private static func inspect(
        _ descriptor: Int32,
        _ path: String
    ) throws(OCIError) -> (length: Int, isStoredGzip: Bool) {
        let fileLength = try fileLength(descriptor, path)
        let magic = try bytes(descriptor, path, at: 0, count: 6)
        if magic.starts(with: [0x1f, 0x8b]) {
            return (try storedLength(descriptor, path, fileLength: fileLength), true)
        }
        guard !otherCompressions.contains(where: { magic.starts(with: $0) }) else {
            throw .compressedArchive(path: path)
        }
        return (fileLength, false)
    }

    /// What the stored blocks hold, after a look at each block's header.
    private static func storedLength(_ descriptor: Int32, _ path: String, fileLength: Int) throws(OCIError) -> Int {
        let payload = fileLength - StoredGzip.headerLength - StoredGzip.trailerLength
        let blocks = (payload + StoredGzip.blockStride - 1) / StoredGzip.blockStride
        let length = payload - blocks * StoredGzip.blockHeaderLength
        let header = try bytes(descriptor, path, at: 0, count: 4)
        guard length >= 0, header.elementsEqual(StoredGzip.header.prefix(4)) else {
            throw .compressedArchive(path: path)
        }
        for block in 0..<blocks {
            let offset = StoredGzip.headerLength + block * StoredGzip.blockStride
            let size = min(StoredGzip.blockCapacity, length - block * StoredGzip.blockCapacity)
            let found = try bytes(descriptor, path, at: offset, count: StoredGzip.blockHeaderLength)
            guard found == StoredGzip.blockHeader(length: size) else { throw .compressedArchive(path: path) }
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

    private static func read(
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
