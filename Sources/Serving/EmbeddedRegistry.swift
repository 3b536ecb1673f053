/// Serves the store on loopback, read and pull only, so that an image can be used the moment it is there.

import FlyingFox
import FlyingSocks
import Foundation
import Glibc
package import OCI
import Synchronization

/// Runs once; SIGPIPE must be ignored, since clients go away.
package final class EmbeddedRegistry: Sendable {
    private let server: HTTPServer
    private let port: UInt16
    private let state = Mutex(State())

    private struct State: Sendable {
        enum Phase: Sendable {
            case starting
            case listening(UInt16)
            case ended(ServingError)
        }
        var phase = Phase.starting
        var isStopping = false
        var waiters: [AsyncStream<Phase>.Continuation] = []
    }

    /// Port 0 takes a free one.
    package init(layout: ImageLayout, port: UInt16) throws(ServingError) {
        guard let address = try? sockaddr_in.inet(ip4: "127.0.0.1", port: port) else {
            throw .cannotListen(port: port, reason: "no loopback address")
        }
        self.port = port
        let configuration = HTTPServer.Configuration(
            address: address,
            pool: LoopbackSocketPool(),
            logger: .disabled
        )
        server = HTTPServer(config: configuration, handler: RegistryHandler(layout: layout))
    }

    /// Serves until ``stop()``, or until its task is cancelled.
    package func run() async throws(ServingError) {
        var end = ServingError.stopped
        do {
            async let announced: Void = announce()
            try await server.run()
            await announced
        } catch {
            if !state.withLock({ $0.isStopping }), !Task.isCancelled { end = failure(error) }
        }
        enter(.ended(end))
        if end != .stopped { throw end }
    }

    /// Waits until connections are taken.
    ///
    /// - Returns: the port.
    /// - Throws: what ``run()`` threw, or ``ServingError/stopped``.
    @discardableResult
    package func waitUntilListening() async throws(ServingError) -> UInt16 {
        let (phases, waiter) = AsyncStream<State.Phase>.makeStream()
        state.withLock { state in
            if case .starting = state.phase { state.waiters.append(waiter) } else { waiter.yield(state.phase) }
        }
        switch await phases.first(where: { _ in true }) {
        case .listening(let port): return port
        case .ended(let error): throw error
        case .starting, nil: throw .stopped
        }
    }

    /// Ends ``run()`` and cuts off the pulls that go on.
    package func stop() async {
        state.withLock { $0.isStopping = true }
        await server.stop()
    }

    private func announce() async {
        // It listens at once or never, and then this is cancelled.
        guard (try? await server.waitUntilListening(timeout: 3600)) != nil,
            case .ip4(_, port: let port) = await server.listeningAddress
        else { return }
        enter(.listening(port))
        // FlyingFox takes no notice of a stop that comes before it listens.
        if state.withLock({ $0.isStopping }) { await server.stop() }
    }

    private func enter(_ phase: State.Phase) {
        let waiters = state.withLock { state in
            state.phase = phase
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.yield(phase) }
    }

    private func failure(_ error: any Error) -> ServingError {
        guard let error = error as? SocketError, case .failed(let call, let code, let message) = error else {
            return .interrupted(reason: error.localizedDescription)
        }
        if code == EADDRINUSE { return .portInUse(port) }
        return ["CreateSocket", "Bind", "Listen"].contains(call)
            ? .cannotListen(port: port, reason: message) : .interrupted(reason: message)
    }
}
