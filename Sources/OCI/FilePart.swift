/// Bytes that lie somewhere in a file: a blob, or a layer's tar, in an archive or alone.

internal import Glibc

package struct FilePart: Hashable, Sendable {
    package var path: String
    /// In bytes.
    package var offset: Int
    package var size: Int

    package init(path: String, offset: Int, size: Int) {
        (self.path, self.offset, self.size) = (path, offset, size)
    }

    /// Gives the bytes piece by piece: each as long as `length`, the last one maybe shorter.
    func read(
        inPiecesOf length: Int,
        _ body: (UnsafeRawBufferPointer) throws(OCIError) -> Void
    ) throws(OCIError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .fileSystem(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        let buffer = RawBuffer(byteCount: length)
        var done = 0
        while done < size {
            let wanted = min(length, size - done)
            var filled = 0
            while filled < wanted {
                let place = buffer.bytes.baseAddress.map { $0 + filled }
                let count = pread(descriptor, place, wanted - filled, off_t(offset + done + filled))
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw .fileSystem(operation: "read", path: path, code: errno) }
                guard count > 0 else { throw .contentEnded(path: path) }
                filled += count
            }
            try body(UnsafeRawBufferPointer(rebasing: buffer.bytes.prefix(wanted)))
            done += wanted
        }
    }

    package func bytes() throws(OCIError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        try read(inPiecesOf: 1 << 18) { (piece) throws(OCIError) in bytes.append(contentsOf: piece) }
        return bytes
    }
}

extension ImageLayout {
    /// Takes a blob over as it is.
    ///
    /// Throws where it is not what its descriptor says.
    package func adopt(_ blob: Descriptor, from part: FilePart) throws(OCIError) {
        if hasBlob(blob) { return }
        let receiver = try BlobReceiver(blob, into: self)
        try part.read(inPiecesOf: 1 << 18) { (piece) throws(OCIError) in
            guard receiver.write(piece) else {
                throw receiver.failure
                    ?? .malformed(subject: "the blob \(blob.digest)", reason: "it is longer than \(blob.size) bytes")
            }
        }
        try receiver.finish()
    }

    /// Makes a layer of a tar that somebody else has packed.
    package func addLayer(tar: FilePart, encoding: LayerEncoding) throws(OCIError) -> LayerRecord {
        var file = try BlobFile(in: self)
        let encoder = LayerEncoder(encoding)
        var diffID = SHA256Hasher()
        var checksum = CRC32()
        try encoder.begin(&file)
        try tar.read(inPiecesOf: StoredGzip.blockCapacity) { (piece) throws(OCIError) in
            checksum.update(piece)
            diffID.update(piece)
            try encoder.add(piece, to: &file)
        }
        try encoder.end(checksum: checksum.value, length: tar.size, &file)
        let (digest, size) = try file.commit(to: self)
        return LayerRecord(diffID: diffID.finalize(), digest: digest, size: size, mediaType: encoding.mediaType)
    }
}
