/// The index as it was parsed from its file, and which entries prove what a file holds.

import CLibgit2
import Glibc

// Unchecked: libgit2 lets any thread read an index, one at a time, and ``IndexedBlobs`` keeps this one in a Mutex.
struct IndexHandle: ~Copyable, @unchecked Sendable {
    let pointer: OpaquePointer
    /// Nanoseconds since the epoch: when the file was written.
    private let written: Int64

    /// - Returns: nil where libgit2 can't read it; it knows neither sparse indexes nor split ones.
    init?(_ path: String, written: Int64) {
        var pointer: OpaquePointer?
        guard git_index_open(&pointer, path) >= 0, let pointer else { return nil }
        (self.pointer, self.written) = (pointer, written)
    }

    deinit { git_index_free(pointer) }

    /// The blob that git compared the file with and found the same, if nothing about the file changed since.
    ///
    /// It is the blob of what git's filters make of the file. The moment is one before the file was looked at.
    borrowing func blob(of file: IndexedFile, at moment: Int64) -> git_oid? {
        guard file.mode & S_IFMT == S_IFREG, let entry = git_index_get_bypath(pointer, file.path, 0)?.pointee,
            Self.isPlain(entry), Self.isSame(entry, file)
        else { return nil }
        guard file.newest < min(written, moment) - IndexedFile.racy else { return nil }
        // Whole seconds: a file system without smaller ones, or a program that cut them off.
        guard entry.ctime.nanoseconds != 0 else { return nil }
        return entry.id
    }

    /// A regular file that git looks at itself; no other one's stat data say anything.
    private static func isPlain(_ entry: git_index_entry) -> Bool {
        let unseen =
            UInt16(GIT_INDEX_ENTRY_INTENT_TO_ADD.rawValue) | UInt16(GIT_INDEX_ENTRY_SKIP_WORKTREE.rawValue)
        return entry.mode & S_IFMT == S_IFREG && entry.flags & UInt16(GIT_INDEX_ENTRY_VALID.rawValue) == 0
            && entry.flags_extended & unseen == 0
    }

    /// The index keeps 32 bits of each number.
    private static func isSame(_ entry: git_index_entry, _ file: IndexedFile) -> Bool {
        // In racy entries git writes 0 for the size. That matches a file that is empty now; its blob's size does not.
        entry.ino == UInt32(truncatingIfNeeded: file.inode) && entry.dev == UInt32(truncatingIfNeeded: file.device)
            && isSame(entry.ctime, file.changed) && isSame(entry.mtime, file.modified)
            && Int64(entry.file_size) == file.size && entry.uid == file.user && entry.gid == file.group
    }

    private static func isSame(_ time: git_index_time, _ nanoseconds: Int64) -> Bool {
        let seconds = nanoseconds / 1_000_000_000
        return time.seconds == Int32(truncatingIfNeeded: seconds)
            && Int64(time.nanoseconds) == nanoseconds - seconds * 1_000_000_000
    }
}
