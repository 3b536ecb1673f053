/// The program's entrance: parses the command line, and turns what went wrong into words and an exit code.

import AWS
import ArgumentParser
import Foundation
import Glibc
import OCI
import Project
import Reporting
import Serving
import State
import Watching

@main
struct Imgwatch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imgwatch",
        abstract: "Watches a project and rebuilds exactly the container images that an edit affects.",
        discussion: """
            Without a command it is the loop, `imgwatch up`. The configuration is the file .imgwatch in this folder or \
            the nearest one above it; `imgwatch init` writes a first one.

            Exit codes: 0 fine, 1 something failed, 2 bad configuration or usage.
            """,
        version: "imgwatch \(Version.text)",
        subcommands: [
            Up.self, Build.self, Plan.self, Check.self, GraphCommand.self, Init.self, StatusCommand.self, Retry.self,
            Trigger.self, Logs.self, Stop.self, Why.self, Doctor.self, Verify.self, Clean.self, AWSCommand.self,
        ],
        defaultSubcommand: Up.self
    )

    static func main() async {
        Allocator.setLimits()
        TaskThreads.install()
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            Glibc.exit(Complaint.tell(error))
        }
    }
}

enum Version {
    static let text = "0.1.0"
}

/// What every command takes.
struct CommonOptions: ParsableArguments {
    enum Style: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(help: "The configuration; without it .imgwatch is looked for upwards from this folder.")
    var file: String?

    @Option(help: "How to report: text, or json with one object a line.")
    var output: Style = .text

    @Flag(help: "The same as --output json.")
    var json = false

    var isJSON: Bool { json || output == .json }

    /// The absolute path of the configuration.
    func configuration() throws(Diagnostic) -> String {
        try Loader.locate(file, from: FileManager.default.currentDirectoryPath)
    }

    func load() throws -> Loaded {
        try LinkedRaces.checked(
            Loader.load(file: configuration(), environment: ProcessInfo.processInfo.environment, bases: [:])
        )
    }
}

/// What a command has to say once.
enum Say {
    static func line(_ text: String) { _ = Output.standard.write(Array((text + "\n").utf8)) }
    static func error(_ text: String) { _ = Output.error.write(Array((text + "\n").utf8)) }

    static func json(_ value: JSON) { _ = Output.standard.write(value.encoded() + [0x0A]) }

    /// Mistakes go to standard error as text, or to standard output as JSON.
    static func diagnostics(_ all: [Diagnostic], isJSON: Bool) {
        if isJSON {
            _ = Output.standard.write(all.json + [0x0A])
        } else {
            let style = Style.style(
                environment: ProcessInfo.processInfo.environment,
                isTerminal: Output.error.isTerminal
            )
            error(all.text(colour: style != .plain))
        }
    }
}

/// Errors that reached the top, as the user sees them.
enum Complaint {
    /// - Returns: The exit code.
    static func tell(_ error: any Error) -> Int32 {
        switch error {
        case let code as ExitCode: return code.rawValue
        case let problem as SessionError:
            Say.error("imgwatch: \(problem.reason)\n  \(problem.remedy)")
            return problem.exitCode
        case let problem as StateError:
            Say.error("imgwatch: \(problem.reason)\n  \(problem.remedy)")
            return 1
        case let problem as OCIError:
            Say.error("imgwatch: \(problem.reason)\n  \(problem.remedy)")
            return 1
        case let problem as AWSError:
            Say.error("imgwatch: \(problem.reason)\n  \(problem.remedy)")
            return 1
        case let problem as WatchError:
            Say.error("imgwatch: \(problem.reason)\n" + problem.remedies.map { "  \($0)" }.joined(separator: "\n"))
            return 1
        case let problem as ServingError:
            Say.error("imgwatch: \(problem.reason)")
            return 1
        case let problem as Diagnostic:
            Say.diagnostics([problem], isJSON: Swift.CommandLine.isJSON)
            return 2
        case let problems as Diagnostics:
            Say.diagnostics(problems.all, isJSON: Swift.CommandLine.isJSON)
            return 2
        default:
            if let complaint = unknownCommand {
                Say.error("imgwatch: \(complaint)")
                return 2
            }
            let code = Imgwatch.exitCode(for: error)
            let text = Imgwatch.fullMessage(for: error)
            if code == .success { Say.line(text) } else { Say.error(text) }
            return code == .success ? 0 : 2
        }
    }
}

extension Complaint {
    /// Commands that are to come.
    private static let later = [
        "pause", "resume", "wait", "registry",
    ]

    /// What is wrong with the first word, where it looks like a command and is none.
    private static var unknownCommand: String? {
        guard let word = Swift.CommandLine.arguments.dropFirst().first, !word.hasPrefix("-") else { return nil }
        let known = Imgwatch.configuration.subcommands.compactMap { $0._commandName } + ["help"]
        if known.contains(word) { return nil }
        if later.contains(word) { return "`imgwatch \(word)` is not supported yet" }
        let guess = Nearest.to(word, in: known).map { "; did you mean `imgwatch \($0)`?" } ?? ""
        return "there is no command `\(word)`\(guess)\n  `imgwatch --help` lists them"
    }
}

extension Swift.CommandLine {
    static var isJSON: Bool {
        let words = arguments
        return words.contains("--json") || words.contains("--output=json")
            || zip(words, words.dropFirst()).contains { $0 == "--output" && $1 == "json" }
    }
}
