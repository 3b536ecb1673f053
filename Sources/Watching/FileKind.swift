/// What stands at a path, as far as watching asks.

import Glibc

enum FileKind: Equatable {
    /// Nothing, or nothing that this user may look at.
    case missing
    case directory, link, other

    init(at path: RawPath, followsLink: Bool = false) {
        var status = stat()
        guard path.withCString({ followsLink ? stat($0, &status) : lstat($0, &status) }) == 0 else {
            self = .missing
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .link
        default: self = .other
        }
    }

    /// From `d_type`; nil where the filesystem does not tell.
    init?(directoryEntryType type: UInt8) {
        switch Int(type) {
        case Int(DT_UNKNOWN): return nil
        case Int(DT_DIR): self = .directory
        case Int(DT_LNK): self = .link
        default: self = .other
        }
    }
}
