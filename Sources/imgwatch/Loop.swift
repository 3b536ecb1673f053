/// The runtime: carries out what the engine returns, and feeds back what came of it.

import Building
import Engine
import Foundation
import Git
import Graph
import Inputs
import OCI
import Project
import Reporting
import State
import Synchronization
import Watching

/// One running loop, or one `build`.
///
/// Everything that decides is on this actor; files are read and commands run on threads of their own.
actor Loop {
    /// What ends the loop by itself.
    enum Mode: Sendable {
        /// Goes on until it is told to stop.
        case watch
        /// Ends as soon as nothing is left to do.
        case once
        /// Reads everything, and starts nothing.
        case plan
    }

    let session: Session
    let mode: Mode
    private let epoch = ContinuousClock.now
    var tracked: TrackedInputs
    var engine: Engine
    /// The barrier: everything up to this was delivered to the engine.
    var sequence: Sequence = 0
    /// How many places of the order were given to what no watched path stands for.
    var offset: Sequence = 0
    /// The latest change that concerns a node's inputs or outputs.
    var touched: [NodeID: Sequence] = [:]
    /// What each node's files were at the end of the session before.
    var remembered: [NodeID: Reading] = [:]
    /// What is read of nodes before they are to be keyed.
    var ahead: [NodeID: Task<SettledReading?, Never>] = [:]
    /// What the latest keying of each node read.
    var readings: [NodeID: KeyedReading] = [:]
    var runs: [OperationID: ActiveRun] = [:]
    /// The end of each step's latest run.
    var ends: [NodeID: Sequence] = [:]
    /// Runs whose start was told, and no end.
    var told: Set<OperationID> = []
    /// What each image's references show, and what it is made of.
    var published: [NodeID: PublishedImage] = [:]
    /// When the latest run of each image began that was published: milliseconds since 1970.
    var imageBegan: [NodeID: Int] = [:]
    /// Nodes that an earlier session ran, of which nothing counted at the start of this one.
    var former: [NodeID: Memory.Former] = [:]
    /// Images of which the registry has not all any more: they are built, whatever else it says.
    var lost: Set<NodeID> = []
    var gitHead: String?
    /// What changed since the last event was told.
    var changedNow = Cause(reason: .inputs)
    var gitWork = GitWork()
    /// The latest change of what some node reads or makes.
    var treeChangedAt: ContinuousClock.Instant?
    /// A configuration that does not load was told; the last good one is in force.
    var isConfigurationBroken = false
    /// Since when none loads.
    var brokenSince: ContinuousClock.Instant?
    var configurationChangedAt: ContinuousClock.Instant?
    /// Since when it changed, and is not at rest.
    var unreadSince: ContinuousClock.Instant?
    /// Somebody edited it, and was not told that it is in force.
    var isReloadUntold = false
    /// Looks at it again.
    var recheck: Task<Void, Never>?
    /// What that configuration names: when one of these files changes, it may load.
    var brokenSources: [String] = []
    /// What was last said of it.
    var brokenDiagnostics: [Diagnostic] = []
    /// Paths that changed while a single step ran and that no step says it writes, by run: in how many batches, each
    /// soon after the other, and when last.
    var suspicions: [OperationID: [String: (count: Int, at: ContinuousClock.Instant)]] = [:]
    /// Nodes that an earlier session ran and that did not run since: what changed before this one, no event told.
    var unwatched: Set<NodeID> = []
    /// The latest change of each step's outputs.
    var written: [NodeID: Sequence] = [:]
    /// Steps whose success could not be forgotten on disk: they must not start.
    private var unforgotten: Set<NodeID> = []
    /// What the watcher was last said to miss, and what looks there.
    var blindSpots: [BlindSpot] = []
    var poll: Task<Void, Never>?
    /// Inputs of each node that have other names, absolute.
    var hardLinks: [NodeID: Set<String>] = [:]
    /// The run whose end the engine is told just now.
    var ending: ActiveRun?
    /// Asks again for bases that could not be had, and after how long.
    var baseRetry: Task<Void, Never>?
    var basePause: Duration?
    /// How many questions for bases are under way.
    var basesAsked = 0
    var isReady = false
    /// The engine was idle when it last told something.
    var hasNothingToDo = false
    /// Looks at the store when nothing happens for a while.
    var cleaning: Task<Void, Never>?
    /// So many bytes of the store are in use, as far as is known.
    var storeFloor = 0
    private var timer: Task<Void, Never>?
    private(set) var isStopping = false
    private(set) var isOver = false
    private(set) var isRunning = false
    let startedAt = Timestamp.now()
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(_ session: Session, project: Project, selected: Graph, mode: Mode, rules: Rules = .all) {
        (self.session, self.mode) = (session, mode)
        tracked = TrackedInputs(ProjectNodes(project, graph: selected))
        let memory = session.memory(of: selected, in: project)
        (published, former) = (memory.published, memory.former)
        unwatched = Set(memory.successes.keys)
        engine = Engine(
            selected,
            memory: memory.successes,
            parallel: project.parallel,
            rules: rules,
            combine: Keys.combined
        )
    }

    var now: Moment { Moment(ContinuousClock.now - epoch) }

    /// Reads everything, and runs until ``stop()`` or, in `once` mode, until nothing is left to do.
    func run() async {
        gitHead = session.headID()
        gitWork.index = session.gitIndex()
        sequence = Sequence(session.watcher.drain().barrier)
        if mode == .plan { perform(engine.handle(.pause, at: now)) }
        isRunning = true
        perform(engine.begin(at: now))
        // What git stopped at, or left behind, is said.
        if mode == .watch { noteGit() }
        if !isOver { await withCheckedContinuation { waiters.append($0) } }
        // A plan leaves what the last run read as it is: the next plan says again what changed since.
        guard mode != .plan else { return }
        await saveReadings(isLast: true)
    }

    /// Whether the loop was stopped before it was done, or a node failed, or is blocked by one that did.
    var hasFailed: Bool {
        isStopping
            || nodes.graph.nodes.contains { node in
                switch engine.status(of: node.id) {
                case .failed, .blocked: true
                default: false
                }
            }
    }

    // MARK: Events

    func handle(_ event: Event) {
        guard !isOver else { return }
        perform(engine.handle(event, at: now))
    }

    /// The watcher has something.
    func noteActivity() {
        // What changes before everything is read for the first time is read with it.
        guard isRunning, !isOver else { return }
        drain()
    }

    private func perform(_ effects: [Effect]) {
        if effects.contains(where: { if case .wake = $0 { false } else { true } }) { tellChanged() }
        for effect in effects { perform(effect) }
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .key(let node, let operation): Task { await key(node, operation) }
        case .start(let start): begin(start)
        case .publish(_, let operation, let publication): runs[operation]?.decide(publication)
        case .cancel(_, let operation): runs[operation]?.cancel()
        case .remember(let node, let success):
            let shown = published[nodes.project.deploy(node)?.image ?? node]
            let isWritten = session.remember(node, success, as: shown)
            if isWritten { unforgotten.remove(node) } else if success == nil { unforgotten.insert(node) }
        case .wake(let moment): wake(at: moment)
        case .report(let report): tell(report)
        }
    }

    private func begin(_ start: Start) {
        // While the loop ends, nothing is started, and nobody waits for an answer.
        guard !isStopping else { return }
        var start = start
        start.cause = explained(start.cause, of: start.node)
        unwatched.remove(start.node)
        let kind = nodes.graph[start.node]?.kind ?? .step
        let run = ActiveRun(start, kind, at: ContinuousClock.now)
        guard !unforgotten.contains(start.node) else {
            Task { end(run, RunEnd(.failed(Failure("what is remembered of it can't be written")), barrier: sequence)) }
            return
        }
        runs[start.operation] = run
        if let step = nodes.project.step(start.node) {
            Task { await self.run(step, run) }
        } else if let image = nodes.project.image(start.node) {
            Task { await self.run(image, run) }
        } else if let deploy = nodes.project.deploy(start.node) {
            Task { await self.run(deploy, run) }
        }
    }

    /// A run is over; the engine hears of it after everything that happened before.
    func end(_ run: ActiveRun, _ end: RunEnd) {
        runs[run.start.operation] = nil
        suspicions[run.start.operation] = nil
        ending = run
        handle(.ended(run.start.node, run.start.operation, end))
        ending = nil
        tellEnd(run)
        finishIfStopped()
    }

    private func wake(at moment: Moment) {
        timer?.cancel()
        let deadline = epoch + moment.sinceStart
        timer = Task {
            try? await Task.sleep(until: deadline, tolerance: .zero, clock: .continuous)
            guard !Task.isCancelled else { return }
            drain()
            handle(.woke)
        }
    }

    // MARK: Ending

    /// Nothing is left to do for now.
    func noteIdle() {
        guard mode == .watch else { return finish() }
        Task { await saveReadings(isLast: false) }
    }

    private func saveReadings(isLast: Bool) async {
        let (session, all) = (session, held.mapValues(\.files))
        await offload { session.saveReadings(all, isLast: isLast) }
    }

    /// Ends every run, and then the loop.
    func stop() {
        guard !isStopping else { return }
        isStopping = true
        for run in runs.values { run.cancel() }
        abandonPublications()
        tellWaiting()
        finishIfStopped()
    }

    /// A registry that does not answer holds up no end: what its names show then, the next start looks up.
    private func abandonPublications() {
        Task {
            try? await Task.sleep(for: Self.publicationPatience)
            for run in runs.values { run.abandon() }
        }
    }

    private static let publicationPatience: Duration = .seconds(1)

    private func finishIfStopped() {
        if isStopping, runs.isEmpty { finish() }
    }

    private func finish() {
        isOver = true
        if isStopping, !session.isIdleTold, mode == .watch { session.tell(LoopEvent(.idle, at: .now())) }
        timer?.cancel()
        recheck?.cancel()
        gitWork.check?.cancel()
        poll?.cancel()
        baseRetry?.cancel()
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    /// Runs blocking work off the actor, on a thread that nobody else waits for: a serial queue has one of its own.
    nonisolated func offload<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "offloaded", qos: .userInitiated).async { continuation.resume(returning: work()) }
        }
    }
}

