/// What can be told of a file system by its name in mountinfo(5), such as `ext4`, `nfs4` or `fuse.sshfs`.

package struct FileSystemKind: Equatable, Sendable {
    package var name: String
    package init(_ name: String) { self.name = name }

    /// By name, since a mount says its kind as text, and a new FUSE server needs no number of its own.
    private static let silent: Set = [
        "9p", "acfs", "afs", "ceph", "cifs", "coda", "drvfs", "fakeowner", "fuse", "gfs2", "lustre", "ncpfs", "nfs",
        "nfs4", "ocfs2", "orangefs", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs",
        // The kernel's own values.
        "cgroup", "cgroup2", "debugfs", "proc", "sysfs", "tracefs",
    ]
    /// ext4 says 1 where there are too many to count, as the others do that do not count.
    private static let counting: Set = ["ext2", "ext3", "ext4", "tmpfs", "xfs"]
    private static let dating: Set = ["btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"]

    /// Whether changes that are made by others, or on another machine, are not told.
    ///
    /// `fuseblk` is a local disk, and fuse-overlayfs the root of a container: all of their changes are made here.
    package var isSilent: Bool {
        Self.silent.contains(name) || name.hasPrefix("fuse.") && name != "fuse.fuse-overlayfs"
    }

    /// Whether a directory has a link more for each directory in it.
    var countsDirectories: Bool { Self.counting.contains(name) }

    /// Whether whatever comes or goes in a directory sets the directory's times.
    package var datesDirectories: Bool { Self.dating.contains(name) }
}
