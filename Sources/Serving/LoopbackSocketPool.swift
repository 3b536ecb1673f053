/// Sets what FlyingFox leaves unset on its sockets, at the only place where it hands them out: its pool of sockets that
/// wait.

import FlyingFox
import FlyingSocks
import Glibc

struct LoopbackSocketPool: AsyncSocketPool {
    private let base: any AsyncSocketPool = HTTPServer.defaultPool()

    func prepare() async throws { try await base.prepare() }

    func run() async throws { try await base.run() }

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        // A step must not inherit a connection, and never the port.
        _ = fcntl(socket.file.rawValue, F_SETFD, FD_CLOEXEC)
        // Header and body are two writes: without this the second waits until the client acknowledges the first, up to
        // 40 ms. What is accepted inherits it from the listening socket, which waits here before anything is accepted.
        var isOn: Int32 = 1
        setsockopt(socket.file.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        try await base.suspendSocket(socket, untilReadyFor: events)
    }
}
