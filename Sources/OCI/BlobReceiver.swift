/// Takes a blob that comes in pieces from elsewhere; it has a name in the layout only when it is whole and true.

/// One thread at a time uses it, each after the one before has handed it over: that makes `Sendable` true.
package final class BlobReceiver: @unchecked Sendable {  // see above: handed over, never shared
    package let descriptor: Descriptor
    private let layout: ImageLayout
    private var file: TemporaryFile?
    private var hasher: SHA256Hasher? = SHA256Hasher()
    /// Bytes so far.
    package private(set) var count = 0
    /// Why the disk refused a write.
    package private(set) var failure: OCIError?

    package init(_ descriptor: Descriptor, into layout: ImageLayout) throws(OCIError) {
        (self.descriptor, self.layout) = (descriptor, layout)
        file = try TemporaryFile(in: layout.path)
    }

    /// For a blob of which nobody knows how long it is.
    package convenience init(_ digest: Digest, into layout: ImageLayout) throws(OCIError) {
        try self.init(Descriptor(mediaType: "", digest: digest, size: Self.unknown), into: layout)
    }

    private static let unknown = Int.max

    /// False where it becomes longer than it may be, or can't be written.
    package func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= descriptor.size - count else { return false }
        do throws(OCIError) {
            try file?.write(bytes)
        } catch {
            failure = error
            return false
        }
        hasher?.update(bytes)
        count += bytes.count
        return true
    }

    /// Gives the blob its name; nothing can follow.
    package func finish() throws(OCIError) {
        guard let file = file.take(), let digest = hasher.take()?.finalize() else { return }
        let isLong = [count, Self.unknown].contains(descriptor.size)
        guard isLong, digest == descriptor.digest else {
            let reason = isLong ? "is \(digest)" : "has \(count) of \(descriptor.size) bytes"
            throw .malformed(subject: "the blob \(descriptor.digest)", reason: "what came \(reason)")
        }
        try file.commit(to: layout.blobPath(descriptor.digest))
    }
}
