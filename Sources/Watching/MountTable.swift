/// What is mounted where in the scope: no inotify event tells of a mount over a watched directory.

import Glibc

/// Of `/proc/self/mountinfo` (proc(5)), what concerns the scope.
struct MountTable {
    /// By the path as the scope names it: the mount that each root lies on, and those below the roots.
    private(set) var mounts: [RawPath: Mount] = [:]
    /// The devices (`st_dev`) on which a directory has a link more for each directory in it.
    private(set) var countingDevices: Set<UInt64> = []

    init() {}

    /// `roots` are the roots by their real paths, where these exist.
    init(mountinfo: String, roots: [RawPath: RawPath]) {
        for mount in Mount.all(in: mountinfo) {
            if mount.kind.countsDirectories, let device = Self.device(mount.device) { countingDevices.insert(device) }
            // What is mounted later hides what was there; a deeper point is nearer to what lies below it.
            for (root, real) in roots {
                if let rest = mount.point.components(below: real) {
                    mounts[RawPath(components: root.components + rest)] = mount
                } else if real.components(below: mount.point) != nil {
                    let depth = mount.point.components.count
                    if depth >= nearest[root, default: 0] { (mounts[root], nearest[root]) = (mount, depth) }
                }
            }
        }
    }

    private var nearest: [RawPath: Int] = [:]

    /// From `8:1`, as makedev(3) puts the two together.
    private static func device(_ text: String) -> UInt64? {
        let numbers = text.split(separator: ":").compactMap { UInt64($0) }
        guard numbers.count == 2 else { return nil }
        let (major, minor) = (numbers[0], numbers[1])
        return (major & 0xFFFF_F000) << 32 | (major & 0xFFF) << 8 | (minor & 0xFFFF_FF00) << 12 | minor & 0xFF
    }

    /// The places at which something else is mounted than in the other table.
    func differences(from other: MountTable) -> Set<RawPath> {
        Set(mounts.keys).union(other.mounts.keys).filter { mounts[$0] != other.mounts[$0] }
    }
}

/// The kernel's list of mounts, and its word that the list has changed.
final class MountList: Sendable {
    private static let path = "/proc/self/mountinfo"

    /// To be polled for POLLPRI; -1, which poll(2) passes over, where there is no such file.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Whether something was mounted or unmounted, anywhere, since this was asked before.
    var isChanged: Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
        return poll(&polled, 1, 0) > 0
    }

    /// Empty where it can't be read.
    static var text: String {
        guard let file = fopen(path, "re") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 8) { buffer in
            while case let count = fread(buffer.baseAddress, 1, buffer.count, file), count > 0 {
                bytes += buffer[..<count]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
