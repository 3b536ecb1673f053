import Foundation
import Testing

/// docs/tutorial.md, typed to the letter: every command runs, in order, and what the page shows is what is printed.
@Suite(.serialized) struct TutorialTests {
    static let isPossible = ["skopeo", "docker-registry", "curl", "python3"].allSatisfy(Programs.has)

    @Test(.enabled(if: isPossible, "skopeo, docker-registry, curl or python3 is not installed"))
    func `the tutorial is true`() async throws {
        let project = try TemporaryProject()
        let page = try String(contentsOf: Programs.repository.appending(path: "docs/tutorial.md"), encoding: .utf8)
        let reader = try TutorialReader(project)
        let blocks = TutorialBlock.all(in: page)
        #expect(blocks.count > 20)
        for block in blocks { try await reader.follow(block) }
    }
}

/// One fenced block that is to be typed, or that a terminal shows.
struct TutorialBlock {
    /// `sh`, `console` or `text`.
    var language: String
    /// The terminal in which it runs, where that is not the first one.
    var terminal: String?
    /// Whether the terminal only shows it: what runs there goes on.
    var isOutput: Bool
    var lines: [String]

    static func all(in page: String) -> [TutorialBlock] {
        let fence =
            #/(?:<!-- terminal: (?<terminal>\w+)(?<on>, on)? -->\n)?```(?<language>\w+)\n(?<body>(?s:.*?))```\n/#
        return page.matches(of: fence).map { match in
            let output = match.output
            return TutorialBlock(
                language: String(output.language),
                terminal: output.terminal.map(String.init),
                isOutput: output.on != nil,
                lines: output.body.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
            )
        }.filter { ["sh", "console"].contains($0.language) || $0.terminal != nil }
    }

    /// Each command of a console, with what is shown below it.
    var commands: [(command: String, output: [String])] {
        var commands: [(command: String, output: [String])] = []
        for line in lines {
            if line.hasPrefix("$ ") {
                commands.append((String(line.dropFirst(2)), []))
            } else if !commands.isEmpty {
                commands[commands.count - 1].output.append(line)
            }
        }
        return commands
    }
}

/// Types what the page says, and compares.
final class TutorialReader {
    private let project: TemporaryProject
    private let environment: [String: String]
    /// What the page's ports are here.
    private var ports: [(written: String, here: String)]
    private var folder: URL
    private var terminals: [String: Terminal] = [:]

    init(_ project: TemporaryProject) throws {
        self.project = project
        folder = project.root
        var environment = project.environment
        let free = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
        let port = try Programs.run(["python3", "-c", free], in: project.root, environment)
        ports = [("5000", port.trimmingCharacters(in: .whitespacesAndNewlines))]
        let path = environment["PATH"] ?? "/usr/bin:/bin"
        environment["PATH"] = Programs.imgwatch.deletingLastPathComponent().path() + ":" + path
        self.environment = environment
    }

