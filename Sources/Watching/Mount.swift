/// A line of `/proc/self/mountinfo` (proc(5)): what is mounted where.

package struct Mount: Equatable, Sendable {
    /// Of the mount itself; it may be that of one that is gone.
    var id: Int
    /// Such as `8:1`.
    var device: String
    /// The directory of the device that is shown.
    var root: String
    var point: RawPath
    package var kind: FileSystemKind

    package var path: String { point.text }
    var source: String { device + " " + root }

    /// Now; none where the kernel does not say.
    package static func all() -> [Mount] { all(in: MountList.text) }

    static func all(in mountinfo: String) -> [Mount] {
        mountinfo.split(separator: "\n").compactMap { Mount(parsing: $0) }
    }

    /// Takes `ID PARENT DEVICE ROOT PATH OPTIONS … - KIND SOURCE OPTIONS`; nil for anything else.
    package init?(parsing line: Substring) {
        let fields = line.split(separator: " ")
        guard let end = fields.firstIndex(of: "-"), end + 1 < fields.count, end > 4, let id = Int(fields[0]) else {
            return nil
        }
        (self.id, device, root) = (id, String(fields[2]), String(fields[3]))
        point = RawPath(Self.unescaped(fields[4]))
        kind = FileSystemKind(String(fields[end + 1]))
    }

    /// The last of the innermost ones, as a later mount hides an earlier one.
    package static func holding(_ path: String, among mounts: [Mount]) -> Mount? {
        let path = RawPath(path.utf8)
        let above = mounts.filter { $0.point == path || path.components(below: $0.point) != nil }
        return above.reduce(nil) { best, next in
            best.map { $0.point.components.count > next.point.components.count } == true ? best : next
        }
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
