/// One member of a layer: what a tar header says, without times, which are the same for all of a layer.

package struct TarEntry: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case directory
        /// A regular file of so many bytes.
        case file(size: Int)
        case symbolicLink(target: String)
        /// Another name of a file that comes earlier in the layer; the target is written like ``TarEntry/path``.
        case hardLink(target: String)
        case characterDevice(major: Int, minor: Int)
        case blockDevice(major: Int, minor: Int)
        case fifo
    }

    /// Relative to the root, without a slash at either end.
    package var path: String
    package var kind: Kind
    /// Permission bits with set-user, set-group and sticky: at most 0o7777.
    package var mode: UInt16
    package var user: Int
    package var group: Int
    /// What a program may do beyond its user's rights; empty where that is nothing.
    ///
    /// It is `security.capability`, the one extended attribute that engines put into layers.
    package var capability: [UInt8]

    package init(
        path: String,
        kind: Kind,
        mode: UInt16,
        user: Int = 0,
        group: Int = 0,
        capability: [UInt8] = []
    ) {
        (self.path, self.kind, self.mode, self.user, self.group) = (path, kind, mode, user, group)
        self.capability = capability
    }

    package static let capabilityName = "security.capability"

    /// Says in a layer that the path is gone, with all that was below it (image-spec layer.md, "Whiteouts").
    package static func whiteout(_ path: String) -> TarEntry {
        let start = path.utf8.lastIndex(of: UInt8(ascii: "/")).map(path.utf8.index(after:)) ?? path.startIndex
        return TarEntry(
            path: String(path[..<start]) + whiteoutPrefix + String(path[start...]),
            kind: .file(size: 0),
            mode: 0
        )
    }

    package static let whiteoutPrefix = ".wh."
    /// The member that empties its folder of all that lower layers put there.
    package static let opaqueWhiteout = ".wh..wh..opq"

    /// The bytes that follow the header.
    package var size: Int {
        guard case .file(let size) = kind else { return 0 }
        return size
    }
}