    func follow(_ block: TutorialBlock) async throws {
        switch (block.language, block.terminal) {
        case ("sh", _): _ = try type(block.lines.joined(separator: "\n"), mustSucceed: true)
        case ("console", let name?):
            let (command, output) = try #require(block.commands.first)
            terminals[name] = try Terminal(here(command), in: folder, environment)
            try await watch(name, output)
        case ("console", nil):
            for (command, output) in block.commands {
                let printed = try type(command, mustSucceed: false).split(separator: "\n").map(String.init)
                #expect(
                    TutorialText.shows(printed, output.map(here)),
                    "\(command):\n\(printed.joined(separator: "\n"))"
                )
            }
        case (_, let name?): try await watch(name, block.lines)
        default: break
        }
    }

    private func here(_ text: String) -> String {
        ports.reduce(text) { $0.replacing($1.written, with: $1.here) }
    }

    private func type(_ text: String, mustSucceed: Bool) throws -> String {
        let place = project.home.appending(path: "place").path()
        let script = "\(mustSucceed ? "set -e\n" : "")exec 2>&1\n\(here(text))\npwd > '\(place)'\n"
        let (status, output, _) = try Programs.finish(["bash", "-c", script], in: folder, environment)
        if mustSucceed { try #require(status == 0, "\(text)\n\(output)") }
        let last = try String(contentsOfFile: place, encoding: .utf8).split(separator: "\n").joined()
        folder = URL(filePath: last)
        return output
    }

    /// The loop's own registry has a port that is this project's.
    private func learnPort(from shown: [String]) {
        guard !ports.contains(where: { $0.written == "5180" }),
            let found = shown.first?.firstMatch(of: #/http://127\.0\.0\.1:(\d+)/#)
        else { return }
        ports.append(("5180", String(found.output.1)))
    }

    /// Waits until the terminal has shown all of this, in any order, and rests.
    private func watch(_ name: String, _ lines: [String]) async throws {
        let terminal = try #require(terminals[name])
        // The loop is at rest when that is the last that it says.
        let endsIdle = lines.last.map(TutorialText.plain) == "TIME idle"
        let isOver = { [self] () -> Bool in
            let shown = terminal.unseen
            learnPort(from: shown)
            let isAllShown = lines.filter { $0 != "…" }.allSatisfy { line in
                shown.contains { TutorialText.isAlike($0, here(line)) }
            }
            return isAllShown && (!endsIdle || shown.last.map(TutorialText.plain) == "TIME idle")
        }
        let deadline = Date(timeIntervalSinceNow: 60)
        while !isOver() {
            guard Date() < deadline else {
                let wanted = lines.map(here).joined(separator: "\n")
                throw Stuck(
                    description: "\(name) shows\n\(terminal.unseen.joined(separator: "\n"))\nand not\n\(wanted)"
                )
            }
            await Pause.of(milliseconds: 20)
        }
        terminal.markSeen()
    }
}

/// Another terminal, in which a command runs.
private final class Terminal {
    private let process = Process()
    private let log: URL
    private var seen = 0

    init(_ command: String, in folder: URL, _ environment: [String: String]) throws {
        log = FileManager.default.temporaryDirectory.appending(path: "terminal-\(UUID().uuidString)")
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "exec \(command) >'\(log.path())' 2>&1"]
        process.currentDirectoryURL = folder
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGTERM) }
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: log)
    }

    private var all: [String] {
        let text = String(decoding: (try? Data(contentsOf: log)) ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }

    var unseen: [String] { Array(all.dropFirst(seen)) }
    func markSeen() { seen = all.count }
}

/// Printed lines without what differs from run to run.
enum TutorialText {
    static func plain(_ line: String) -> String {
        var line = line
        for (pattern, name) in [
            (#"\d\d:\d\d:\d\d"#, "TIME"), (#"\d+(\.\d+)? m?s\b"#, "DURATION"), (#"git-[0-9a-f]{7,40}"#, "git-COMMIT"),
            (#"-[0-9a-f]{12}\b"#, "-KEY"), (#"process \d+"#, "process PID"), (#"\d+(\.\d+)? [kKM]?B\b"#, "SIZE"),
            (#"\s+"#, " "),
        ] {
            line = line.replacingOccurrences(of: pattern, with: name, options: .regularExpression)
        }
        return line.trimmingCharacters(in: .whitespaces)
    }

    /// `…` in what is meant stands for anything.
    static func isAlike(_ line: String, _ meant: String) -> Bool {
        // The ellipsis at the end of a line may be the program's own.
        if plain(line) == plain(meant) { return true }
        var rest = Substring(plain(line))
        let parts = plain(meant).split(separator: "…", omittingEmptySubsequences: false)
        guard parts.count > 1, rest.hasPrefix(parts[0]), rest.hasSuffix(parts[parts.count - 1]) else { return false }
        for part in parts where !part.isEmpty {
            guard let found = rest.range(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }

    /// All lines in their order; a line of `…` stands for any number of them.
    static func shows(_ lines: [String], _ meant: [String]) -> Bool {
        let meant = meant.filter { !$0.isEmpty }
        guard let first = meant.first else { return lines.isEmpty }
        if first == "…" {
            let rest = Array(meant.dropFirst())
            return (0...lines.count).contains { shows(Array(lines.dropFirst($0)), rest) }
        }
        guard let line = lines.first, isAlike(line, first) else { return false }
        return shows(Array(lines.dropFirst()), Array(meant.dropFirst()))
    }
}
