/// Reads a file from its beginning.

internal import Glibc

struct FileReader: ~Copyable {
    private let descriptor: Int32
    private let path: String

    init(path: String) throws(OCIError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        self.path = path
        guard descriptor >= 0 else { throw .fileSystem(operation: "open", path: path, code: errno) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// In bytes, as it is now.
    var size: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// The next bytes, at most as many as the buffer has; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(OCIError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw .fileSystem(operation: "read", path: path, code: errno) }
        }
    }

    func readAll() throws(OCIError) -> [UInt8] {
        var bytes: [UInt8] = []
        let buffer = RawBuffer(byteCount: 1 << 16)
        while true {
            let count = try read(into: buffer.bytes)
            if count == 0 { return bytes }
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer.bytes.prefix(count)))
        }
    }
}
