/// The control socket between a server and clients of this process: who gets in, and what nobody can hold up.

import Foundation
import Glibc
import Synchronization
import Testing

@testable import Serving

@Suite struct ControlServerTests {
    static let ask = ControlRequest("GET", "/v1/status")
    static let answer = ControlAnswer(200, Array(#"{"a":1}"#.utf8))

    /// Other tests may keep all threads busy that answer.
    static let long = {
        var patience = ControlServer.Patience()
        (patience.request, patience.answer) = (120, 120)
        return patience
    }()
    static let brief = {
        var patience = long
        patience.request = 1
        return patience
    }()

    private func socket(in folder: String) -> String { "\(folder)/control.sock" }

    private func mode(_ path: String) -> mode_t? {
        var raw = stat()
        return stat(path, &raw) == 0 ? raw.st_mode : nil
    }

    @Test func `it is for the user alone, answers, and is gone after stop`() async throws {
        let folder = try TemporaryFolder()
        let asked = Mutex<[ControlRequest]>([])
        let server = try ControlServer(in: folder.path, patience: Self.long) { request in
            asked.withLock { $0.append(request) }
            return Self.answer
        }
        #expect(mode(socket(in: folder.path)) == S_IFSOCK | 0o600)
        #expect(try await ask(in: folder.path) == Self.answer)
        #expect(asked.withLock(\.self) == [Self.ask])
        server.stop()
        server.stop()
        #expect(mode(socket(in: folder.path)) == nil)
        await #expect(throws: ServingError.noControl) { try await ask(in: folder.path) }
    }

    @Test func `a path that is longer than an address may be is served as well`() async throws {
        let folder = try TemporaryFolder()
        let deep =
            folder.path + "/" + Array(repeating: String(repeating: "d", count: 60), count: 3).joined(separator: "/")
        await #expect(throws: ServingError.noControl) { try await ask(in: deep) }
        try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
        await #expect(throws: ServingError.noControl) { try await ask(in: deep) }
        let server = try ControlServer(in: deep, patience: Self.long) { _ in Self.answer }
        #expect(mode(socket(in: deep)) == S_IFSOCK | 0o600)
        #expect(try await ask(in: deep) == Self.answer)
        server.stop()
        #expect(mode(socket(in: deep)) == nil)
    }

    @Test func `what a process left that is gone is nobody, and is replaced`() async throws {
        let folder = try TemporaryFolder()
        try { _ = try ControlSocket.listening(in: folder.path) }()
        #expect(mode(socket(in: folder.path)) != nil)
        await #expect(throws: ServingError.noControl) { try await ask(in: folder.path) }
        let server = try ControlServer(in: folder.path, patience: Self.long) { _ in Self.answer }
        #expect(try await ask(in: folder.path) == Self.answer)
        server.stop()
    }

    @Test func `a folder that is not there is an error that names it`() async throws {
        let error = #expect(throws: ServingError.self) { try ControlServer(in: "/nowhere/at/all") { _ in Self.answer } }
        #expect(error?.reason.contains("/nowhere/at/all/control.sock") == true)
    }

    @Test func `who says nothing, or not all, is let go, and holds up nobody`() async throws {
        let folder = try TemporaryFolder()
        let server = try ControlServer(in: folder.path, patience: Self.brief) { _ in Self.answer }
        let silent = try Client(in: folder.path)
        let slow = try Client(in: folder.path, sending: "GET /v1/st")
        #expect(try await ask(in: folder.path) == Self.answer)
        #expect(await silent.rest().isEmpty)
        #expect(await slow.rest().hasPrefix("HTTP/1.1 408 "))
        server.stop()
    }

    @Test func `garbage is refused, and so is what is too long`() async throws {
        let folder = try TemporaryFolder()
        let server = try ControlServer(in: folder.path, patience: Self.long) { _ in Self.answer }
        #expect(try await Client(in: folder.path, sending: "what?\n").rest().hasPrefix("HTTP/1.1 400 "))
        let long = String(repeating: "a", count: 1 << 20)
        #expect(try await Client(in: folder.path, sending: long).rest().hasPrefix("HTTP/1.1 413 "))
        #expect(try await ask(in: folder.path) == Self.answer)
        server.stop()
    }

    @Test func `more clients than are served at once wait for their turn`() async throws {
        let folder = try TemporaryFolder()
        let server = try ControlServer(in: folder.path, patience: Self.brief) { _ in Self.answer }
        let silent = try (0..<ControlServer.Limits.connections).map { _ in try Client(in: folder.path) }
        #expect(try await ask(in: folder.path) == Self.answer)
        withExtendedLifetime(silent) {}
        server.stop()
    }

    @Test func `who goes away before the answer, or in its middle, is no harm`() async throws {
        let folder = try TemporaryFolder()
        let large = ControlAnswer(200, [UInt8](repeating: 0x20, count: 8 << 20))
        let server = try ControlServer(in: folder.path, patience: Self.long) { _ in large }
        for count in [0, 1, 5000] { try await Client(in: folder.path, sending: "GET / HTTP/1.1\r\n\r\n").begin(count) }
        #expect(try await ask(in: folder.path) == large)
        server.stop()
    }

    @Test func `stop lets an answer under way go out`() async throws {
        let folder = try TemporaryFolder()
        let (asked, note) = AsyncStream<Void>.makeStream()
        let (allowed, allow) = AsyncStream<Void>.makeStream()
        let server = try ControlServer(in: folder.path, patience: Self.long) { _ in
            note.yield()
            await allowed.first { true }
            return Self.answer
        }
        async let answer = ask(in: folder.path)
        await asked.first { true }
        async let end: Void = offload { server.stop() }
        allow.yield()
        #expect(try await answer == Self.answer)
        await end
    }

    private func ask(in folder: String) async throws -> ControlAnswer {
        try await offload { Result { try ControlClient(in: folder, patience: 240).ask(Self.ask) } }.get()
    }
}

/// A client that sends what it likes, and then nothing.
private final class Client: Sendable {
    private let socket: ControlSocket

    init(in folder: String, sending text: String = "") throws {
        socket = try ControlSocket.connected(in: folder, patience: 240)
        socket.write(Array(text.utf8))
    }

    func begin(_ count: Int) async {
        await offload { if count > 0 { _ = self.socket.read(atMost: count) } }
    }

    /// All that comes; who does not take all that is sent ends with a reset.
    func rest() async -> String {
        await offload {
            var bytes: [UInt8] = []
            while let more = self.socket.read(atMost: 4096), !more.isEmpty { bytes += more }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

/// Waits on a thread of its own: the server's answers need those of the tasks.
private func offload<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: work()) }
    }
}
