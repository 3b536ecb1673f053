/// A file that becomes visible under its name only when it is whole: whatever ends the process before that leaves at
/// most a stray file, which the next one that opens the layout removes.

internal import Glibc
internal import Synchronization

struct TemporaryFile: ~Copyable {
    private let descriptor: Int32
    let path: String
    private var isCommitted = false

    /// The folder must be on the file system of the final names.
    ///
    /// A lock tells a file in use from a stray one: the kernel drops it with its process.
    init(in folder: String) throws(OCIError) {
        while true {
            let number = Self.counter.add(1, ordering: .relaxed).newValue
            let path = "\(folder)/\(Self.prefix)\(getpid())-\(number)"
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            if descriptor < 0, errno == EEXIST { continue }
            guard descriptor >= 0 else { throw .fileSystem(operation: "create", path: path, code: errno) }
            var status = stat()
            guard flock(descriptor, LOCK_EX) == 0, fstat(descriptor, &status) == 0 else {
                let code = errno
                close(descriptor)
                throw .fileSystem(operation: "lock", path: path, code: code)
            }
            if status.st_nlink == 0 {
                // Another process took it for a stray before the lock was there.
                close(descriptor)
                continue
            }
            (self.descriptor, self.path) = (descriptor, path)
            return
        }
    }

    deinit {
        if !isCommitted { unlink(path) }
        close(descriptor)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(OCIError) {
        try Self.write(bytes, to: descriptor, "write", path)
    }

    /// All of the bytes; operation and path are for the error.
    static func write(
        _ bytes: UnsafeRawBufferPointer,
        to descriptor: Int32,
        _ operation: String,
        _ path: String
    ) throws(OCIError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            } else if errno != EINTR {
                throw .fileSystem(operation: operation, path: path, code: errno)
            }
        }
    }

    func write(_ bytes: [UInt8]) throws(OCIError) {
        var failure: OCIError?
        bytes.withUnsafeBytes { buffer in
            do throws(OCIError) { try write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Puts the file in the place of whatever has that name.
    consuming func commit(to target: String) throws(OCIError) {
        guard rename(path, target) == 0 else { throw .fileSystem(operation: "rename to", path: target, code: errno) }
        isCommitted = true
    }

    /// Removes what ended processes have left.
    static func removeStrays(in folder: String) {
        guard let directory = opendir(folder) else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix(prefix) else { continue }
            let descriptor = open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink("\(folder)/\(name)") }
            close(descriptor)
        }
    }

    static let prefix = ".incoming-"
    private static let counter = Atomic<Int>(0)
}
