/// A program that is asked for its version: found or not, and what it says within a few seconds.

import Foundation
import Reporting

struct Program {
    enum Answer: Equatable, Sendable {
        case missing
        /// The first line.
        case answered(String)
        /// What it said last, or how it ended.
        case failed(String)
    }

    private let name: String
    private let environment: [String: String]

    init(_ name: String, _ patient: Patient) { (self.name, environment) = (name, patient.environment) }

    private static let patience: Duration = .seconds(3)

    /// Whether it is found along the `PATH`.
    static func isInstalled(_ name: String, in environment: [String: String]) -> Bool {
        (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
    }

    /// Blocks until it has ended.
    func run(_ words: [String]) -> Answer {
        guard Self.isInstalled(name, in: environment) else { return .missing }
        // KILL at once: what hangs is not asked twice.
        let limited = ["timeout", "-s", "KILL", "\(Self.patience.components.seconds)", name] + words
        let command = StepCommand(
            words: limited,
            environment: environment.map { "\($0.key)=\($0.value)" },
            directory: "/",
            timeout: Self.patience + .seconds(1)
        )
        var (said, complained): ([String], [String]) = ([], [])
        do {
            let child = try ChildProcess(command)
            child.release()
            let end = child.wait { stream, line in
                let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespaces)
                guard !text.isEmpty else { return }
                if stream == .stdout { said.append(text) } else { complained.append(text) }
            }
            if end == .exited(0), let first = said.first { return .answered(first) }
            if case .timedOut = end { return .failed(Self.silence) }
            if end == .exited(137) || end == .signalled(9) { return .failed(Self.silence) }
            return .failed(complained.last ?? said.last ?? "it says nothing")
        } catch {
            return .failed(error.reason)
        }
    }

    private static let silence = "no answer within \(patience.components.seconds) s"
}
