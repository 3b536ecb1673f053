/// Asks `docker-credential-NAME`, the programs that keep credentials for docker (docker-credential-helpers' protocol).

internal import Foundation
internal import OCI
internal import Synchronization

package enum CredentialHelper {
    /// Those that were not ended yet, by process group.
    private static let running = Mutex<Set<pid_t>>([])

    /// Ends all that still run, with what they started; whoever waits for them is told that they gave no answer.
    package static func endAll() { running.withLock { for group in $0 { kill(-group, SIGKILL) } } }

    /// A helper that takes longer is ended; in milliseconds.
    static let limit = 30_000
    private static let longestAnswer = 1 << 20

    /// Blocks; ends the helper where the answer is not needed any more, or takes longer than `limit` milliseconds.
    ///
    /// - Returns: `.none` where it knows none.
    static func ask(
        _ name: String,
        for server: String,
        environment: [String: String],
        limit: Int = limit,
        isOver: () -> Bool = { false }
    ) throws(RegistryError) -> Credential {
        let program = "docker-credential-\(name)"
        // It must not be one that prints the password.
        let remedy = "run `\(program) list` to see whether it works, log in again, or name another helper"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program, "get"]
        process.environment = environment
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        process.standardError = FileHandle.nullDevice
        // As long as somebody could read it, writing it raises no signal, even where the helper is gone already.
        let reader = dup(input.fileHandleForReading.fileDescriptor)
        defer { close(reader) }
        do {
            try process.run()
        } catch {
            throw RegistryError("\(program) can't be started", remedy: remedy)
        }
        // It has a group of its own, and so have those that it starts.
        let group = process.processIdentifier
        running.withLock { _ = $0.insert(group) }
        defer { running.withLock { _ = $0.remove(group) } }
        try? input.fileHandleForWriting.write(contentsOf: Data(server.utf8))
        try? input.fileHandleForWriting.close()
        let deadline = DispatchTime.now() + .milliseconds(limit)
        var answer = read(output.fileHandleForReading, until: deadline, isOver)
        // One may close its output and live on.
        while case .whole = answer, process.isRunning {
            if isOver() { answer = .notNeeded } else if DispatchTime.now() >= deadline { answer = .late }
            poll(nil, 0, 2)
        }
        if case .whole = answer {} else { kill(-group, SIGKILL) }
        process.waitUntilExit()
        let bytes: [UInt8]
        switch answer {
        case .whole(let all): bytes = all
        case .tooLong: throw RegistryError("\(program) answered what can't be read", remedy: remedy)
        case .late: throw RegistryError("\(program) did not answer in time", remedy: remedy)
        case .notNeeded: throw .notNeeded
        }
        if process.terminationStatus == 127 {
            throw RegistryError("there is no program \(program)", remedy: "install it, or take it out of config.json")
        }
        return try parse(bytes, status: process.terminationStatus, program, remedy)
    }

    private static func parse(
        _ answer: [UInt8],
        status: Int32,
        _ program: String,
        _ remedy: String
    ) throws(RegistryError) -> Credential {
        guard status == 0 else {
            let text = String(decoding: answer, as: UTF8.self)
            if text.contains("credentials not found") { return .none }
            // What it says may hold what must not be shown.
            throw RegistryError("\(program) failed with status \(status)", remedy: remedy, isTransient: true)
        }
        guard let json = try? JSON(parsing: answer, subject: program), let secret = json["Secret"]?.text else {
            throw RegistryError("\(program) answered what can't be read", remedy: remedy)
        }
        let user = json["Username"]?.text ?? ""
        if user.isEmpty && secret.isEmpty { return .none }
        return user == "<token>" ? .identityToken(secret) : .password(user: user, password: secret)
    }

    private enum Answer {
        case whole([UInt8])
        case tooLong
        case late
        case notNeeded
    }

    private static func read(_ handle: FileHandle, until deadline: DispatchTime, _ isOver: () -> Bool) -> Answer {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= longestAnswer {
            if isOver() { return .notNeeded }
            guard DispatchTime.now() < deadline else { return .late }
            var waiting = pollfd(fd: handle.fileDescriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, glance) > 0 else { continue }
            let count = Foundation.read(handle.fileDescriptor, &buffer, buffer.count)
            if count == 0 { return .whole(bytes) }
            if count > 0 { bytes += buffer[..<count] } else if errno != EINTR { return .late }
        }
        return .tooLong
    }

    /// How often it is looked whether the answer is still needed, in milliseconds.
    private static let glance: Int32 = 50
}
