/// Content is hashed once: what each file held when it had this size, these times and this inode.

internal import Glibc
package import OCI
internal import Synchronization

/// The two names of a file's content.
package struct ContentHash: Hashable, Sendable {
    package var digest: Digest
    /// The id that git gives to a blob of these bytes: 40 hex digits.
    package var blobID: String
    package init(digest: Digest, blobID: String) { (self.digest, self.blobID) = (digest, blobID) }
}

package struct IndexedFile: Hashable, Sendable {
    package var stat: FileStat
    package var hash: ContentHash
    package init(stat: FileStat, hash: ContentHash) { (self.stat, self.hash) = (stat, hash) }
}

/// What was read before, by absolute path; safe to use from several threads.
package final class HashIndex: Sendable {
    private struct Content: Sendable {
        var files: [String: IndexedFile]
        /// Entries that the last ``takeNews()`` did not give.
        var news: Set<String> = []
        /// What was read in this session and held something else before, and what was not known at all.
        var different: Set<String> = []
        var unknown: Set<String> = []
    }
    private let content: Mutex<Content>

    package init(_ files: [String: IndexedFile] = [:]) { content = Mutex(Content(files: files)) }

    /// What was read or dropped since the last call, to be written down.
    package func takeNews() -> [String: IndexedFile?] {
        content.withLock { content in
            defer { content.news = [] }
            return Dictionary(uniqueKeysWithValues: content.news.map { ($0, content.files[$0]) })
        }
    }

    /// Those of the paths that are known to hold something else than in earlier sessions; where none is, those that
    /// were not known: new ones, and such as had changed a moment before they were read.
    package func changed(among paths: [String]) -> [String] {
        content.withLock { content in
            let different = paths.filter(content.different.contains)
            return different.isEmpty ? paths.filter(content.unknown.contains) : different
        }
    }

    /// The hash of a regular file's bytes; reads them only where they may not be those of the last time.
    ///
    /// - Returns: nil where the file vanished, or changed while it was read.
    func hash(of path: String, _ stat: FileStat) throws(UnreadableInput) -> ContentHash? {
        if let known = content.withLock({ $0.files[path] }), known.stat == stat { return known.hash }
        let start = FileStat.now()
        guard let hash = try Self.read(path, stat) else { return nil }
        let entry = stat.isProven(by: start) ? IndexedFile(stat: stat, hash: hash) : nil
        content.withLock { content in
            if let known = content.files[path] {
                if known.hash.digest != hash.digest { content.different.insert(path) }
            } else {
                content.unknown.insert(path)
            }
            if entry != nil || content.files[path] != nil { content.news.insert(path) }
            content.files[path] = entry
        }
        return hash
    }

    private static func read(_ path: String, _ expected: FileStat) throws(UnreadableInput) -> ContentHash? {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR || errno == ELOOP { return nil }
            throw UnreadableInput(path, errno)
        }
        defer { close(descriptor) }
        guard isStill(descriptor, expected) else { return nil }
        var hasher = ContentHasher(length: Int(expected.size))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, chunk)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw UnreadableInput(path, errno) }
            if count == 0 { break }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        guard isStill(descriptor, expected) else { return nil }
        let (digest, blob) = hasher.finalize()
        return ContentHash(digest: digest, blobID: blob)
    }

    private static let chunk = 1 << 18

    private static func isStill(_ descriptor: Int32, _ expected: FileStat) -> Bool {
        var raw = stat()
        return fstat(descriptor, &raw) == 0 && FileStat(raw) == expected
    }
}
