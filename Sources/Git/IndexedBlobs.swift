/// What clean tracked files hold, without reading them: the index has their stat data and their blobs.

import CLibgit2
import Glibc
import Synchronization

extension Repository {
    /// The blobs that the index proves the files to hold, byte for byte; nil where it proves nothing.
    ///
    /// Each is what `git hash-object --no-filters` would print. An index that can't be read proves nothing, and is no
    /// error: the caller reads the files. The moment is the time of day before the first of the files was looked at, in
    /// nanoseconds since the epoch.
    package func indexedBlobs(of files: [IndexedFile], lookedAtSince moment: Int64) -> [BlobID?] {
        index.withLock { $0.raw(files, at: moment, in: self) }
    }

    /// The blobs that `git add` would make of the files, as far as the index proves it, without running filters.
    ///
    /// For files behind a filter (Git LFS) this is the only way to know that they are clean. As for
    /// ``indexedBlobs(of:lookedAtSince:)``.
    package func cleanBlobs(of files: [IndexedFile], lookedAtSince moment: Int64) -> [BlobID?] {
        index.withLock { $0.clean(files, at: moment, in: self).map { $0.map { BlobID($0) } } }
    }
}

/// The index, parsed again only when its file has changed.
struct IndexedBlobs: ~Copyable {
    private var index: IndexHandle?
    /// The file that `index` was parsed from, or could not be.
    private var source: IndexSource?

    /// With git's filters applied.
    mutating func clean(_ files: [IndexedFile], at moment: Int64, in repository: Repository) -> [git_oid?] {
        let path = repository.gitDirectory + "/index"
        var blobs = [git_oid?](repeating: nil, count: files.count)
        // An index proves nothing of what changed after it was written.
        guard let source = IndexSource(path),
            files.contains(where: { $0.newest < source.modified - IndexedFile.racy })
        else { return blobs }
        update(path, source, at: moment)
        switch index {
        case .some(let index):
            for (number, file) in files.enumerated() { blobs[number] = index.blob(of: file, at: moment) }
        case .none: break
        }
        return blobs
    }

    /// As the bytes are.
    mutating func raw(_ files: [IndexedFile], at moment: Int64, in repository: Repository) -> [BlobID?] {
        let clean = clean(files, at: moment, in: repository)
        var ids = [BlobID?](repeating: nil, count: files.count)
        // New for each batch: attributes and configuration are those of now, and no other question has to wait.
        guard clean.contains(where: { $0 != nil }), let pointer, let handle = try? repository.openAgain(),
            var conversions = Conversions(handle, pointer, of: repository)
        else { return ids }
        for (number, blob) in clean.enumerated() {
            guard let blob, !conversions.isConverted(files[number].path, size: files[number].size, blob: blob) else {
                continue
            }
            ids[number] = BlobID(blob)
        }
        return ids
    }

    private var pointer: OpaquePointer? {
        switch index {
        case .some(let index): index.pointer
        case .none: nil
        }
    }

    private mutating func update(_ path: String, _ now: IndexSource, at moment: Int64) {
        // Two indexes of one tick may look the same.
        if now == source, now.changed < moment - IndexedFile.racy { return }
        index = nil
        source = nil
        index = IndexHandle(path, written: now.modified)
        if IndexSource(path) == now { source = now } else { index = nil }
    }
}

/// What tells an index from the next one: git never changes it in place.
private struct IndexSource: Equatable {
    var inode: UInt64
    var size: Int64
    var modified: Int64
    var changed: Int64

    init?(_ path: String) {
        var raw = stat()
        guard stat(path, &raw) == 0 else { return nil }
        (inode, size) = (UInt64(raw.st_ino), Int64(raw.st_size))
        modified = Int64(raw.st_mtim.tv_sec) * 1_000_000_000 + Int64(raw.st_mtim.tv_nsec)
        changed = Int64(raw.st_ctim.tv_sec) * 1_000_000_000 + Int64(raw.st_ctim.tv_nsec)
    }
}
