/// Makes the bytes of a blob from those of a layer's tar, as the layer's encoding has it.

/// A blob on its way into a layout, hashed as it is written.
struct BlobFile: ~Copyable {
    private let file: TemporaryFile
    private var digest = SHA256Hasher()
    private var length = 0

    /// So many bytes until now.
    var written: Int { length }

    init(in layout: ImageLayout) throws(OCIError) { file = try TemporaryFile(in: layout.path) }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(OCIError) {
        guard !bytes.isEmpty else { return }
        digest.update(bytes)
        try file.write(bytes)
        length += bytes.count
    }

    mutating func write(_ bytes: [UInt8]) throws(OCIError) {
        digest.update(bytes)
        try file.write(bytes)
        length += bytes.count
    }

    /// Puts the blob under its name.
    consuming func commit(to layout: ImageLayout) throws(OCIError) -> (digest: Digest, size: Int) {
        let (digest, size) = (digest.finalize(), length)
        try file.commit(to: layout.blobPath(digest))
        return (digest, size)
    }

    /// Gives it no name: it goes with its owner.
    consuming func end() -> OwnedFile { OwnedFile(file, digest.finalize(), size: length) }
}

enum LayerEncoder: ~Copyable {
    case stored
    case gzip(Deflater)
    case zstd(ZstdPacker)
    case none

    init(_ encoding: LayerEncoding) {
        switch encoding {
        case .stored: self = .stored
        case .gzip: self = .gzip(Deflater())
        case .zstd: self = .zstd(ZstdPacker())
        case .none: self = .none
        }
    }

    func begin(_ file: inout BlobFile) throws(OCIError) {
        switch self {
        case .stored: try file.write(StoredGzip.header)
        case .gzip: try file.write(StoredGzip.header)
        case .zstd: break
        case .none: break
        }
    }

    /// A piece of the tar: 65,535 bytes, fewer only at its end.
    func add(_ tar: UnsafeRawBufferPointer, to file: inout BlobFile) throws(OCIError) {
        switch self {
        case .stored:
            try file.write(StoredGzip.blockHeader(length: tar.count))
            try file.write(tar)
        case .gzip(let deflater): try deflater.pack(tar, isLast: false, to: &file)
        case .zstd(let packer): try packer.pack(tar, isLast: false, to: &file)
        case .none: try file.write(tar)
        }
    }

    /// Checksum and length are the whole tar's.
    func end(checksum: UInt32, length: Int, _ file: inout BlobFile) throws(OCIError) {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        switch self {
        case .stored: try file.write(StoredGzip.emptyLastBlock)
        case .gzip(let deflater): try deflater.pack(nothing, isLast: true, to: &file)
        case .zstd(let packer): return try packer.pack(nothing, isLast: true, to: &file)
        case .none: return
        }
        try file.write(StoredGzip.trailer(checksum: checksum, length: length))
    }
}
