/// A lock between processes on a file: the kernel releases it when its holder ends, however it ends.

import Glibc

/// flock(2): held by an open descriptor that no command inherits.
struct FileLock: ~Copyable {
    private let descriptor: Int32

    private init(opening path: String) throws(StateError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .folder(path: path, reason: String(cString: strerror(errno))) }
        self.descriptor = descriptor
    }

    /// Given back by name: a command that is just being started has the descriptor until it is executed.
    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Does `body` while no other process does the same with this file.
    static func holding<Value>(
        _ path: String,
        _ body: () throws(StateError) -> Value
    ) throws(StateError) -> Value {
        let lock = try FileLock(opening: path)
        defer { withExtendedLifetime(lock) {} }
        while flock(lock.descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .folder(path: path, reason: String(cString: strerror(errno))) }
        }
        return try body()
    }

    /// Held together with others who share it; waits for who has it alone.
    static func sharing(_ path: String) throws(StateError) -> FileLock {
        let lock = try FileLock(opening: path)
        while flock(lock.descriptor, LOCK_SH) != 0 {
            guard errno == EINTR else { throw .folder(path: path, reason: String(cString: strerror(errno))) }
        }
        return lock
    }

    /// Throws ``StateError/held(_:)`` with what the holder wrote into the file.
    static func trying(_ path: String) throws(StateError) -> FileLock {
        let lock = try FileLock(opening: path)
        if flock(lock.descriptor, LOCK_EX | LOCK_NB) == 0 { return lock }
        guard errno == EWOULDBLOCK else { throw .folder(path: path, reason: String(cString: strerror(errno))) }
        throw .held(lock.signature())
    }

    /// What the holder wrote into the file; nil where nobody holds it.
    ///
    /// To see that, it is shared for an instant: nobody else gets it meanwhile.
    static func holder(_ path: String) throws(StateError) -> Int32? {
        guard access(path, F_OK) == 0 else { return nil }
        let lock = try FileLock(opening: path)
        if flock(lock.descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
        guard errno == EWOULDBLOCK else { throw .folder(path: path, reason: String(cString: strerror(errno))) }
        return lock.signature()
    }

    /// Says who holds it; nobody with 0.
    borrowing func sign(_ pid: Int32) {
        ftruncate(descriptor, 0)
        guard pid > 0 else { return }
        let text = "\(pid)\n"
        _ = text.withCString { pwrite(descriptor, $0, text.utf8.count, 0) }
    }

    /// The number in the file; 0 where there is none yet.
    private borrowing func signature() -> Int32 {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(count, 0)).prefix { (0x30...0x39).contains($0) }
        return Int32(String(decoding: digits, as: UTF8.self)) ?? 0
    }
}
