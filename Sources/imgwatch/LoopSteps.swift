/// Runs of steps: from the void of the last success to the judgement of what was left; how commands are executed.

import Dockerfile
import Engine
import Foundation
import Glibc
import Graph
import Inputs
import Project
import Reporting
import State

extension Loop {
    /// How often outputs are read that do not hold still after the command's end.
    private static let outputAttempts = 5

    func run(_ step: Step, _ run: ActiveRun) async {
        guard let entry = nodes[step.id], let node = nodes.graph[step.id] else {
            return end(run, RunEnd(.cancelled, barrier: sequence))
        }
        let keyed = readings[step.id].flatMap { $0.operation == run.start.keying ? $0.answer.reading : nil }
        guard !run.isCancelled else { return endCancelled(run, sequence) }
        tellStarted(run)
        let command = StepCommand(step, root: nodes.project.root, environment: session.environment)
        let result = await execute(command, node, run)
        drain()
        let barrier = sequence
        ends[step.id] = barrier
        guard !run.isCancelled else { return endCancelled(run, barrier) }
        let nodes = nodes, session = session
        let check = await offload {
            (
                isUnchanged: keyed?.isUnchanged(in: entry.scope, below: nodes.project.root) ?? false,
                outputs: session.outputs(of: entry, attempts: Self.outputAttempts)
            )
        }
        let outcome: RunEnd.Outcome = result.failure.map { .failed($0) } ?? .succeeded
        drain()
        guard !run.isCancelled else { return endCancelled(run, barrier) }
        // Who wrote outputs since the command's end was not the command: what was hashed is not its result.
        let isForeign = written[step.id, default: -1] > barrier
        end(
            run,
            RunEnd(
                outcome,
                barrier: barrier,
                inputsChanged: !check.isUnchanged || check.outputs == nil || isForeign,
                outputs: check.outputs.map { Keys.outputs($0.reading) } ?? "",
                missingOutputs: check.outputs?.missing ?? []
            )
        )
    }

    /// Cancelled is cancelled, also where the command did not notice: it was told so, and runs again.
    private func endCancelled(_ run: ActiveRun, _ barrier: Sequence) {
        end(run, RunEnd(.cancelled, barrier: barrier, inputsChanged: true))
    }

    /// Returns when every process of the command is gone.
    func execute(_ command: StepCommand, _ node: Node, _ run: ActiveRun) async -> CommandResult {
        let session = session
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: Self.execute(command, node, run, session))
            }
        }
    }

    private static func execute(
        _ command: StepCommand,
        _ node: Node,
        _ run: ActiveRun,
        _ session: Session
    ) -> CommandResult {
        do {
            let child = try ChildProcess(command)
            do {
                try session.record(child.pid, of: node.id)
            } catch {
                child.discard()
                return .failed("its process could not be recorded: \(error)")
            }
            run.onCancel { child.cancel() }
            child.release()
            let end = child.wait { stream, line in
                session.tell(.log(line, of: node, stream == .stdout ? .stdout : .stderr, at: .now()))
            }
            session.forget(child.pid)
            return .ended(end)
        } catch {
            return .failed("it could not be started: \(error.reason)")
        }
    }
}

/// How the command of a step or a deploy ended.
enum CommandResult: Equatable, Sendable {
    case ended(ProcessEnd)
    case failed(String)

    /// nil where all is well.
    var failure: Failure? {
        switch self {
        case .ended(.exited(0)): nil
        case .ended(.exited(let status)): Failure("the command exited with status \(status)")
        case .ended(.signalled(let signal)):
            Failure("the command was ended by signal \(signal) (\(String(cString: strsignal(signal))))")
        case .ended(.timedOut(let limit)):
            Failure("the command ran longer than its timeout of \(Formats.duration(ms: Int(limit / .milliseconds(1))))")
        case .ended(.cancelled): Failure("the command was ended")
        case .failed(let reason): Failure(reason)
        }
    }
}

extension StepCommand {
    init(_ step: Step, root: String, environment: [String: String]) {
        self.init(
            step.command,
            in: step.directory,
            step.environment,
            timeout: step.timeout,
            root: root,
            inherited: environment
        )
    }

    /// With the loop's own environment and these variables, of two with one name the later one.
    init(
        _ command: Step.Command,
        in folder: String,
        _ environment: [KeyValue],
        timeout: Duration?,
        root: String,
        inherited: [String: String]
    ) {
        let words: [String] =
            switch command {
            case .shell(let text): ["/bin/sh", "-c", text]
            case .exec(let words): words
            }
        var variables = inherited
        for variable in environment { variables[variable.key] = variable.value }
        let directory = folder.isEmpty ? root : root + "/" + folder
        variables["PWD"] = directory
        self.init(
            words: words,
            environment: variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" },
            directory: directory,
            timeout: timeout
        )
    }
}
