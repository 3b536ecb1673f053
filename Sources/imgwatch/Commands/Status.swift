/// `imgwatch status`, `retry` and `stop`: what speaks to a running loop.

import ArgumentParser
import Foundation
import Glibc
import Graph
import OCI
import Project
import Reporting
import Serving

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what the running loop does, and how each step and image is.",
        discussion: """
            Exit code 0 where a loop answers, however its nodes are; 1 where none runs, and the project uses no AWS, \
            of which all can be told without one.
            """
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let running = try RunningProcess(options)
        guard let answer = try running.ask(Control.status) else { return try await tellAlone(running) }
        if options.isJSON, answer.status == 200 {
            _ = Output.standard.write(answer.body + [0x0A])
            return
        }
        tell(try running.content(answer, as: LoopStatus.self))
    }

    /// What AWS builds and shows can be told without a loop.
    private func tellAlone(_ running: RunningProcess) async throws {
        guard let opening = try? Opening(options, purpose: .plan), opening.project.cloud != nil else {
            throw running.none
        }
        let session = try opening.session()
        let project = try await opening.prepare(session)
        let loop = Loop(session, project: project, selected: project.graph, mode: .plan)
        await loop.run()
        let status = await loop.fullStatus()
        session.end()
        if options.isJSON {
            _ = Output.standard.write(status.json + [0x0A])
        } else {
            tell(status)
        }
    }

    private func tell(_ status: LoopStatus) {
        let style = Style.style(
            environment: ProcessInfo.processInfo.environment,
            isTerminal: Output.standard.isTerminal
        )
        Say.line(status.text(colour: style.isColoured))
    }
}

struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let what failed in the running loop start again, though nothing that it reads changed."
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let running = try RunningProcess(options)
        guard let answer = try running.ask(Control.retry) else { throw running.none }
        let found = try running.content(answer, as: RetryAnswer.self)
        guard !options.isJSON else { return Say.json(found.json) }
        if found.retried.isEmpty, found.failed.isEmpty { Say.line("nothing failed: there is nothing to try again") }
        if !found.retried.isEmpty { Say.line("starts again: \(found.retried.joined(separator: ", "))") }
        for failure in found.failed { Say.line("another try does not help \(failure.node): \(failure.reason)") }
    }
}

struct Trigger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let what waits for your word in the running loop start: builds in AWS under `confirm: true`."
    )

    @OptionGroup var options: CommonOptions

    private struct Answer: Decodable { var triggered: [String] }

    func run() async throws {
        let running = try RunningProcess(options)
        guard let answer = try running.ask(Control.trigger) else { throw running.none }
        let names = try running.content(answer, as: Answer.self).triggered
        guard !options.isJSON else { return Say.json(.object([.init("triggered", .texts(names))])) }
        Say.line(names.isEmpty ? "nothing waits for you" : "starts: \(names.joined(separator: ", "))")
    }
}

struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End the running loop in order, as one Ctrl-C does, and return when it is gone.",
        discussion: "Exit code 0 when no loop runs any more, also where none ran."
    )

    @OptionGroup var options: CommonOptions

    /// A step that does not heed TERM is killed after 5 s; an image is packed in less than this.
    private static let patience = 120
    /// Seconds from one word to the next.
    private static let pause = 3
    /// Looks a second.
    private static let rate = 20

    func run() async throws {
        let running = try RunningProcess(options)
        guard let pid = try ask(running) else {
            return options.isJSON ? Say.json(Self.json(nil)) : Say.line("no imgwatch runs in \(running.root)")
        }
        try await wait(for: running, pid)
        options.isJSON ? Say.json(Self.json(pid)) : Say.line("process \(pid) has ended")
    }

    /// One that does not listen yet, since it asks registries at its start, is told by a signal.
    private func ask(_ running: RunningProcess) throws -> Int32? {
        do {
            guard let answer = try running.ask(Control.stop, attempts: 3) else { return nil }
            return try running.content(answer, as: Stopping.self).pid
        } catch {
            guard let pid = try running.holder() else { return nil }
            guard pid > 0, !running.isListening, kill(pid, SIGINT) == 0 else { throw error }
            return pid
        }
    }

    private func wait(for running: RunningProcess, _ pid: Int32) async throws {
        for look in 1...(Self.patience * Self.rate) {
            // Another one that has started meanwhile is not waited for.
            let holder = try running.holder()
            if holder == nil || holder != pid && holder != 0 { return }
            if look % (Self.pause * Self.rate) == 0 {
                Say.error("waiting for process \(pid)\(reason(running)); \(look / Self.rate) s")
            }
            try await Task.sleep(for: .milliseconds(1000 / Self.rate))
        }
        throw SessionError(
            reason: "process \(pid) has not ended within \(Self.patience) s",
            remedy: "`imgwatch stop` waits on; `kill -INT \(pid)` ends it at once"
        )
    }

    /// ` to end build-ui`, where it says so.
    private func reason(_ running: RunningProcess) -> String {
        guard let answer = try? running.ask(Control.status, attempts: 1),
            let status = try? running.content(answer, as: LoopStatus.self)
        else { return "" }
        let nodes = status.nodes.filter { [.running, .ending].contains($0.status) }.map(\.node)
        return nodes.isEmpty ? "" : " to end \(Formats.list(nodes))"
    }

    private struct Stopping: Decodable { var pid: Int32 }

    private static func json(_ pid: Int32?) -> JSON {
        .object(
            [.init("version", .integer(LoopStatus.version)), .init("ended", .boolean(pid != nil))]
                + (pid.map { [.init("pid", .integer($0))] } ?? [])
        )
    }
}
