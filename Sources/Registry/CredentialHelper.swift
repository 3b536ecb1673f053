/// Asks `docker-credential-NAME`, the programs that keep credentials for docker (docker-credential-helpers' protocol).

internal import Foundation
internal import OCI

enum CredentialHelper {
    /// A helper that takes longer is ended; in milliseconds.
    static let limit = 30_000
    private static let longestAnswer = 1 << 20

    /// Blocks.
    ///
    /// - Returns: `.none` where it knows none.
    static func ask(
        _ name: String,
        for server: String,
        environment: [String: String],
        limit: Int = limit
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
        try? input.fileHandleForWriting.write(contentsOf: Data(server.utf8))
        try? input.fileHandleForWriting.close()
        guard let answer = read(output.fileHandleForReading, within: limit) else {
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            throw RegistryError("\(program) did not answer in time", remedy: remedy)
        }
        process.waitUntilExit()
        if process.terminationStatus == 127 {
            throw RegistryError("there is no program \(program)", remedy: "install it, or take it out of config.json")
        }
        return try parse(answer, status: process.terminationStatus, program, remedy)
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
            throw RegistryError("\(program) failed with status \(status)", remedy: remedy)
        }
        guard let json = try? JSON(parsing: answer, subject: program), let secret = json["Secret"]?.text else {
            throw RegistryError("\(program) answered what can't be read", remedy: remedy)
        }
        let user = json["Username"]?.text ?? ""
        if user.isEmpty && secret.isEmpty { return .none }
        return user == "<token>" ? .identityToken(secret) : .password(user: user, password: secret)
    }

    /// nil where it takes too long, or never ends.
    private static func read(_ handle: FileHandle, within limit: Int) -> [UInt8]? {
        let deadline = DispatchTime.now() + .milliseconds(limit)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= longestAnswer {
            let left = Int64(deadline.uptimeNanoseconds) - Int64(DispatchTime.now().uptimeNanoseconds)
            var waiting = pollfd(fd: handle.fileDescriptor, events: Int16(POLLIN), revents: 0)
            guard left > 0 else { return nil }
            // Without an answer the time is looked at again.
            guard poll(&waiting, 1, Int32(clamping: left / 1_000_000 + 1)) > 0 else { continue }
            let count = Foundation.read(handle.fileDescriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count > 0 { bytes += buffer[..<count] } else if errno != EINTR { return nil }
        }
        return nil
    }
}
