/// A TCP port on loopback: is it free, and if not, who has it?

import Glibc

struct LocalPort {
    let number: UInt16

    init(_ number: UInt16) { self.number = number }

    /// Whether a server could listen there now.
    ///
    /// Connections that are just ending are no obstacle.
    var isFree: Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = number.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 }
        }
    }

    /// The program that listens, as `NAME (process PID)`; nil where it is another user's, or nobody's.
    func listener() -> String? {
        let sockets = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { path in
            (KernelFiles.text(path) ?? "").split(separator: "\n").compactMap { listeningSocket($0) }
        }
        guard !sockets.isEmpty else { return nil }
        for process in ProcessStatus.all() {
            let folder = "/proc/\(process.pid)"
            let isOwner = KernelFiles.names(in: folder + "/fd").contains { name in
                KernelFiles.target(of: "\(folder)/fd/\(name)").map { sockets.contains($0) } ?? false
            }
            if isOwner { return "\(KernelFiles.line(folder + "/comm") ?? "a program") (process \(process.pid))" }
        }
        return nil
    }

    /// `N: ADDRESS:PORT REMOTE STATE QUEUES TIMER RETRANSMITS UID TIMEOUT INODE …`; state 0A is LISTEN.
    private func listeningSocket(_ line: Substring) -> String? {
        let fields = line.split(separator: " ")
        guard fields.count > 9, fields[3] == "0A", let port = fields[1].split(separator: ":").last,
            UInt16(port, radix: 16) == number
        else { return nil }
        return "socket:[\(fields[9])]"
    }
}
