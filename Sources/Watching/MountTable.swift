/// What is mounted where in the scope: no inotify event tells of a mount over a watched directory.

import Glibc

/// Of `/proc/self/mountinfo` (proc(5)), what concerns the scope.
struct MountTable {
    struct Mount: Equatable {
        /// Of the mount itself; it may be that of one that is gone.
        var id: Int
        /// The device and the directory on it, such as `0:42 /`.
        var source: String
        /// As the kernel names it, such as `ext4`, `nfs4` or `fuse.sshfs`.
        var kind: String

        /// Whether changes that are made by others, or on another machine, are not told.
        var isSilent: Bool { FileSystemKind(kind).isSilent }
    }

    /// By the path as the scope names it: the mount that each root lies on, and those below the roots.
    private(set) var mounts: [RawPath: Mount] = [:]
    /// The devices (`st_dev`) on which a directory has a link more for each directory in it.
    private(set) var countingDevices: Set<UInt64> = []

    init() {}

    /// `roots` are the roots by their real paths, where these exist.
    init(mountinfo: String, roots: [RawPath: RawPath]) {
        for line in mountinfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let end = fields.firstIndex(of: "-"), end + 1 < fields.count, fields.count > 4,
                let id = Int(fields[0])
            else { continue }
            let point = RawPath(Self.unescaped(fields[4]))
            if FileSystemKind(String(fields[end + 1])).countsDirectories, let device = Self.device(fields[2]) {
                countingDevices.insert(device)
            }
            let mount = Mount(id: id, source: fields[2...3].joined(separator: " "), kind: String(fields[end + 1]))
            // What is mounted later hides what was there; a deeper point is nearer to what lies below it.
            for (root, real) in roots {
                if let rest = point.components(below: real) {
                    mounts[RawPath(components: root.components + rest)] = mount
                } else if real.components(below: point) != nil {
                    let depth = point.components.count
                    if depth >= nearest[root, default: 0] { (mounts[root], nearest[root]) = (mount, depth) }
                }
            }
        }
    }

    private var nearest: [RawPath: Int] = [:]

    /// From `8:1`, as makedev(3) puts the two together.
    private static func device(_ text: Substring) -> UInt64? {
        let numbers = text.split(separator: ":").compactMap { UInt64($0) }
        guard numbers.count == 2 else { return nil }
        let (major, minor) = (numbers[0], numbers[1])
        return (major & 0xFFFF_F000) << 32 | (major & 0xFFF) << 8 | (minor & 0xFFFF_FF00) << 12 | minor & 0xFF
    }

    /// The places at which something else is mounted than in the other table.
    func differences(from other: MountTable) -> Set<RawPath> {
        Set(mounts.keys).union(other.mounts.keys).filter { mounts[$0] != other.mounts[$0] }
    }

    /// Blanks and backslashes are written as `\040`.
    private static func unescaped(_ field: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3 {
                bytes.append(rest.prefix(3).reduce(0) { $0 &* 8 &+ ($1 &- UInt8(ascii: "0")) })
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
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
