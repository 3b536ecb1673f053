/// Packs a layer: tar, stored gzip and both hashes in one pass over the bytes, straight into a file of the layout.

/// What a layer is known by.
package struct LayerRecord: Hashable, Sendable {
    /// The hash of the tar.
    package var diffID: Digest
    /// The hash of the blob, which is the tar in stored gzip.
    package var digest: Digest
    /// The blob's bytes.
    package var size: Int

    package init(diffID: Digest, digest: Digest, size: Int) {
        (self.diffID, self.digest, self.size) = (diffID, digest, size)
    }

    package var descriptor: Descriptor { Descriptor(mediaType: MediaType.layer, digest: digest, size: size) }
}

/// Takes the members in their order (folders before what is in them; see `TarEntry`) and makes one blob of them.
///
/// The same members give the same bytes everywhere. Nothing is left behind when it is dropped before ``finish()``.
package struct LayerWriter: ~Copyable {
    private let file: TemporaryFile
    private let layout: ImageLayout
    private let modificationTime: Int
    private let block = RawBuffer(byteCount: StoredGzip.blockStride)
    /// The tar bytes in the block so far.
    private var filled = 0
    private var tarLength = 0
    private var fileLength = 0
    private var checksum = CRC32()
    private var diffID = SHA256Hasher()
    private var digest = SHA256Hasher()

    /// All members get the modification time: seconds since 1970, the same for all inputs unless a test compares
    /// bytes with another builder's.
    package init(layout: ImageLayout, modificationTime: Int = 0) throws(OCIError) {
        let file = try TemporaryFile(in: layout.path)
        try file.write(StoredGzip.header)
        self.file = file
        (self.layout, self.modificationTime) = (layout, modificationTime)
        digest.update(StoredGzip.header)
        fileLength = StoredGzip.headerLength
    }

    /// Adds a member that has no content: everything but files that are not empty.
    package mutating func append(_ entry: TarEntry) throws(OCIError) {
        try put(TarHeader.encode(entry, modificationTime: modificationTime))
    }

    /// Adds a file.
    ///
    /// `read` fills a part of the buffer and gives the number of bytes, 0 at the end; it is asked until the entry's
    /// size is reached. Gives the digest of the content; throws ``OCIError/contentEnded(path:)`` when there is less of
    /// it, and what `read` throws.
    package mutating func append(
        _ entry: TarEntry,
        reading read: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> Digest {
        try append(entry)
        var content = SHA256Hasher()
        var left = entry.size
        while left > 0 {
            let room = try room()
            let part = UnsafeMutableRawBufferPointer(rebasing: room.prefix(left))
            let count = try read(part)
            guard count > 0 else { throw OCIError.contentEnded(path: entry.path) }
            content.update(UnsafeRawBufferPointer(rebasing: part.prefix(count)))
            filled += count
            left -= count
        }
        try put([UInt8](repeating: 0, count: TarHeader.padding(entry.size)))
        return content.finalize()
    }

    /// Ends the tar and puts the blob under its name.
    package consuming func finish() throws(OCIError) -> LayerRecord {
        try put([UInt8](repeating: 0, count: 2 * TarHeader.blockLength))
        if filled > 0 { try emitBlock() }
        let trailer = StoredGzip.trailer(checksum: checksum.value, length: tarLength)
        try file.write(trailer)
        digest.update(trailer)
        let size = fileLength + trailer.count
        let record = LayerRecord(diffID: diffID.finalize(), digest: digest.finalize(), size: size)
        try file.commit(to: layout.blobPath(record.digest))
        return record
    }

    /// The part of the block that is still free; never empty.
    private mutating func room() throws(OCIError) -> UnsafeMutableRawBufferPointer {
        if filled == StoredGzip.blockCapacity { try emitBlock() }
        return UnsafeMutableRawBufferPointer(rebasing: block.bytes[(StoredGzip.blockHeaderLength + filled)...])
    }

    private mutating func put(_ bytes: [UInt8]) throws(OCIError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let room = try room()
            let part = rest.prefix(room.count)
            room.copyBytes(from: part)
            filled += part.count
            rest = rest.dropFirst(part.count)
        }
    }

    private mutating func emitBlock() throws(OCIError) {
        block.bytes.copyBytes(from: StoredGzip.blockHeader(length: filled))
        let whole = UnsafeRawBufferPointer(rebasing: block.bytes.prefix(StoredGzip.blockHeaderLength + filled))
        let tar = UnsafeRawBufferPointer(rebasing: whole.dropFirst(StoredGzip.blockHeaderLength))
        checksum.update(tar)
        diffID.update(tar)
        digest.update(whole)
        try file.write(whole)
        tarLength += filled
        fileLength += whole.count
        filled = 0
    }
}
