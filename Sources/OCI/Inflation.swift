/// Unpacks compressed tars into files without a name, for reading at any place, and no further than is sane.

internal import Glibc

/// The bounds of what a compressed archive may take when it is unpacked.
enum InflationLimits {
    /// Whatever the size of the archive: more than any layer of a public image.
    static let most = 32 << 30
    /// Allowed for the smallest archive too.
    static let always = 1 << 30
    /// So many times the archive's size beyond that, where deflate itself ends at about 1,000.
    static let factor = 200

    static func bytes(forArchiveOf size: Int) -> Int { min(most, max(always, size.multipliedOrMost(factor))) }
}

extension Int {
    fileprivate func multipliedOrMost(_ factor: Int) -> Int {
        let (product, isTooMuch) = multipliedReportingOverflow(by: factor)
        return isTooMuch ? .max : product
    }
}

/// A file that is compressed, open for reading.
struct CompressedFile {
    let descriptor: Int32
    let path: String
    let compression: Compression

    private static let pieceLength = 1 << 18

    /// Unpacks all of it into a file without a name in a folder; gives that file's descriptor, which is the caller's
    /// then, and its length.
    func unpack(into folder: String, limit: Int) throws(OCIError) -> (descriptor: Int32, length: Int) {
        let target = try Self.unnamedFile(in: folder)
        var length = 0
        do throws(OCIError) {
            try unpack { (piece: UnsafeRawBufferPointer) throws(OCIError) -> Bool in
                length += piece.count
                guard length <= limit else { throw .inflatesTooFar(path: path, limit: limit) }
                try TemporaryFile.write(piece, to: target, "write a file in", folder)
                return true
            }
        } catch {
            close(target)
            throw error
        }
        return (target, length)
    }

    /// So many bytes of what is compressed, or all that there is.
    func beginning(_ count: Int) throws(OCIError) -> [UInt8] {
        var result: [UInt8] = []
        try unpack { (piece: UnsafeRawBufferPointer) throws(OCIError) -> Bool in
            result.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece.prefix(count - result.count)))
            return result.count < count
        }
        return result
    }

    /// `body` gets what is unpacked, and says whether it wants more.
    private func unpack(_ body: (UnsafeRawBufferPointer) throws(OCIError) -> Bool) throws(OCIError) {
        switch compression {
        case .none, .other: throw .compressedArchive(path: path)
        case .gzip: try unpack(with: GzipDecompressor(), body)
        case .zstd: try unpack(with: ZstdDecompressor(), body)
        }
    }

    private func unpack<Method: Decompressor & ~Copyable>(
        with method: consuming Method,
        _ body: (UnsafeRawBufferPointer) throws(OCIError) -> Bool
    ) throws(OCIError) {
        let packed = RawBuffer(byteCount: Self.pieceLength)
        let unpacked = RawBuffer(byteCount: 4 * Self.pieceLength)
        var offset = 0
        while true {
            let count = try TarSource.read(descriptor, path, at: offset, into: packed.bytes)
            guard count > 0 else { break }
            offset += count
            var input = UnsafeRawBufferPointer(rebasing: packed.bytes.prefix(count))
            var isFull = false
            repeat {
                let before = input.count
                var output = unpacked.bytes
                guard method.step(&input, &output) else { throw broken("its compressed data are broken") }
                let length = unpacked.bytes.count - output.count
                guard length > 0 || input.count < before || input.isEmpty else {
                    throw broken("its compressed data are broken")
                }
                if length > 0 {
                    guard try body(UnsafeRawBufferPointer(rebasing: unpacked.bytes.prefix(length))) else { return }
                }
                isFull = output.isEmpty
            } while !input.isEmpty || isFull
        }
        guard method.isComplete else { throw broken("it is cut off") }
    }

    private func broken(_ reason: String) -> OCIError { .malformed(subject: path, reason: reason) }

    /// It goes with its descriptor.
    private static func unnamedFile(in folder: String) throws(OCIError) -> Int32 {
        let descriptor = open(folder, unnamed, 0o600)
        if descriptor >= 0 { return descriptor }
        // Some file systems know only files with names.
        let file = try TemporaryFile(in: folder)
        let other = open(file.path, O_RDWR | O_CLOEXEC)
        guard other >= 0 else { throw .fileSystem(operation: "open", path: file.path, code: errno) }
        return other
    }

    /// The macro of the header is none that Swift can read: `__O_TMPFILE | O_DIRECTORY`.
    private static let unnamed = 0o20_000_000 | O_DIRECTORY | O_RDWR | O_CLOEXEC
}
