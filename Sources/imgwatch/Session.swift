/// What a command holds on to while it works in a project: state, store, watcher, git, and where to report.

import AWS
import Engine
import Foundation
import Git
import Graph
import HTTP
import Inputs
import OCI
import Project
import Registry
import Reporting
import State
import Synchronization
import Watching

/// A project that can't be opened, or a command that can't be done: told with reason and remedy.
struct SessionError: Error {
    var reason: String
    var remedy: String
    var exitCode: Int32 = 1
}

final class Session: Sendable {
    let environment: [String: String]
    let state: StateStore
    let store: ImageStore
    /// What the project's images are based on from outside of it.
    let bases: ExternalBases
    let heads: HeadBuilder
    let cloud: CloudBuilds
    let http: HTTPClient
    let watcher: Watcher
    let reader: InputReader
    let git: GitNames?
    let reporter: Reporter
    let output: OutputQueue
    private let telling = Mutex(Telling())
    private let folders: StateFolders
    private let lock: ProjectLock?
    private let storeLock: StoreLock?
    /// Told when the watcher has something.
    private let activity: Activity
    /// What each node read when it was last looked at, one file a node.
    let inputs: FolderOfFiles
    /// Held while readings are written.
    let saving = Mutex<[NodeID: SavedReading]>([:])
    private let groups = Mutex<Set<pid_t>>([])
    private let watchedGitFolders = Mutex<[String]>([])

    init(_ parts: SessionParts) throws(WatchError) {
        (environment, state, store, lock) = (parts.environment, parts.state, parts.store, parts.lock)
        (folders, storeLock) = (parts.folders, parts.storeLock)
        (heads, cloud) = (parts.heads, parts.cloud)
        (bases, http, inputs) = (parts.bases, parts.http, parts.inputs)
        (reporter, output, reader, git) = (parts.reporter, parts.output, parts.reader, parts.git)
        let activity = Activity()
        self.activity = activity
        watcher = try Watcher { activity.tell() }
    }

    /// Sets the watches; from now on the loop hears of changes.
    func begin(_ loop: Loop, in project: Project) {
        watch(ProjectNodes(project, graph: project.graph))
        activity.reach { Task { await loop.noteActivity() } }
    }

    func end() {
        activity.reach {}
        watcher.close()
        http.close()
        CredentialHelper.endAll()
        CredentialProcess.endAll()
        reporter.close()
        output.flush()
    }

    // MARK: Telling

    private struct Telling: Sendable {
        var isIdle = false
        /// Lines of commands that were left out, since nobody kept up with reading.
        var skippedLines = 0
        /// Notices that were told, and are not told again.
        var notices: Set<String> = []
    }

    /// The last event was an `idle`.
    var isIdleTold: Bool { telling.withLock(\.isIdle) }

    func tell(_ event: LoopEvent) {
        let isSkipped = event.event == .log && output.isFull
        let skipped = telling.withLock { telling in
            if isSkipped { telling.skippedLines += 1 } else { telling.isIdle = event.event == .idle }
            guard !output.isFull, telling.skippedLines > 0 else { return 0 }
            defer { telling.skippedLines = 0 }
            return telling.skippedLines
        }
        if skipped > 0 {
            let reason = "\(skipped) lines of output were left out: what reads this does not keep up"
            reporter.report(LoopEvent(.notice, at: .now(), reason: reason))
        }
        if !isSkipped { reporter.report(event) }
    }

    func tell(notice: String) { tell(LoopEvent(.notice, at: .now(), reason: notice)) }

    func tellOnce(_ notice: String) {
        if telling.withLock({ $0.notices.insert(notice).inserted }) { tell(notice: notice) }
    }

    // MARK: Watching

    /// Watches the folders where inputs, outputs, the project's own files and git's can lie.
    ///
    /// What can't be watched is polled, and the loop says so when it drains.
    func watch(_ nodes: ProjectNodes, and others: [String] = []) {
        let repository = git?.repository
        watchedGitFolders.withLock { $0 = repository?.watchPaths ?? [] }
        try? watcher.watch(WatchScope(of: nodes, and: others, repository))
    }

    /// Whether git's state is seen in other folders than those that are watched.
    func gitFoldersMoved() -> Bool {
        watchedGitFolders.withLock(\.self) != git?.repository.watchPaths ?? []
    }

    func isGitPath(_ path: String) -> Bool {
        guard let repository = git?.repository else { return false }
        return path.hasPrefix(repository.gitDirectory + "/") || path.hasPrefix(repository.commonDirectory + "/")
    }

    func headID() -> String? { (try? git?.repository.head())??.id }

    // MARK: Store

    /// Whether it works beside a loop, and leaves what others see as it is.
    var isBeside: Bool { lock == nil }

    /// Only where nothing is written to the store.
    func cleanStore(of project: Project) -> LayoutCollection? {
        guard var cleaning = try? StoreCleaning(store.layout, folders, project, state) else { return nil }
        // Who goes back to another branch finds them known, and asks nobody.
        cleaning.bases.formUnion(bases.known.keys.map(ExternalBases.name))
        return try? cleaning.clean()
    }

    // MARK: Configuration

    func load(_ file: String) throws(Diagnostics) -> Loaded {
        try LinkedRaces.checked(Loader.load(file: file, environment: environment, bases: bases.known))
    }

    func gitIndex() -> FileStat? { (git?.repository.gitDirectory).flatMap { FileStat(of: $0 + "/index") } }

    // MARK: Processes

    /// Durable before the command is executed: whoever comes after a crash ends what it left.
    ///
    /// What runs beside a loop is not on record: a loop that starts meanwhile would end it.
    func record(_ group: pid_t, of node: NodeID) throws {
        groups.withLock { _ = $0.insert(group) }
        if lock != nil { try state.recordProcess(group, of: node.name) }
    }

    func forget(_ group: pid_t) {
        groups.withLock { _ = $0.remove(group) }
        if lock != nil { try? state.forgetProcess(group) }
    }

    func killRuns() {
        for group in groups.withLock(\.self) { kill(-group, SIGKILL) }
    }
}

/// The watcher's word that something changed, on its way to the loop.
private final class Activity: Sendable {
    private let action = Mutex<@Sendable () -> Void>({})
    func reach(_ action: @escaping @Sendable () -> Void) { self.action.withLock { $0 = action } }
    func tell() { action.withLock(\.self)() }
}
