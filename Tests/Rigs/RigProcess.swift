/// A server in a process of its own, told what to do by lines of JSON; it ends when nobody is left to tell it anything.

import Foundation
import Glibc
import Synchronization

/// For commands that have no fields, and answers that say nothing.
struct Empty: Codable, Sendable {}

final class RigProcess: Sendable {
    private struct Command<Fields: Encodable>: Encodable {
        var `do`: String
        var with: Fields
    }

    private struct Reply<Answer: Decodable>: Decodable {
        var answer: Answer?
        var problem: String?
    }

    private let process: pid_t
    private let name: String
    /// The line, and what was read of it beyond the last answer.
    private let line: Mutex<(socket: Int32, rest: [UInt8])>
    /// So long a server may take for an answer: milliseconds, generous, since nothing is measured.
    private static let patience: Int32 = 120_000
    private static let scripts = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "servers").path

    /// Starts a script of the folder `servers`, by a Python that has what it imports.
    init(_ script: String, _ settings: some Encodable, python: String = "python3") throws {
        var sockets: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &sockets) == 0 else { throw RigFailure("no socket: errno \(errno)") }
        defer { close(sockets[1]) }
        let text = String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
        let words = [python, "-B", "\(Self.scripts)/\(script).py", text]
        name = script
        line = Mutex((sockets[0], []))
        do {
            let environment = ProcessInfo.processInfo.environment
            process = try Spawning.start(words, environment, [sockets[1], sockets[1], STDERR_FILENO])
        } catch {
            close(sockets[0])
            throw error
        }
    }

    deinit {
        _ = line.withLock { close($0.socket) }
        let process = process
        Thread.detachNewThread { _ = Spawning.end(of: process) }
    }

    /// What the server says first, when it is ready; throws where it can't be.
    func first<Answer: Decodable>(as type: Answer.Type) throws -> Answer {
        let text = try line.withLock { line in try read(&line) }
        return try Self.value(in: text, as: type).orThrow(RigFailure("\(name) says nothing"))
    }

    /// Tells a command, and gives the answer; nil where that is nothing.
    @discardableResult
    func tell<Answer: Decodable>(
        _ command: String,
        _ fields: some Encodable = Empty(),
        as type: Answer.Type = Empty.self
    ) throws -> Answer? {
        let text = try JSONEncoder().encode(Command(do: command, with: fields)) + [0x0A]
        let reply = try line.withLock { line in
            var rest = ArraySlice(text)
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { send(line.socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { throw RigFailure("\(name) is gone") }
                rest = rest.dropFirst(count)
            }
            return try read(&line)
        }
        return try Self.value(in: reply, as: type)
    }

    func ask<Answer: Decodable>(_ command: String, as type: Answer.Type) throws -> Answer {
        try tell(command, as: type).orThrow(RigFailure("\(name) does not answer \(command)"))
    }

    private func read(_ line: inout (socket: Int32, rest: [UInt8])) throws -> [UInt8] {
        var searched = 0
        while true {
            if let end = line.rest[searched...].firstIndex(of: 0x0A) {
                defer { line.rest.removeFirst(end + 1) }
                return Array(line.rest[..<end])
            }
            searched = line.rest.count
            var wanted = pollfd(fd: line.socket, events: Int16(POLLIN), revents: 0)
            let isThere = poll(&wanted, 1, Self.patience)
            if isThere < 0, errno == EINTR { continue }
            guard isThere > 0 else { throw RigFailure("\(name) does not answer") }
            let piece = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                count = max(0, recv(line.socket, buffer.baseAddress, buffer.count, 0))
            }
            guard !piece.isEmpty else { throw RigFailure("\(name) ended by itself") }
            line.rest += piece
        }
    }

    private static func value<Answer: Decodable>(in text: [UInt8], as type: Answer.Type) throws -> Answer? {
        let reply = try JSONDecoder().decode(Reply<Answer>.self, from: Data(text))
        if let problem = reply.problem { throw RigFailure(problem) }
        return reply.answer
    }
}

extension Optional {
    func orThrow(_ failure: RigFailure) throws -> Wrapped {
        guard let self else { throw failure }
        return self
    }
}
