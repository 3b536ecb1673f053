/// Content is hashed once: what each file held when it had this size, these times and this inode.

package import Git
internal import Glibc
package import OCI
internal import Synchronization

/// The names of a file's content: git's, which keys are made of, and the digest, which layers are made of.
///
/// Two are the same if git's are.
package struct ContentHash: Hashable, Sendable {
    package var blobID: BlobID
    /// nil where git's index told the id, and the file was not read.
    package var digest: Digest?
    package init(blobID: BlobID, digest: Digest?) { (self.blobID, self.digest) = (blobID, digest) }

    package static func == (a: Self, b: Self) -> Bool { a.blobID == b.blobID }
    package func hash(into hasher: inout Hasher) { hasher.combine(blobID) }
}

/// What a file held, and whether who wrote it since would have left other times.
struct FoundHash: Equatable, Sendable {
    var hash: ContentHash
    var isProven: Bool
}

/// What was read in this session, by absolute path: several nodes may read one file.
///
/// Safe to use from several threads.
package final class HashIndex: Sendable {
    private let files = Mutex<[String: (stat: FileStat, hash: ContentHash)]>([:])

    /// Of content that git's index named, and that was read later.
    private let digests = Mutex<[BlobID: Digest]>([:])

    package init() {}

    /// Whoever needs it from now on reads again.
    package func forget() { files.withLock { $0 = [:] } }

    func known(_ path: String, _ stat: FileStat) -> FoundHash? {
        guard let known = files.withLock({ $0[path] }), known.stat == stat else { return nil }
        return FoundHash(hash: known.hash, isProven: true)
    }

    /// The hash of a regular file's bytes; reads them only where they may not be those of the last time, or a change
    /// was told.
    ///
    /// - Returns: nil where the file vanished, or changed while it was read.
    func hash(of path: String, _ stat: FileStat, isTold: Bool = false) throws(UnreadableInput) -> FoundHash? {
        if !isTold, let known = known(path, stat) { return known }
        let start = FileStat.now()
        guard let hash = try Self.read(path, stat) else { return nil }
        let isProven = stat.isProven(by: start)
        files.withLock { $0[path] = isProven ? (stat, hash) : nil }
        return FoundHash(hash: hash, isProven: isProven)
    }

    /// The digest of a file that is to be packed; nil where its content is not what the hash names any more.
    package func digest(of path: String, _ hash: ContentHash) -> Digest? {
        if let digest = hash.digest ?? digest(of: hash.blobID) { return digest }
        guard let stat = FileStat(of: path), let found = try? Self.read(path, stat), found == hash,
            let digest = found.digest
        else { return nil }
        digests.withLock { $0[hash.blobID] = digest }
        return digest
    }

    /// Where it was found before.
    func digest(of blob: BlobID) -> Digest? { digests.withLock { $0[blob] } }

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
        return BlobID(blob).map { ContentHash(blobID: $0, digest: digest) }
    }

    private static let chunk = 1 << 18

    private static func isStill(_ descriptor: Int32, _ expected: FileStat) -> Bool {
        var raw = stat()
        return fstat(descriptor, &raw) == 0 && FileStat(raw) == expected
    }
}
