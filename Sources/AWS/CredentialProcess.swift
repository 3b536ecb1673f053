/// Runs the program that a profile names as its `credential_process`.

internal import Foundation
internal import HTTP
internal import OCI
internal import Synchronization

package struct CredentialProcess: Sendable {
    let words: [String]
    /// For messages; the command itself may hold a secret.
    let what: String
    let parts: AWSParts
    var limit = AWSLimits.process

    /// Those that were not ended yet, by process group.
    private static let running = Mutex<Set<pid_t>>([])

    /// Ends all that still run, with what they started; whoever waits for them is told that they gave no answer.
    package static func endAll() { running.withLock { for group in $0 { kill(-group, SIGKILL) } } }

    /// Ends the program where it takes too long, or the task is cancelled.
    func credentials() async throws(AWSError) -> AWSCredentials {
        let cancellation = Cancellation()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Waiting for a program blocks: that is for a thread of its own.
                Thread.detachNewThread {
                    let result: Result<Ended, AWSError>
                    do throws(AWSError) { result = .success(try run(cancellation)) } catch { result = .failure(error) }
                    continuation.resume(returning: result)
                }
            }
        } onCancel: {
            cancellation.isOver.store(true, ordering: .relaxed)
        }
        return try credentials(try result.get())
    }

    private func credentials(_ ended: Ended) throws(AWSError) -> AWSCredentials {
        guard ended.status == 0 else {
            let lines = String(decoding: ended.errors, as: UTF8.self).split(whereSeparator: \.isNewline)
            // What is as long as a token may be one.
            let said = (lines.last { !$0.trimmed.isEmpty }?.trimmed ?? "").split(separator: " ")
                .map { $0.utf8.count < Self.shortestToken ? String($0) : "…" }
            let last = said.isEmpty ? "" : ": \(said.joined(separator: " "))"
            // As of /usr/bin/env.
            if ended.status == 127 { throw problem("can't be started: there is no program \(words[0])") }
            throw problem("failed with status \(ended.status)\(parts.secrets.redact(last))")
        }
        guard let json = try? JSON(parsing: ended.output, subject: what) else { throw problem("wrote no JSON") }
        guard json["Version"]?.integer == 1 else { throw problem("wrote no `\"Version\": 1`") }
        guard let credentials = AWSCredentials(json, token: "SessionToken", provider: what) else {
            throw problem("wrote no AccessKeyId, no SecretAccessKey, or an Expiration that is no date")
        }
        return credentials
    }

    /// In bytes.
    private static let shortestToken = 40

    private func problem(_ reason: String) -> AWSError {
        AWSError("\(what) \(reason)", remedy: "run that command by hand: it must print JSON with Version 1")
    }

    private struct Ended {
        var status: Int32
        var output: [UInt8]
        var errors: [UInt8]
    }

    private final class Cancellation: Sendable {
        let isOver = Atomic(false)
    }

    private func run(_ cancellation: Cancellation) throws(AWSError) -> Ended {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["--"] + words
        process.environment = parts.environment
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        do { try process.run() } catch { throw problem("can't be started") }
        // It has a group of its own, and so have those that it starts.
        let group = process.processIdentifier
        Self.running.withLock { _ = $0.insert(group) }
        defer { Self.running.withLock { _ = $0.remove(group) } }
        var drain = Drain([output.fileHandleForReading, errors.fileHandleForReading])
        let deadline = DispatchTime.now() + .milliseconds(limit)
        var fault: AWSError?
        // One may close its output and live on.
        while fault == nil, !drain.isAtEnd || process.isRunning {
            if cancellation.isOver.load(ordering: .relaxed) { fault = .notNeeded }
            if DispatchTime.now() >= deadline { fault = problem("did not end within \(limit) ms") }
            if drain.isTooLong { fault = problem("wrote more than can be credentials") }
            drain.read()
        }
        if fault != nil { kill(-group, SIGKILL) }
        process.waitUntilExit()
        if let fault { throw fault }
        return Ended(status: process.terminationStatus, output: drain.bytes[0], errors: drain.bytes[1])
    }
}

/// Reads several pipes side by side: a program that fills one waits there for ever.
private struct Drain {
    private let handles: [FileHandle]
    private(set) var bytes: [[UInt8]]
    private var open: [Bool]
    /// How often it is looked whether the answer is still needed, in milliseconds.
    private static let glance: Int32 = 50

    init(_ handles: [FileHandle]) {
        self.handles = handles
        bytes = handles.map { _ in [] }
        open = handles.map { _ in true }
    }

    var isAtEnd: Bool { !open.contains(true) }
    var isTooLong: Bool { bytes.contains { $0.count > AWSLimits.longestOutput } }

    mutating func read() {
        // A negative descriptor is left out.
        var waiting = handles.indices.map { index in
            pollfd(fd: open[index] ? handles[index].fileDescriptor : -1, events: Int16(POLLIN), revents: 0)
        }
        guard poll(&waiting, nfds_t(waiting.count), isAtEnd ? 2 : Self.glance) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 4096)
        for index in handles.indices where waiting[index].revents != 0 {
            let count = Foundation.read(handles[index].fileDescriptor, &buffer, buffer.count)
            if count > 0 {
                bytes[index] += buffer[..<count]
            } else if count == 0 || errno != EINTR {
                open[index] = false
            }
        }
    }
}
