/// A folder of blobs and tags as the OCI image layout specifies it, so that skopeo, umoci and others read what we
/// keep: `oci-layout`, `index.json`, `blobs/sha256/<hex>`.

internal import Glibc
internal import Synchronization

/// Safe to use from any thread, and from several processes at once.
///
/// Whatever ends a process at any point, blobs and index are whole under their names; nothing is synced to the disk, so
/// a power failure may cost what was new.
package final class ImageLayout: Sendable {
    /// As it was given to ``open(at:)``, without a slash at the end.
    package let path: String
    private let index: Mutex<IndexState>

    /// The index as it was last read or written, and the file that it then was.
    private struct IndexState {
        var index = LayoutIndex()
        var file: FileIdentity?
    }

    private init(path: String) {
        self.path = path
        index = Mutex(IndexState())
    }

    /// Opens the layout in a folder, and makes both where they are missing.
    ///
    /// Removes stray files of ended processes.
    package static func open(at path: String) throws(OCIError) -> ImageLayout {
        let layout = ImageLayout(path: path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path)
        try FolderOfFiles.make("\(layout.path)/blobs/sha256")
        TemporaryFile.removeStrays(in: layout.path)
        try layout.lockedIndex { (state: inout IndexState) throws(OCIError) in
            if FileIdentity(layout.markerPath) == nil {
                try layout.replace(layout.markerPath, with: Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
            }
            if state.file == nil { try layout.write(&state) }
        }
        return layout
    }

    private var markerPath: String { path + "/oci-layout" }
    private var indexPath: String { path + "/index.json" }
}

// MARK: - Blobs

extension ImageLayout {
    /// The file that holds the blob, or would hold it.
    package func blobPath(_ digest: Digest) -> String { "\(path)/blobs/sha256/\(digest.hex)" }

    /// Whether the blob is there with its size: one that was cut off or removed is noticed.
    package func hasBlob(_ digest: Digest, size: Int) -> Bool { FileIdentity(blobPath(digest))?.size == size }

    /// In bytes; nil where it is not there.
    package func sizeOfBlob(_ digest: Digest) -> Int? { FileIdentity(blobPath(digest))?.size }

    package func hasBlob(_ descriptor: Descriptor) -> Bool { hasBlob(descriptor.digest, size: descriptor.size) }

    /// The whole blob: for manifests and configurations.
    ///
    /// Layers are read by ``TarSource`` from ``blobPath(_:)``.
    package func readBlob(_ descriptor: Descriptor) throws(OCIError) -> [UInt8] {
        guard hasBlob(descriptor) else { throw .missingBlob(descriptor.digest, layout: path) }
        let bytes = try readFile(blobPath(descriptor.digest))
        guard Digest.sha256(of: bytes) == descriptor.digest else {
            throw .malformed(subject: blobPath(descriptor.digest), reason: "its content is not what its name says")
        }
        return bytes
    }

    /// Removes a blob whose content is not what its name says, as a power failure may leave it.
    ///
    /// - Returns: Whether it was removed.
    package func removeIfCorrupt(_ descriptor: Descriptor) -> Bool {
        isCorrupt(descriptor) && unlink(blobPath(descriptor.digest)) == 0
    }

    /// Whether the blob is there, and its content is not what its name says.
    package func isCorrupt(_ descriptor: Descriptor) -> Bool {
        let path = blobPath(descriptor.digest)
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { Glibc.close(file) }
        var hasher = SHA256Hasher()
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while case let count = Glibc.read(file, &buffer, buffer.count), count != 0 {
            guard count > 0 else { return false }
            buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        return hasher.finalize() != descriptor.digest
    }

    package func readManifest(_ descriptor: Descriptor) throws(OCIError) -> Manifest {
        try Manifest(decoding: readBlob(descriptor))
    }

    /// The manifests of an image for several platforms, in the order of its index; the manifest itself of another one.
    package func images(of image: Descriptor) throws(OCIError) -> [ImageIndex.Entry] {
        guard MediaType.isIndex(image.mediaType) else { return [ImageIndex.Entry(image, platform: nil)] }
        return try ImageIndex(decoding: readBlob(image)).images
    }

    /// A manifest and its configuration, OCI's or Docker's, which must lie here; the layers need not.
    package func readImage(
        _ manifest: Descriptor
    ) throws(OCIError) -> (manifest: Manifest, configuration: ImageConfiguration) {
        let content = try readManifest(manifest)
        guard MediaType.isConfiguration(content.configuration.mediaType) else {
            throw .malformed(
                subject: "the manifest \(manifest.digest)",
                reason: "it is no image, but an artifact of the type \(content.configuration.mediaType)"
            )
        }
        let configuration = try ImageConfiguration(decoding: readBlob(content.configuration))
        guard configuration.diffIDs.count == content.layers.count else {
            throw .malformed(
                subject: "the image \(manifest.digest)",
                reason: "manifest and configuration name other layers"
            )
        }
        return (content, configuration)
    }

    /// Stores the bytes under their digest; does nothing where they are there already.
    package func writeBlob(_ bytes: [UInt8], mediaType: String) throws(OCIError) -> Descriptor {
        let descriptor = Descriptor(mediaType: mediaType, digest: .sha256(of: bytes), size: bytes.count)
        if !hasBlob(descriptor) { try replace(blobPath(descriptor.digest), with: bytes) }
        return descriptor
    }
}

// MARK: - Tags

extension ImageLayout {
    /// Publishes descriptors under names (`org.opencontainers.image.ref.name`; ours are `<image>:<tag>`), all in one
    /// write.
    ///
    /// A name that is there already moves.
    package func tag(_ names: [(name: String, descriptor: Descriptor)]) throws(OCIError) {
        try lockedIndex { (state: inout IndexState) throws(OCIError) in
            for (name, descriptor) in names { state.index.set(name, to: descriptor) }
            try write(&state)
        }
    }

    package func tag(_ name: String, as descriptor: Descriptor) throws(OCIError) {
        try tag([(name: name, descriptor: descriptor)])
    }

    /// What the name means now; nil where it means nothing.
    package func resolve(_ name: String) throws(OCIError) -> Descriptor? {
        try freshIndex()[name]
    }

    /// All names, in the order in which they first came.
    package func names() throws(OCIError) -> [String] { try freshIndex().names }

    /// Takes names away.
    ///
    /// Blobs stay.
    package func delete(_ names: Set<String>) throws(OCIError) {
        try lockedIndex { (state: inout IndexState) throws(OCIError) in
            state.index.remove(names)
            try write(&state)
        }
    }

    private func freshIndex() throws(OCIError) -> LayoutIndex {
        try withIndex { (state: inout IndexState) throws(OCIError) in
            try refresh(&state)
            return state.index
        }
    }

    /// Reads the index again when another process (or nobody yet) wrote the file that is there now.
    private func refresh(_ state: inout IndexState) throws(OCIError) {
        let file = FileIdentity(indexPath)
        guard file != state.file else { return }
        state.index = file == nil ? LayoutIndex() : try LayoutIndex(decoding: readFile(indexPath), path: indexPath)
        state.file = file
    }

    private func write(_ state: inout IndexState) throws(OCIError) {
        // Forgotten until the file is there: after a failure the next use reads what the disk has.
        state.file = nil
        try replace(indexPath, with: state.index.encoded())
        state.file = FileIdentity(indexPath)
    }

    /// Runs `body` while no other thread and no other process changes the index.
    private func lockedIndex(_ body: (inout IndexState) throws(OCIError) -> Void) throws(OCIError) {
        try withIndex { (state: inout IndexState) throws(OCIError) in
            let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw .fileSystem(operation: "open", path: path, code: errno) }
            defer { close(descriptor) }
            while flock(descriptor, LOCK_EX) != 0 {
                guard errno == EINTR else { throw .fileSystem(operation: "lock", path: path, code: errno) }
            }
            try refresh(&state)
            try body(&state)
        }
    }

    private func withIndex<Result>(
        _ body: (inout IndexState) throws(OCIError) -> Result
    ) throws(OCIError) -> Result {
        try index.withLock { (state) throws(OCIError) -> Result in try body(&state) }
    }
}

// MARK: - Files

extension ImageLayout {
    /// What tells one version of a file from another.
    fileprivate struct FileIdentity: Equatable {
        var inode: UInt
        var size: Int
        var seconds: Int
        var nanoseconds: Int

        /// nil where there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (inode, size) = (UInt(status.st_ino), Int(status.st_size))
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
    }

    private func replace(_ target: String, with bytes: [UInt8]) throws(OCIError) {
        let file = try TemporaryFile(in: path)
        try file.write(bytes)
        try file.commit(to: target)
    }

    private func readFile(_ file: String) throws(OCIError) -> [UInt8] {
        let source = try FileReader(path: file)
        return try source.readAll()
    }
}
