/// The imgwatch that works on a project, seen from another process: whether there is one, and what it answers.

import Foundation
import Glibc
import Project
import Reporting
import Serving
import State

struct RunningProcess {
    /// The project's folder.
    let root: String
    let folders: StateFolders
    private let client: ControlClient

    /// Of the project of a configuration, which need not be a good one.
    init(_ options: CommonOptions) throws {
        let folder = (try options.configuration() as NSString).deletingLastPathComponent
        root =
            realpath(folder, nil).map { path in
                defer { free(path) }
                return String(cString: path)
            } ?? folder
        folders = StateFolders.forProject(root: root, environment: ProcessInfo.processInfo.environment)
        client = ControlClient(in: folders.state)
    }

    /// Its process; nil where none works on the project.
    func holder() throws -> Int32? { try ProjectLock.holder(folders) }

    /// Whether its socket is there, whoever answers on it.
    var isListening: Bool { FileManager.default.fileExists(atPath: folders.state + "/control.sock") }

    /// What it answers; nil where none works on the project, whatever one that crashed left.
    ///
    /// One that is just starting is asked again, so many times.
    func ask(_ request: ControlRequest, attempts: Int = Self.attempts) throws -> ControlAnswer? {
        for _ in 0..<attempts {
            do {
                return try client.ask(request)
            } catch ServingError.noControl {
                guard try holder() != nil else { return nil }
            } catch {
                guard let pid = try holder() else { return nil }
                throw mute(pid, "\(error.reason)")
            }
            Thread.sleep(forTimeInterval: Self.pause)
        }
        guard let pid = try holder() else { return nil }
        throw mute(pid, "it does not listen on \(folders.state)/control.sock")
    }

    private static let attempts = 30
    /// Seconds.
    private static let pause = 0.1

    private func mute(_ pid: Int32, _ reason: String) -> SessionError {
        SessionError(
            reason: "process \(pid), which works on \(root), does not answer: \(reason)",
            remedy: "it may be starting or ending, or hang: try again; `kill -INT \(pid)` ends it"
        )
    }

    var none: SessionError {
        SessionError(
            reason: "no imgwatch runs in \(root)",
            remedy: "`imgwatch` starts the loop, `imgwatch plan` says what would run"
        )
    }

    /// What an answer says; throws where it is a refusal.
    func content<Value: Decodable>(_ answer: ControlAnswer, as type: Value.Type) throws -> Value {
        guard answer.status < 300 else {
            let refusal = try? JSONDecoder().decode([String: String].self, from: Data(answer.body))
            throw SessionError(
                reason: refusal?["error"] ?? "it answers with status \(answer.status)",
                remedy: "`imgwatch status` says what it does"
            )
        }
        do {
            return try JSONDecoder().decode(type, from: Data(answer.body))
        } catch {
            throw SessionError(
                reason: "what the running imgwatch answers is not understood",
                remedy: "it is of another version: `imgwatch stop`, and start it again; `--json` shows its answer"
            )
        }
    }
}
