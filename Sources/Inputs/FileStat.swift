/// What the kernel says of a file without reading it: enough to know that it is the one that was read before.

internal import Git
package import Glibc

package struct FileStat: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64
    /// Bytes.
    package var size: Int64
    /// Nanoseconds since the epoch.
    package var modified: Int64
    /// Nanoseconds since the epoch: the last change of content or attributes.
    package var changed: Int64
    /// Type and permissions, as `st_mode` has them.
    package var mode: UInt32
    /// How many names the file has (`st_nlink`).
    package var links: UInt32
    package var user: UInt32
    package var group: UInt32

    package init(
        device: UInt64,
        inode: UInt64,
        size: Int64,
        modified: Int64,
        changed: Int64,
        mode: UInt32,
        links: UInt32 = 1,
        user: UInt32 = 0,
        group: UInt32 = 0
    ) {
        (self.device, self.inode, self.size) = (device, inode, size)
        (self.modified, self.changed, self.mode, self.links) = (modified, changed, mode, links)
        (self.user, self.group) = (user, group)
    }

    package init(_ raw: stat) {
        (device, inode, size) = (UInt64(raw.st_dev), UInt64(raw.st_ino), Int64(raw.st_size))
        (modified, changed) = (raw.st_mtim.nanoseconds, raw.st_ctim.nanoseconds)
        (mode, links) = (UInt32(raw.st_mode), UInt32(clamping: raw.st_nlink))
        (user, group) = (UInt32(raw.st_uid), UInt32(raw.st_gid))
    }

    /// Does not follow a link; nil where nothing is there, or it can't be reached.
    package init?(of path: String) { self.init(of: path, in: AT_FDCWD) }

    /// The same, a relative path being one from the folder.
    init?(of path: String, in folder: Int32) {
        var raw = stat()
        guard fstatat(folder, path, &raw, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        self.init(raw)
    }

    package var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    package var isFile: Bool { mode & S_IFMT == S_IFREG }
    package var isLink: Bool { mode & S_IFMT == S_IFLNK }
    /// Permissions with setuid, setgid and sticky.
    package var permissions: UInt16 { UInt16(mode & 0o7777) }

    /// As git sees it.
    var isExecutable: Bool { permissions & 0o100 != 0 }

    /// A change within this time before a reading may bear the same times as what was read: such a reading proves
    /// nothing later.
    static let racy = IndexedFile.racy

    /// Whether a reading that began at `start` (nanoseconds since the epoch) can be told from any later content.
    func isProven(by start: Int64) -> Bool { max(modified, changed) < start - Self.racy }

    /// The wall clock in the unit of file times.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.nanoseconds
    }
}
