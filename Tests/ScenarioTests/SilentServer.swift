/// What takes a connection, and never says a word: a registry behind which nobody is.

import Glibc
import Rigs

final class SilentServer: Sendable {
    private let descriptor: Int32
    /// `127.0.0.1:PORT`.
    let address: String

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        address = "127.0.0.1:\(UInt16(bigEndian: place.sin_port))"
        guard isListening else { throw RigFailure("no port to listen on: \(errno)") }
    }

    deinit { close(descriptor) }

    /// Whether somebody waits for an answer.
    var wasAsked: Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, 0) == 1
    }
}
