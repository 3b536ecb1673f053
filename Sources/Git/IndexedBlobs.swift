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
        var ids = [BlobID?](repeating: nil, count: files.count)
        guard let (file, clean) = clean(files, at: moment), clean.contains(where: { $0 != nil }),
            // New for each batch: attributes and configuration are those of now, and no other question has to wait.
            let handle = try? openAgain(), var conversions = Conversions(handle, of: self)
        else { return ids }
        var index = file
        for (number, blob) in clean.enumerated() {
            guard let blob,
                !conversions.isConverted(files[number].path, size: files[number].size, blob: blob, &index)
            else { continue }
            ids[number] = BlobID(blob)
        }
        return ids
    }

    /// The blobs that `git add` would make of the files, as far as the index proves it, without running filters.
    ///
    /// For files behind a filter (Git LFS) this costs least. As for ``indexedBlobs(of:lookedAtSince:)``.
    package func cleanBlobs(of files: [IndexedFile], lookedAtSince moment: Int64) -> [BlobID?] {
        // They are asked one by one.
        clean(files, at: moment, keepsIndex: true)?.blobs.map { $0.map { BlobID($0) } } ?? files.map { _ in nil }
    }

    /// With git's filters applied; nil where there is nothing to learn.
    private func clean(
        _ files: [IndexedFile],
        at moment: Int64,
        keepsIndex: Bool = false
    ) -> (index: IndexFile, blobs: [git_oid?])? {
        // An index proves nothing of what changed after it was written.
        guard let source = IndexFile.Source(gitDirectory + "/index"),
            files.contains(where: { $0.newest < source.written - IndexedFile.racy }),
            var index = index(source, at: moment, isKept: keepsIndex)
        else { return nil }
        let written = index.source.written
        let blobs = files.map { file in index.entry(at: file.path).flatMap { file.blob(of: $0, written, moment) } }
        return (index, blobs)
    }

    /// The index as it is now, read again only where its file is another one.
    private func index(_ source: IndexFile.Source, at moment: Int64, isKept: Bool) -> IndexFile? {
        // Two indexes of one tick may look the same.
        if let known = kept.withLock(\.self), known.source == source, source.changed < moment - IndexedFile.racy {
            return known
        }
        let index = IndexFile(gitDirectory + "/index")
        if isKept { kept.withLock { $0 = index } }
        return index
    }
}

extension IndexedFile {
    /// The blob that git compared the file with and found the same, if nothing about the file changed since.
    ///
    /// It is the blob of what git's filters make of the file. The moment is one before the file was looked at.
    fileprivate func blob(of entry: IndexEntry, _ written: Int64, _ moment: Int64) -> git_oid? {
        // No other kind of file has stat data that say anything.
        guard mode & S_IFMT == S_IFREG, entry.mode & S_IFMT == S_IFREG, entry.isLookedAt, isSame(entry) else {
            return nil
        }
        guard newest < min(written, moment) - Self.racy else { return nil }
        // Whole seconds: a file system without smaller ones, or a program that cut them off.
        return entry.changed.nanoseconds == 0 ? nil : entry.id
    }

    private func isSame(_ entry: IndexEntry) -> Bool {
        // In racy entries git writes 0 for the size. That matches a file that is empty now; its blob's size does not.
        entry.inode == UInt32(truncatingIfNeeded: inode) && entry.device == UInt32(truncatingIfNeeded: device)
            && Self.isSame(entry.changed, changed) && Self.isSame(entry.modified, modified)
            && Int64(entry.size) == size && entry.user == user && entry.group == group
    }

    private static func isSame(_ time: (seconds: UInt32, nanoseconds: UInt32), _ nanoseconds: Int64) -> Bool {
        let seconds = nanoseconds / 1_000_000_000
        return time.seconds == UInt32(truncatingIfNeeded: seconds)
            && Int64(time.nanoseconds) == nanoseconds - seconds * 1_000_000_000
    }
}
