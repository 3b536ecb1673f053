/// The Unix socket through which commands speak to a loop: where it is, who may speak, and how its bytes move.

import Glibc

/// A connected or a listening socket; closed with the value.
struct ControlSocket: ~Copyable, Sendable {
    static let name = "control.sock"

    let descriptor: Int32

    private init(adopting descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    private static func make() throws(ServingError) -> ControlSocket {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw .control(path: name, reason: reason()) }
        return ControlSocket(adopting: descriptor)
    }

    /// Listens in a folder; takes the place of a socket that lies there.
    static func listening(in folder: String) throws(ServingError) -> ControlSocket {
        let made = try make()
        let path = "\(folder)/\(name)"
        guard unlink(path) == 0 || errno == ENOENT else { throw .control(path: path, reason: reason()) }
        // The file gets the mode that the socket has when it is bound: there is no moment at which others may connect.
        guard fchmod(made.descriptor, 0o600) == 0 else { throw .control(path: path, reason: reason()) }
        try withAddress(in: folder) { address, length throws(ServingError) in
            guard bind(made.descriptor, address, length) == 0 else { throw .control(path: path, reason: reason()) }
        }
        guard listen(made.descriptor, ControlServer.Limits.waiting) == 0 else {
            throw .control(path: path, reason: reason())
        }
        return made
    }

    /// Connects to who listens in a folder; each step of the exchange takes so many seconds at most.
    static func connected(in folder: String, patience: Int) throws(ServingError) -> ControlSocket {
        let made = try make()
        let path = "\(folder)/\(name)"
        var time = timeval(tv_sec: patience, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(made.descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
        try withAddress(in: folder) { address, length throws(ServingError) in
            guard connect(made.descriptor, address, length) != 0 else { return }
            throw [ENOENT, ECONNREFUSED].contains(errno) ? .noControl : .control(path: path, reason: reason())
        }
        guard made.isOfSameUser else { throw .control(path: path, reason: "another user listens there") }
        return made
    }

    static func remove(from folder: String) { unlink("\(folder)/\(name)") }

    /// Both directions: who reads sees the end, who waits for a connection gets none.
    borrowing func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }
    /// Who reads here sees the end; an answer may still be written.
    borrowing func endReading() { shutdown(descriptor, Int32(SHUT_RD)) }

    /// nil where no more will come.
    borrowing func accept() -> ControlSocket? {
        while true {
            let connection = Glibc.accept(descriptor, nil, nil)
            if connection >= 0 {
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                return ControlSocket(adopting: connection)
            }
            switch errno {
            case EINTR, ECONNABORTED: continue
            // Nothing to connect with for now: who waits goes on waiting.
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: poll(nil, 0, 100)
            default: return nil
            }
        }
    }

    /// Whether who is at the other end runs as the user that we run as (`SO_PEERCRED`: process, user, group).
    var isOfSameUser: Bool {
        var credentials: (pid: Int32, uid: UInt32, gid: UInt32) = (0, .max, .max)
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0
            && credentials.uid == geteuid()
    }

    /// Empty at the end; nil where it can't be read, or nothing came in time.
    borrowing func read(atMost count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        while true {
            let read = recv(descriptor, &bytes, count, 0)
            if read >= 0 { return Array(bytes.prefix(read)) }
            if errno != EINTR { return nil }
        }
    }

    /// - Returns: false where the other end is gone, or does not take it.
    @discardableResult
    borrowing func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 { sent += count } else if errno != EINTR { return false }
        }
        return true
    }

    private static func reason() -> String { String(cString: strerror(errno)) }

    /// Where a path is longer than an address may be, the open folder stands for its path.
    private static func withAddress(
        in folder: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws(ServingError) -> Void
    ) throws(ServingError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = "\(folder)/\(name)"
        var opened: Int32 = -1
        defer { if opened >= 0 { close(opened) } }
        if path.utf8.count >= MemoryLayout.size(ofValue: address.sun_path) {
            opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard opened >= 0 else { throw errno == ENOENT ? .noControl : .control(path: path, reason: reason()) }
            path = "/proc/self/fd/\(opened)/\(name)"
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        try withUnsafeBytes(of: &address) { bytes throws(ServingError) in
            guard let start = bytes.baseAddress else { return }
            try body(start.assumingMemoryBound(to: sockaddr.self), length)
        }
    }
}
