/// Takes out of a layout what nobody needs any more: names, and the blobs that no name leads to.

internal import Glibc

package struct LayoutCollection: Equatable, Sendable {
    /// That were taken away.
    package var names = 0
    package var blobs = 0
    /// On the disk.
    package var bytes = 0
}

extension ImageLayout {
    /// What all its blobs take, in bytes.
    package var size: Int { blobFiles().reduce(0) { $0 + $1.size } }

    /// Takes away all names but these, and then every blob that none of them leads to.
    ///
    /// Nobody may write to the layout meanwhile: a blob that has no name yet would be taken for one that has none any
    /// more.
    package func collect(keeping names: Set<String>) throws(OCIError) -> LayoutCollection {
        var collection = LayoutCollection()
        let gone = Set(try self.names()).subtracting(names)
        if !gone.isEmpty { try delete(gone) }
        collection.names = gone.count
        var needed: Set<String> = []
        for name in try self.names() {
            if let descriptor = try resolve(name) { reach(descriptor, &needed) }
        }
        for file in blobFiles() where !needed.contains(file.name) {
            guard unlink("\(path)/blobs/sha256/\(file.name)") == 0 else { continue }
            collection.blobs += 1
            collection.bytes += file.size
        }
        return collection
    }

    /// A manifest, an index, and all that they name; what can't be read names nothing.
    private func reach(_ descriptor: Descriptor, _ needed: inout Set<String>) {
        guard needed.insert(descriptor.digest.hex).inserted else { return }
        if MediaType.isIndex(descriptor.mediaType), let bytes = try? readBlob(descriptor),
            let index = try? ImageIndex(decoding: bytes)
        {
            for entry in index.manifests { reach(entry.descriptor, &needed) }
        } else if MediaType.isManifest(descriptor.mediaType), let manifest = try? readManifest(descriptor) {
            for blob in manifest.layers + [manifest.configuration] { needed.insert(blob.digest.hex) }
        }
    }

    private func blobFiles() -> [(name: String, size: Int)] {
        let folder = path + "/blobs/sha256"
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var files: [(name: String, size: Int)] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            var status = stat()
            guard lstat(folder + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            files.append((name, Int(status.st_size)))
        }
        return files
    }
}
