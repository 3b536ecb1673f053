/// Packs a layer: tar, encoding and both hashes in one pass over the bytes, straight into a file of the layout.

/// What a layer is known by.
package struct LayerRecord: Hashable, Sendable {
    /// The hash of the tar.
    package var diffID: Digest
    /// The hash of the blob, which is the tar in an encoding.
    package var digest: Digest
    /// The blob's bytes.
    package var size: Int
    /// OCI's, by the encoding.
    package var mediaType: String

    package init(diffID: Digest, digest: Digest, size: Int, mediaType: String = MediaType.layer) {
        (self.diffID, self.digest, self.size, self.mediaType) = (diffID, digest, size, mediaType)
    }

    package var descriptor: Descriptor { Descriptor(mediaType: mediaType, digest: digest, size: size) }
}

/// Takes the members in their order (folders before what is in them; see `TarEntry`) and makes one blob of them.
///
/// The same members give the same tar everywhere, and the same blob where nothing is really compressed. Nothing is
/// left behind when it is dropped before ``finish()``.
package struct LayerWriter: ~Copyable {
    private var file: BlobFile
    private let layout: ImageLayout
    private let encoding: LayerEncoding
    private let encoder: LayerEncoder
    private let modificationTime: Int
    private let block = RawBuffer(byteCount: StoredGzip.blockCapacity)
    /// The tar bytes in the block so far.
    private var filled = 0
    private var tarLength = 0
    private var checksum = CRC32()
    private var diffID = SHA256Hasher()

    /// All members get the modification time: seconds since 1970, the same for all inputs unless a test compares
    /// bytes with another builder's.
    package init(
        layout: ImageLayout,
        encoding: LayerEncoding = .stored,
        modificationTime: Int = 0
    ) throws(OCIError) {
        var file = try BlobFile(in: layout)
        let encoder = LayerEncoder(encoding)
        try encoder.begin(&file)
        self.file = file
        self.encoder = encoder
        (self.layout, self.encoding, self.modificationTime) = (layout, encoding, modificationTime)
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
        try encoder.end(checksum: checksum.value, length: tarLength, &file)
        let (digest, size) = try file.commit(to: layout)
        return LayerRecord(diffID: diffID.finalize(), digest: digest, size: size, mediaType: encoding.mediaType)
    }

    /// The part of the block that is still free; never empty.
    private mutating func room() throws(OCIError) -> UnsafeMutableRawBufferPointer {
        if filled == StoredGzip.blockCapacity { try emitBlock() }
        return UnsafeMutableRawBufferPointer(rebasing: block.bytes[filled...])
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
        let tar = UnsafeRawBufferPointer(rebasing: block.bytes.prefix(filled))
        checksum.update(tar)
        diffID.update(tar)
        try encoder.add(tar, to: &file)
        tarLength += filled
        filled = 0
    }
}
