/// What clean tracked files hold, without reading them: the index has their stat data and their blobs.

import CLibgit2
import Glibc
import Synchronization

extension Repository {
    /// The blobs that the index proves the files to hold, byte for byte; nil where it proves nothing.
    ///
    /// Each is what `git hash-object --no-filters` would print. An index that can't be read proves nothing, and is no
    /// error: the caller reads the files.
    ///
    /// - Parameter moment: The time of day before the first of the files was looked at, in nanoseconds since the epoch.
    package func indexedBlobs(of files: [IndexedFile], lookedAtSince moment: Int64) -> [BlobID?] {
        index.withLock { $0.blobs(of: files, at: moment, in: self) }
    }
}

/// The index, parsed again only when its file has changed.
struct IndexedBlobs: ~Copyable {
    private var index: IndexHandle?
    /// The file that `index` was parsed from, or could not be.
    private var source: IndexSource?

    mutating func blobs(of files: [IndexedFile], at moment: Int64, in repository: Repository) -> [BlobID?] {
        update(repository.gitDirectory + "/index", at: moment)
        switch index {
        case .some(let index): return Self.blobs(of: files, at: moment, index, in: repository)
        case .none: return files.map { _ in nil }
        }
    }

    private static func blobs(
        of files: [IndexedFile],
        at moment: Int64,
        _ index: borrowing IndexHandle,
        in repository: Repository
    ) -> [BlobID?] {
        var ids = [BlobID?](repeating: nil, count: files.count)
        var proven: [(Int, git_oid)] = []
        for (number, file) in files.enumerated() {
            if let blob = index.blob(of: file, at: moment) { proven.append((number, blob)) }
        }
        // New for each batch: attributes and configuration are those of now, and no other question has to wait.
        guard !proven.isEmpty, let handle = try? repository.openAgain(),
            var conversions = Conversions(handle, index.pointer, of: repository)
        else { return ids }
        for (number, blob) in proven {
            let file = files[number]
            guard !conversions.isConverted(file.path, size: file.size, blob: blob) else { continue }
            ids[number] = BlobID(blob)
        }
        return ids
    }

    private mutating func update(_ path: String, at moment: Int64) {
        let now = IndexSource(path)
        // Two indexes of one tick may look the same.
        if let now, now == source, now.changed < moment - IndexHandle.racy { return }
        index = nil
        source = nil
        guard let now else { return }
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
