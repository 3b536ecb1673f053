/// What a running loop says of itself when it is asked: the schema of `imgwatch status --json` in docs/commands.md.

package import Engine
package import Graph
package import Project

/// All of one moment.
package struct LoopStatus: Codable, Equatable, Sendable {
    /// The version of the schema: a field may be added, none changes its meaning or goes away.
    package static let version = 1

    /// What the loop does.
    package enum Activity: String, Codable, Sendable {
        /// It reads everything for the first time.
        case starting
        case working
        /// Nothing runs, and nothing can start at once.
        case idle
        /// It was told to end, and waits for what runs.
        case ending
    }
    package enum Git: String, Codable, Sendable {
        case rest, busy
        /// The project is in no repository.
        case none
    }

    package var version = Self.version
    package var pid: Int32
    /// `up` or `build`.
    package var command: String
    package var project: String
    /// The configuration, absolute.
    package var file: String
    /// As in the event `ready`.
    package var registry: String
    /// When the loop started, and how long it runs.
    package var since: String
    package var ms: Int
    package var activity: Activity
    package var git: Git
    /// What a person should know: directories that are polled, a lock that was left behind.
    ///
    /// nil from a loop that does not say it.
    package var notes: [String]?
    /// What is wrong with a configuration that is not in force; empty where it is fine.
    package var diagnostics: [Mistake]
    /// Needs first.
    package var nodes: [Entry]

    package init(
        pid: Int32,
        command: String,
        project: String,
        file: String,
        registry: String,
        since: Timestamp,
        now: Timestamp,
        activity: Activity,
        git: Git,
        notes: [String] = [],
        diagnostics: [Diagnostic],
        nodes: [Entry]
    ) {
        (self.pid, self.command, self.project, self.file) = (pid, command, project, file)
        (self.registry, self.since, ms) = (registry, since.rfc3339, Int(now.milliseconds - since.milliseconds))
        (self.activity, self.git, self.notes) = (activity, git, notes)
        (self.diagnostics, self.nodes) = (diagnostics.map(Mistake.init), nodes)
    }
}

extension LoopStatus {
    /// A node, and how it is.
    package struct Entry: Codable, Equatable, Sendable {
        package enum State: String, Codable, CaseIterable, Sendable {
            /// Not known yet: what it reads is being read.
            case reading
            case fresh
            /// It starts next.
            case stale
            /// It may not start yet; `holds` say why.
            case waiting
            case running
            /// Its run is being ended.
            case ending
            case failed
            /// A node that it needs failed, or waits for a person; `holds` say which.
            case blocked
        }
        package var node: String
        package var kind: String
        package var status: State
        /// Running: since when, and for how long.
        package var since: String?
        package var ms: Int?
        /// One sentence: why it failed, or what it waits for.
        package var reason: String?
        package var holds: [Waiting]
        /// Why it is not fresh.
        package var cause: Reason?
        /// Of what is there now.
        package var key: String?
        /// An image: what was published last.
        package var ref: String?
        package var refs: [String]
        package var digest: String?
        /// An image: what it is built on from outside of the project.
        package var bases: [PinnedBase]?
        /// An image that CodeBuild makes: its latest build.
        package var build: CloudBuild?
        /// A function of Lambda, as AWS has it.
        package var function: CloudFunction?

        package init(_ node: Node, _ status: State) {
            (self.node, kind, self.status) = (node.id.name, node.kind.rawValue, status)
            (holds, refs) = ([], [])
        }
    }

    /// A hold, as events have it.
    package struct Waiting: Codable, Equatable, Sendable {
        package var reason: String
        package var node: String?
        package var path: String?
        package init(_ hold: Hold) { (reason, node, path) = (hold.name, hold.node?.name, hold.path) }
    }

    /// A cause, as events have it, and as one line.
    package struct Reason: Codable, Equatable, Sendable {
        package var reason: String
        package var paths: [String]
        package var count: Int
        package var edges: [String]
        package var bases: [String]?
        package var text: String
        package init(_ cause: Cause) {
            (reason, paths) = (cause.reason.rawValue, cause.paths)
            (count, edges, text) = (cause.pathCount, cause.edges.map(\.name), cause.text)
            bases = cause.bases.isEmpty ? nil : cause.bases
        }
    }

    /// A diagnostic, as events have it.
    package struct Mistake: Codable, Equatable, Sendable {
        package var id: String
        package var severity: String
        package var file: String
        package var line: Int?
        package var column: Int?
        package var reason: String
        package var remedy: String
        package var fix: String?

        init(_ diagnostic: Diagnostic) {
            (id, severity) = (diagnostic.id, diagnostic.severity.rawValue)
            (file, line, column) = (diagnostic.place.file, diagnostic.place.line, diagnostic.place.column)
            (reason, remedy, fix) = (diagnostic.reason, diagnostic.remedy, diagnostic.fix)
        }

        var diagnostic: Diagnostic {
            Diagnostic(
                id: id,
                severity: Diagnostic.Severity(rawValue: severity) ?? .error,
                place: Place(file: file, line: line, column: column),
                reason: reason,
                remedy: remedy,
                fix: fix
            )
        }
    }
}

extension LoopStatus.Entry {
    /// What keeps it from starting, in the words that people read.
    package mutating func wait(for holds: [Hold]) {
        guard !holds.isEmpty else { return }
        self.holds = holds.map(LoopStatus.Waiting.init)
        reason = "\(status == .blocked ? "blocked by" : "waiting for") \(Formats.list(holds.map(\.text)))"
    }
}
