/// An open folder and the names in it.

internal import Glibc

struct FolderListing: ~Copyable {
    struct Entry {
        /// With replacement characters where it is no UTF-8.
        var name: String
        var isText: Bool
        /// What the listing itself says; all are false where it says nothing.
        var isFile: Bool
        var isFolder: Bool
        var isLink: Bool
    }

    /// For calls that are relative to the folder; valid as long as this is.
    let descriptor: Int32
    private let stream: OpaquePointer

    /// Takes the descriptor over; where that is none, or can't be listed, there is nil, and `errno` says why.
    init?(_ descriptor: Int32) {
        guard descriptor >= 0 else { return nil }
        guard let stream = fdopendir(descriptor) else {
            let reason = errno
            close(descriptor)
            errno = reason
            return nil
        }
        (self.descriptor, self.stream) = (descriptor, stream)
    }

    deinit { closedir(stream) }

    /// The folder at an absolute path, which is not followed if it is a link.
    init?(of path: String) { self.init(open(path, Self.flags)) }

    static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

    /// In the order of the file system; nil at the end.
    mutating func next() -> Entry? {
        while let entry = readdir(stream) {
            let (name, isText) = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { bytes in
                    String(validatingCString: bytes).map { ($0, true) } ?? (String(cString: bytes), false)
                }
            }
            if name == "." || name == ".." { continue }
            let type = Int(entry.pointee.d_type)
            return Entry(
                name: name,
                isText: isText,
                isFile: type == Int(DT_REG),
                isFolder: type == Int(DT_DIR),
                isLink: type == Int(DT_LNK)
            )
        }
        return nil
    }
}
