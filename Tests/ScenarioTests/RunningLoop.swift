/// The program as its user runs it: a real process in a real project, told by its JSON events.

import Foundation
import Synchronization
import Testing

/// One event line.
struct LoopLine: Sendable {
    let text: String
    let fields: [String: any Sendable]

    init?(_ text: String) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            return nil
        }
        self.text = text
        fields = object.mapValues { $0 as? String ?? ($0 as? Int).map { "\($0)" } ?? "\($0)" }
        refs = object["refs"] as? [String] ?? []
        paths = (object["cause"] as? [String: Any])?["paths"] as? [String] ?? []
        holds = (object["holds"] as? [[String: Any]] ?? []).compactMap { $0["node"] as? String }
    }

    let refs: [String]
    let paths: [String]
    let holds: [String]
    var event: String { string("event") }
    var node: String { string("node") }
    var kind: String { string("kind") }
    var ref: String { string("ref") }
    var digest: String { string("digest") }
    var reason: String { string("reason") }
    /// What follows the last colon of the reference.
    var tag: String { String(ref[(ref.lastIndex(of: ":").map { ref.index(after: $0) } ?? ref.startIndex)...]) }
    func string(_ name: String) -> String { fields[name] as? String ?? "" }
}

/// The program did not do in time what the test waits for.
struct Stuck: Error, CustomStringConvertible {
    var description: String
}

final class RunningLoop: Sendable {
    private struct State: Sendable {
        var lines: [LoopLine] = []
        var errors = ""
        var hasEnded = false
    }

    let process: Process
    private let state = Mutex(State())
    /// So long a test waits for an event before it gives up; generous, since nothing is measured.
    static let patience: TimeInterval = 120

    /// `wrapper`: a command that executes the one that follows it, under the same process id.
    init(
        _ project: TemporaryProject,
        _ arguments: [String] = ["up"],
        environment: [String: String] = [:],
        wrapper: [String] = []
    ) throws {
        process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = wrapper + [Programs.imgwatch.path()] + arguments + ["--output", "json"]
        process.currentDirectoryURL = project.root
        process.environment = project.environment.merging(environment) { $1 }
        let output = Pipe(), errors = Pipe()
        (process.standardOutput, process.standardError, process.standardInput) = (output, errors, FileHandle.nullDevice)
        try process.run()
        read(output) { [weak self] in self?.add($0) }
        read(errors) { [weak self] text in self?.state.withLock { $0.errors += text + "\n" } }
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    private func read(_ pipe: Pipe, _ onLine: @escaping @Sendable (String) -> Void) {
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread { [weak self] in
            var rest = Data()
            while case let data = handle.availableData, !data.isEmpty {
                rest += data
                while let end = rest.firstIndex(of: 0x0A) {
                    onLine(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                    rest = Data(rest[rest.index(after: end)...])
                }
            }
            self?.state.withLock { $0.hasEnded = true }
        }
    }

    private func add(_ text: String) {
        guard let line = LoopLine(text) else {
            Issue.record("not a JSON event: \(text)")
            return
        }
        state.withLock { $0.lines.append(line) }
    }

    var lines: [LoopLine] { state.withLock(\.lines) }
    var errors: String { state.withLock(\.errors) }
    /// How many events came so far: a place to wait from.
    var mark: Int { lines.count }

    /// The first event from `mark` on that is meant.
    @discardableResult
    func wait(from mark: Int = 0, for what: String, where isMeant: (LoopLine) -> Bool) async throws -> LoopLine {
        let deadline = Date(timeIntervalSinceNow: Self.patience)
        while Date() < deadline {
            let (lines, hasEnded) = state.withLock { ($0.lines, $0.hasEnded) }
            if let found = lines.dropFirst(mark).first(where: isMeant) { return found }
            if hasEnded, !process.isRunning { break }
            await Pause.short()
        }
        throw Stuck(
            description:
                "waited for \(what); last events:\n\(lines.suffix(30).map(\.text).joined(separator: "\n"))\n\(errors)"
        )
    }

    @discardableResult
    func wait(from mark: Int = 0, for event: String, node: String? = nil) async throws -> LoopLine {
        try await wait(from: mark, for: "\(event) \(node ?? "")") {
            $0.event == event && (node == nil || $0.node == node)
        }
    }

    /// Everything that follows from what was done since `mark`: waits for an `idle` after which nothing else came.
    @discardableResult
    func settle(from mark: Int, after event: String? = "changed") async throws -> [LoopLine] {
        if let event { try await wait(from: mark, for: event) }
        try await wait(from: mark, for: "idle as the last event") { [self] line in
            line.event == "idle" && lines.last?.text == line.text
        }
        return Array(lines.dropFirst(mark))
    }

    func interrupt() { kill(process.processIdentifier, SIGINT) }

    /// Ends the loop, and gives its exit code.
    @discardableResult
    func end() async throws -> Int32 {
        interrupt()
        return try await exit()
    }

    func exit() async throws -> Int32 {
        let deadline = Date(timeIntervalSinceNow: Self.patience)
        while process.isRunning {
            guard Date() < deadline else {
                let state = RunMark.state(of: process.processIdentifier) ?? "gone"
                throw Stuck(
                    description:
                        "the program does not end, its state is \(state); last: \(lines.suffix(10).map(\.text))"
                )
            }
            await Pause.short()
        }
        return process.terminationStatus
    }
}

/// Lets other work go on between two looks at something that can only be asked.
enum Pause {
    static func short() async { await of(milliseconds: 5) }

    static func of(milliseconds: Int) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { continuation.resume() }
        }
    }
}

extension [LoopLine] {
    /// The nodes of these events, in their order.
    func nodes(_ event: String, kind: String? = nil) -> [String] {
        filter { $0.event == event && (kind == nil || $0.kind == kind) }.map(\.node)
    }
}
