/// Why content could not be stored or read.

internal import Glibc

package enum OCIError: Error, Hashable, Sendable {
    /// A system call on a file of a layout failed: what we wanted (`write`, `rename`, …), where, and `errno`.
    case fileSystem(operation: String, path: String, code: Int32)
    /// The layout has no such blob, or not with that size.
    case missingBlob(Digest, layout: String)
    /// Bytes that are not what they should be: an index, a manifest, a configuration, an archive.
    case malformed(subject: String, reason: String)
    /// An archive in a compression that is not read: bzip2 or xz; the path is its file's.
    case compressedArchive(path: String)
    /// A compressed archive that would take more than so many bytes when it is unpacked.
    case inflatesTooFar(path: String, limit: Int)
    /// A source ended before the size that its entry announced.
    case contentEnded(path: String)

    /// One line, without a full stop.
    package var reason: String {
        switch self {
        case .fileSystem(let operation, let path, let code):
            "\(operation) \(path): \(String(cString: strerror(code)))"
        case .missingBlob(let digest, let layout): "\(layout) lacks the blob \(digest)"
        case .malformed(let subject, let reason): "\(subject): \(reason)"
        case .compressedArchive(let path): "\(path) is compressed with bzip2 or xz, which is not supported"
        case .inflatesTooFar(let path, let limit):
            "\(path) would take more than \(limit >> 20) MiB unpacked, the most for its size"
        case .contentEnded(let path): "\(path) ended before the size that it had"
        }
    }

    /// What the user can do about it; one line, without a full stop.
    package var remedy: String {
        switch self {
        case .fileSystem(_, let path, ENOSPC), .fileSystem(_, let path, EDQUOT):
            "free space on the disk that holds \(path)"
        case .fileSystem(_, let path, EACCES), .fileSystem(_, let path, EPERM), .fileSystem(_, let path, EROFS):
            "give this user the right to write \(path)"
        case .fileSystem(_, let path, ENOTDIR), .fileSystem(_, let path, EEXIST):
            "move away what is not a folder on the way to \(path)"
        case .fileSystem(_, let path, _): "check the disk that holds \(path)"
        case .missingBlob: "build the image again"
        case .malformed(let subject, _): "remove \(subject) if nothing else needs it; it is made again"
        case .compressedArchive: "compress it with gzip or zstd, or store it as a plain tar"
        case .inflatesTooFar: "check where it comes from; store it as a plain tar if it is meant to be so"
        case .contentEnded: "build again once the file is at rest"
        }
    }
}