/// What a keying read, for the run that is judged by it.
struct KeyedReading: Sendable {
    var operation: OperationID
    var answer: NodeAnswer
    var barrier: Sequence
}

/// A run under way, and how to end it.
final class ActiveRun: Sendable {
    private struct State: Sendable {
        var isCancelled = false
        var isPublishing = false
        /// How what it does is ended early.
        var end: (@Sendable () -> Void)?
        /// How what it publishes is given up.
        var abandon: (@Sendable () -> Void)?
        var target: PublishedImage?
        var publication: Publication?
        var waiter: CheckedContinuation<Publication?, Never>?
    }
    let start: Start
    let kind: NodeKind
    let startedAt: ContinuousClock.Instant
    private let state = Mutex(State())

    init(_ start: Start, _ kind: NodeKind, at moment: ContinuousClock.Instant) {
        (self.start, self.kind, startedAt) = (start, kind, moment)
    }

    var isCancelled: Bool { state.withLock(\.isCancelled) }
    /// What it made is on its way to where images go, and is not taken back.
    var isPublishing: Bool { state.withLock(\.isPublishing) }
    /// A deploy: what it acts on.
    var target: PublishedImage? { state.withLock(\.target) }
    var milliseconds: Int { Int((ContinuousClock.now - startedAt) / .milliseconds(1)) }

