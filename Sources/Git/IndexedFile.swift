/// What is to be compared with an entry of the index: a file of the work tree as `lstat` describes it.

package struct IndexedFile: Sendable {
    /// Within this time, in nanoseconds, two changes may bear the same time.
    ///
    /// Kernels before 6.13 count in ticks of up to 4 ms; `git` calls such files racy.
    package static let racy: Int64 = 20_000_000

    /// Relative to the work tree.
    package var path: String
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
    package var user: UInt32
    package var group: UInt32

    /// When it changed last.
    var newest: Int64 { max(modified, changed) }

    package init(
        path: String,
        device: UInt64,
        inode: UInt64,
        size: Int64,
        modified: Int64,
        changed: Int64,
        mode: UInt32,
        user: UInt32,
        group: UInt32
    ) {
        (self.path, self.device, self.inode, self.size) = (path, device, inode, size)
        (self.modified, self.changed) = (modified, changed)
        (self.mode, self.user, self.group) = (mode, user, group)
    }
}
