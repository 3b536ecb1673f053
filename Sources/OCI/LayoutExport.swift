/// Copies images from one layout into another, as a push to a folder.

internal import Glibc

extension ImageLayout {
    /// Publishes the image of a manifest or an index into another layout under several names at once: the blobs first,
    /// the names last.
    ///
    /// Blobs are hard links where the file system can do that, else copies.
    package func export(_ image: Descriptor, as names: [String], to target: ImageLayout) throws(OCIError) {
        for manifest in try images(of: image).map(\.descriptor) {
            let content = try readManifest(manifest)
            try copy(content.layers + [content.configuration, manifest], to: target)
        }
        try copy([image], to: target)
        try target.tag(names.map { (name: $0, descriptor: image) })
    }

    private func copy(_ blobs: [Descriptor], to target: ImageLayout) throws(OCIError) {
        for blob in blobs where !target.hasBlob(blob) {
            guard hasBlob(blob) else { throw .missingBlob(blob.digest, layout: path) }
            try target.adopt(blobPath(blob.digest), as: blob.digest)
        }
    }

    private func adopt(_ source: String, as digest: Digest) throws(OCIError) {
        if link(source, blobPath(digest)) == 0 { return }
        // Another file system, no right to link, too many links, or a broken blob is in the way: a copy replaces it.
        let reader = try FileReader(path: source)
        let file = try TemporaryFile(in: path)
        let buffer = RawBuffer(byteCount: 1 << 20)
        while true {
            let count = try reader.read(into: buffer.bytes)
            if count == 0 { break }
            try file.write(UnsafeRawBufferPointer(rebasing: buffer.bytes.prefix(count)))
        }
        try file.commit(to: blobPath(digest))
    }
}