    func act(on image: PublishedImage) { state.withLock { $0.target = image } }

    /// Says how what it does now is ended early; done at once where the run was cancelled before.
    func onCancel(_ end: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.end = end
            return state.isCancelled
        }
        if isLate { end() }
    }

    func cancel() {
        let (end, waiter) = state.withLock { state in
            state.isCancelled = true
            defer { state.waiter = nil }
            return (state.end, state.waiter)
        }
        end?()
        waiter?.resume(returning: nil)
    }

    func onAbandon(_ abandon: @escaping @Sendable () -> Void) { state.withLock { $0.abandon = abandon } }

    /// Gives up even what it publishes: nobody waits for it.
    func abandon() { state.withLock(\.abandon)?() }

    /// Whether the run may publish; from then on, it is too late to cancel it.
    func beginPublishing() -> Bool {
        state.withLock { state in
            state.isPublishing = !state.isCancelled
            return state.isPublishing
        }
    }

    /// The engine's answer to the run's snapshot.
    func decide(_ publication: Publication) {
        let waiter = state.withLock { state in
            state.publication = publication
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: publication)
    }

    /// The inputs changed under the answer: it will be asked for anew.
    func reconsider() { state.withLock { $0.publication = nil } }

    /// What may be published; nil where the run was cancelled.
    func decision() async -> Publication? {
        await withCheckedContinuation { continuation in
            let known: Publication?? = state.withLock { state in
                if state.isCancelled { return .some(nil) }
                if let publication = state.publication { return publication }
                state.waiter = continuation
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
