/// The entries of one directory, read as bytes.

import Glibc

struct DirectoryListing: ~Copyable {
    private let stream: OpaquePointer
    private let path: RawPath

    /// Throws ``WatchError/system(operation:path:code:)``.
    ///
    /// A symbolic link is opened only with `followsLink`.
    init(of path: RawPath, followsLink: Bool) throws(WatchError) {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (followsLink ? 0 : O_NOFOLLOW)
        let descriptor = path.withCString { open($0, flags) }
        guard descriptor >= 0 else { throw .system(operation: "open", path: path.text, code: errno) }
        guard let stream = fdopendir(descriptor) else {
            let code = errno
            close(descriptor)
            throw .system(operation: "open", path: path.text, code: code)
        }
        (self.stream, self.path) = (stream, path)
    }

    deinit { closedir(stream) }

    /// The next entry but `.` and `..`, nil at the end; its kind is nil where the filesystem does not tell it.
    mutating func next() throws(WatchError) -> (name: FileName, kind: FileKind?)? {
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw .system(operation: "read", path: path.text, code: errno) }
                return nil
            }
            let name = Self.name(of: entry)
            if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { continue }
            return (name, FileKind(directoryEntryType: entry.pointee.d_type))
        }
    }

    private static func name(of entry: UnsafeMutablePointer<dirent>) -> FileName {
        guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return [] }
        let start = UnsafeRawPointer(entry).advanced(by: offset)
        return FileName(UnsafeRawBufferPointer(start: start, count: strlen(start.assumingMemoryBound(to: CChar.self))))
    }
}
