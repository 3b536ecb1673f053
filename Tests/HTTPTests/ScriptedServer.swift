/// A server whose answers a test writes byte for byte, and which says what came over which connection.

import Foundation
import Glibc
import Synchronization

@testable import HTTP

final class ScriptedServer: Sendable {
    struct Request: Sendable {
        /// From 1.
        var connection: Int
        var method: String
        var path: String
        /// Names in lower case.
        var headers: [String: String]
        var body: [UInt8]
    }

    enum Act: Sendable {
        case write(String)
        /// Again and again, until nobody reads it.
        case flood(String)
        /// Until the test lets go on.
        case hold
        /// Ends the connection.
        case close
        /// The same as a crash does it.
        case reset
    }

    typealias Script = @Sendable (Request) -> [Act]

    private let listener: Int32
    let port: Int
    private let isEarly: Bool
    private let script: Script
    private let state = Mutex(State())
    private let isHeld = DispatchSemaphore(value: 0)

    private struct State {
        var connections = 0
        var requests: [Request] = []
    }

    /// Where it is early, the script is followed before the body is read, which then never is.
    init(isEarly: Bool = false, _ script: @escaping Script) throws {
        (self.isEarly, self.script) = (isEarly, script)
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = withUnsafeMutableBytes(of: &address) { bytes in
            guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return bind(listener, pointer, length) == 0 && listen(listener, 128) == 0
                && getsockname(listener, pointer, &length) == 0
        }
        guard isBound else { throw POSIXError(.EADDRINUSE) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                guard let self else {
                    close(connection)
                    continue
                }
                Thread.detachNewThread { self.serve(connection) }
            }
            // Nobody else may: its number would be somebody else's at once.
            close(listener)
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    func address(_ path: String = "/") throws -> WebAddress {
        guard let address = WebAddress(parsing: "http://127.0.0.1:\(port)\(path)") else { throw POSIXError(.EINVAL) }
        return address
    }

    var requests: [Request] { state.withLock(\.requests) }
    var connections: Int { state.withLock(\.connections) }
    /// One that is held goes on.
    func release() { isHeld.signal() }

    /// Waits until so many requests came.
    func wait(for count: Int) async {
        while requests.count < count {
            await withCheckedContinuation { next in
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(2)) { next.resume() }
            }
        }
    }

    /// What an answer looks like.
    static func answer(_ status: Int, _ headers: [String: String] = [:], _ body: String = "") -> Act {
        let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        return .write("HTTP/1.1 \(status) Status\r\nContent-Length: \(body.utf8.count)\r\n\(lines)\r\n\(body)")
    }

    // MARK: One connection

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        let number = state.withLock { state in
            state.connections += 1
            return state.connections
        }
        var rest: [UInt8] = []
        while let request = read(connection, number, &rest) {
            state.withLock { $0.requests.append(request) }
            for act in script(request) { guard perform(act, connection) else { return } }
            if isEarly { return drain(connection) }
        }
    }

    /// What still comes is taken, or else the other side would get a reset and not the answer.
    private func drain(_ connection: Int32) {
        shutdown(connection, Int32(SHUT_WR))
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while recv(connection, &buffer, buffer.count, 0) > 0 {}
    }

    private func read(_ connection: Int32, _ number: Int, _ rest: inout [UInt8]) -> Request? {
        while rest.firstRange(of: Array("\r\n\r\n".utf8)) == nil { guard more(connection, &rest) else { return nil } }
        guard let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        rest = Array(rest[end.upperBound...])
        let words = lines[0].split(separator: " ").map(String.init)
        var request = Request(connection: number, method: words[0], path: words[1], headers: [:], body: [])
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            request.headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        if isEarly { return request }
        let length = request.headers["content-length"].flatMap { Int($0) } ?? 0
        while rest.count < length { guard more(connection, &rest) else { return nil } }
        request.body = Array(rest.prefix(length))
        rest = Array(rest.dropFirst(length))
        return request
    }

    private func more(_ connection: Int32, _ rest: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(connection, &buffer, buffer.count, 0)
        if count > 0 { rest += buffer[..<count] }
        return count > 0
    }

    private func perform(_ act: Act, _ connection: Int32) -> Bool {
        switch act {
        case .write(let text): return write(text, connection)
        case .flood(let text):
            while write(text, connection) {}
            return false
        case .hold:
            isHeld.wait()
            return true
        case .close: return false
        case .reset:
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
            return false
        }
    }

    private func write(_ text: String, _ connection: Int32) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }
}
