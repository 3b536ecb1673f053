/// Serves the control socket: HTTP/1.1, one request a connection, and a limit on all that a client can hold up.
///
/// FlyingFox serves the registry, and not this: it sets no mode before it binds, and no limit on the length of a
/// request, on the number of connections, and on how long one may say nothing.

import Foundation
import Glibc
import Synchronization

package final class ControlServer: Sendable {
    package typealias Handler = @Sendable (ControlRequest) async -> ControlAnswer

    package enum Limits {
        /// Connections that are served at once, each by a thread; the next ones wait.
        package static let connections = 16
        /// Connections that wait.
        static let waiting: Int32 = 64
        /// Bytes of a request's lines.
        package static let head = 16 << 10
        /// Bytes of a request's body.
        package static let body = 16 << 10
        /// Seconds that the server's end waits for answers under way.
        static let end = 2
    }

    /// In seconds.
    package struct Patience: Sendable {
        /// For a request, until all of it is there.
        package var request = 2
        /// For the answer, until it is known; and as long again, until it is taken.
        package var answer = 5
        package init() {}
    }

    private struct State: Sendable {
        var isStopped = false
        var connections: [ObjectIdentifier: Connection] = [:]
    }

    private let folder: String
    private let listener: ControlSocket
    private let handler: Handler
    private let patience: Patience
    private let state = Mutex(State())
    /// Made with none: one that goes with fewer than it was made with ends the program.
    private let slots = DispatchSemaphore(value: 0)
    private let exchanges = DispatchGroup()
    private let deadlines = DispatchQueue(label: "deadlines")

    /// Listens in a folder from now on; nobody else may be alive who listens there.
    package init(
        in folder: String,
        patience: Patience = Patience(),
        handler: @escaping Handler
    ) throws(ServingError) {
        (self.folder, self.patience, self.handler) = (folder, patience, handler)
        listener = try ControlSocket.listening(in: folder)
        for _ in 0..<Limits.connections { slots.signal() }
        Thread.detachNewThread { [self] in accept() }
    }

    /// Takes the socket away, lets the answers under way go out, and cuts off who has not asked yet; may be called
    /// twice.
    package func stop() {
        let open = state.withLock { state in
            state.isStopped = true
            return Array(state.connections.values)
        }
        ControlSocket.remove(from: folder)
        listener.end()
        for connection in open where !connection.isAsked { connection.socket.end() }
        if exchanges.wait(timeout: .now() + .seconds(Limits.end)) == .timedOut {
            for connection in open { connection.socket.end() }
        }
    }

    private func accept() {
        while true {
            slots.wait()
            guard let socket = listener.accept() else { return }
            let connection = Connection(socket)
            let isWanted = state.withLock { state in
                guard !state.isStopped else { return false }
                state.connections[ObjectIdentifier(connection)] = connection
                exchanges.enter()
                return true
            }
            guard isWanted else { return }
            Thread.detachNewThread { [self] in
                serve(connection)
                // Who else holds it for a moment does not keep the client waiting.
                connection.socket.end()
                state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
                slots.signal()
                exchanges.leave()
            }
        }
    }

    private func serve(_ connection: Connection) {
        guard connection.socket.isOfSameUser else {
            connection.socket.write(ControlAnswer.foreign.bytes)
            return
        }
        after(patience.request, connection) { if !$0.isAsked { $0.socket.endReading() } }
        after(patience.request + 2 * patience.answer, connection) { $0.socket.end() }
        guard let answer = answer(connection) else { return }
        connection.socket.write(answer.bytes)
    }

    /// nil for who went away without a word.
    private func answer(_ connection: Connection) -> ControlAnswer? {
        var bytes: [UInt8] = []
        while true {
            switch ControlRequest.reading(bytes) {
            case .request(let request):
                connection.noteAsked()
                return answer(request)
            case .refusal(let refusal): return refusal
            case .more: break
            }
            guard let more = connection.socket.read(atMost: 4096), !more.isEmpty else {
                return bytes.isEmpty ? nil : .late
            }
            bytes += more
        }
    }

    private func answer(_ request: ControlRequest) -> ControlAnswer {
        let found = Box()
        let isThere = DispatchSemaphore(value: 0)
        let handler = handler
        Task {
            let answer = await handler(request)
            found.answer.withLock { $0 = answer }
            isThere.signal()
        }
        _ = isThere.wait(timeout: .now() + .seconds(patience.answer))
        return found.answer.withLock(\.self) ?? .busy
    }

    private func after(_ seconds: Int, _ connection: Connection, _ action: @escaping @Sendable (Connection) -> Void) {
        deadlines.asyncAfter(deadline: .now() + .seconds(seconds)) { [weak connection] in
            if let connection { action(connection) }
        }
    }
}

/// A client's connection; closed when nobody holds it.
private final class Connection: Sendable {
    let socket: ControlSocket
    private let asked = Atomic(false)

    init(_ socket: consuming ControlSocket) { self.socket = socket }

    /// Its request was read.
    var isAsked: Bool { asked.load(ordering: .acquiring) }
    func noteAsked() { asked.store(true, ordering: .releasing) }
}

private final class Box: Sendable {
    let answer = Mutex<ControlAnswer?>(nil)
}
