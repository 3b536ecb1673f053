/// The virtual world: a clock, a tree, a registry and a git, and a runtime that carries out what the engine decides.

import Engine
import Graph

/// What the world itself does, at the moment for which it was scheduled.
enum Occurrence: Sendable {
    case act(Act)
    case boot
    /// The watcher comes to read its queue.
    case drain
    case wake(generation: Int, at: Int)
    /// A reading takes its next file.
    case read(Int)
    /// The engine is told what a reading gave.
    case answer(reading: Int)
    case step(run: Int, StepStage)
    case image(run: Int, ImageStage)
    case deploy(run: Int, DeployStage)
    case kill(run: Int)
    case writeLate(Path, Content)
    /// A slow writer is done.
    case release(Path, Content)
    case gitRest
    case gitSeen
    case expect(Int)
}

package struct World {
    let scenario: Scenario
    let defect: Defect?
    /// When the script ends, in ms.
    let end: Int
    let ids: [NodeID]
    let nodes: [NodeID: Int]

    // What is.
    var random: Randomness
    var schedule = Schedule<Occurrence>()
    /// Milliseconds since the world began.
    var now = 0
    var tree: Tree
    var repository: Repository
    var registry = Registry()
    /// The registry answers nothing until then.
    var outageEnd = 0
    var blueprint: Blueprint
    /// Every configuration, and since when it is in force.
    var versions: [(since: Sequence, blueprint: Blueprint)] = []
    /// Every run that ever was; what refers to one is its place here.
    var runs: [Run] = []
    var readings: [Reading] = []
    /// Runs with a process or a request that still lives, of this loop or an earlier one.
    var live: [Int] = []
    var malice: Int

    // The loop.
    var engine: Engine
    var isUp = false
    /// Counts the starts of the loop.
    var generation = 0
    /// What outlives the loop.
    var memory: [NodeID: Success] = [:]
    var parallel: Int
    var wakeAt: Int?
    var isDrainDue = false
    /// Everything up to here was in a batch.
    var drained: Sequence = 0
    var readingOf: [OperationID: Int] = [:]
    var runOf: [OperationID: Int] = [:]

    // What is held against the promises.
    var judge: Judge
    package private(set) var events = 0
    /// Takes a line for everything that happens.
    private let trace: ((String) -> Void)?

    package init(_ scenario: Scenario, seed: UInt64, defect: Defect? = nil, trace: ((String) -> Void)? = nil) {
        (self.scenario, self.defect, self.trace) = (scenario, defect, trace)
        end = scenario.script.map(\.at).max() ?? 0
        let ids = scenario.ids
        self.ids = ids
        nodes = Dictionary(uniqueKeysWithValues: zip(ids, ids.indices))
        random = Randomness(seed: digest(of: [seed, 2]))
        tree = Tree(names: scenario.paths)
        repository = Repository(
            exists: scenario.hasGit,
            pathCount: scenario.paths.count,
            nodeCount: scenario.recipes.count
        )
        blueprint = Blueprint(scenario.recipes, ids: ids, pathCount: scenario.paths.count)
        parallel = scenario.parallel
        engine = World.engine(blueprint.graph, [:], parallel, defect)
        malice = scenario.malice
        judge = Judge(nodeCount: ids.count)
    }

    package var violations: [Violation] { judge.violations }

    static func engine(
        _ graph: Graph,
        _ memory: [NodeID: Success],
        _ parallel: Int,
        _ defect: Defect?
    ) -> Engine {
        Engine(
            graph,
            memory: memory,
            parallel: parallel,
            rules: Rules.all.subtracting(defect?.missing ?? []),
            combine: combine
        )
    }

    // MARK: Time

    /// Lets everything happen until nothing is left to happen.
    package mutating func run() {
        prepare()
        guard rest() else { return }
        judgeEnding()
        guard scenario.restarts, !isOddWorld, violations.isEmpty else { return }
        restart()
        guard rest() else { return }
        judgeEnding()
    }

    private mutating func rest() -> Bool {
        while let next = schedule.next() {
            now = next.at
            happen(next.act)
            guard events < Bounds.events, now < end + Bounds.rest, violations.count < Bounds.violations else {
                if violations.isEmpty { violate(.convergence, "the world does not come to rest") }
                return false
            }
        }
        return true
    }

    private mutating func prepare() {
        versions = [(0, blueprint)]
        for (path, content) in scenario.initial.enumerated() {
            if let content { _ = tree.write(path, content) }
        }
        repository.commit(tree, blueprint)
        boot()
        for (at, act) in scenario.script { schedule.add(.act(act), at: at) }
        for (number, expectation) in scenario.expectations.enumerated() {
            schedule.add(.expect(number), at: expectation.to)
        }
    }

    private mutating func happen(_ occurrence: Occurrence) {
        switch occurrence {
        case .act(let act): perform(act)
        case .boot: boot()
        case .drain:
            isDrainDue = false
            drain()
        case .wake(let generation, let at):
            guard generation == self.generation, at == wakeAt else { return }
            wakeAt = nil
            send(.woke)
        case .read(let reading): proceed(reading: reading)
        case .answer(let reading): answer(reading: reading)
        case .step(let run, let stage): proceed(step: run, stage)
        case .image(let run, let stage): proceed(image: run, stage)
        case .deploy(let run, let stage): proceed(deploy: run, stage)
        case .kill(let run): end(run, .cancelled)
        case .writeLate(let path, let content): write(path, content, by: "what a step left behind")
        case .release(let path, let content):
            tree.close(path)
            write(path, content, by: "the slow writer")
        case .gitRest: restGit()
        case .gitSeen: seeGit()
        case .expect(let number): judge(scenario.expectations[number])
        }
    }

    mutating func schedule(_ occurrence: Occurrence, after delay: Int) { schedule.add(occurrence, at: now + delay) }

    var moment: Moment { Moment(.milliseconds(now)) }

    // MARK: The tree

    mutating func write(_ path: Path, _ content: Content?, by writer: String) {
        guard tree.write(path, content, inPlace: random.chance(50)) else { return }
        log("\(writer): \(tree.names[path]) = \(describe(content)) (change \(tree.sequence))")
        expectDrain()
    }

    private func describe(_ content: Content?) -> String {
        guard let content else { return "nothing" }
        return content >> 63 == 1 ? "half of a file" : String(content, radix: 16)
    }

    mutating func expectDrain() {
        guard isUp, !isDrainDue else { return }
        isDrainDue = true
        schedule(.drain, after: random.int(1...5))
    }

    /// The barrier: everything that the kernel queued is handed to the engine.
    mutating func drain() {
        guard isUp, tree.hasNews else { return }
        let notices = tree.drain()
        drained = tree.sequence
        guard let notices else {
            if defect != .losesOverflow {
                judge.hasLostEdits = false
                judge.noteUpheaval(drained, now)
                send(.rescanned(barrier: drained))
            }
            return
        }
        let changes = notices.map {
            Change(
                path: tree.names[$0.path],
                sequence: $0.sequence,
                readers: blueprint.readers[$0.path],
                owner: blueprint.owners[$0.path].map { ids[$0] }
            )
        }
        noteDelivery(notices)
        send(.changed(changes))
    }

    // MARK: The engine

    mutating func send(_ event: Event) {
        guard isUp else { return }
        events += 1
        log("event \(describe(event))")
        switch event {
        case .changed, .rescanned, .ended, .told, .reloaded: judge.owesIdle = true
        default: break
        }
        receive(engine.handle(event, at: moment), for: event)
    }

    /// Without an event, the loop has just begun.
    mutating func receive(_ effects: [Effect], for event: Event?) {
        judge.journal.append(Judge.Entry(event: event, at: moment, effects: effects, parallel: parallel))
        for effect in effects {
            log("    \(effect)")
            perform(effect)
        }
        judge(effects, of: event)
    }

    private mutating func perform(_ effect: Effect) {
        switch effect {
        case .key(let id, let operation): read(id, operation)
        case .start(let start): begin(start)
        case .publish(_, let operation, let publication): publish(operation, publication)
        case .cancel(_, let operation): cancel(operation)
        case .remember(let id, let success):
            if success != nil || defect != .forgetsLate { memory[id] = success }
        case .wake(let at):
            let milliseconds = max(now, at.milliseconds)
            wakeAt = milliseconds
            schedule.add(.wake(generation: generation, at: milliseconds), at: milliseconds)
        case .report(let report): note(report)
        }
    }

    // MARK: The trace

    func log(_ text: @autoclosure () -> String) {
        if let trace { trace("\(now) ms: \(text())") }
    }

    private func describe(_ event: Event) -> String {
        guard case .reloaded(let graph, _, let barrier) = event else { return "\(event)" }
        let nodes = graph.nodes.map { "\($0.id) \($0.definition) \($0.destination)" }
        return "reloaded(\(nodes.joined(separator: ", ")); barrier: \(barrier))"
    }

    mutating func violate(_ promise: Promise, _ text: String) {
        judge.violations.append(Violation(promise: promise, at: now, text: text))
        log("!!! \(promise.rawValue): \(text)")
    }
}

extension Moment {
    /// Rounded up: nobody is woken too early.
    fileprivate var milliseconds: Int {
        let parts = sinceStart.components
        return Int(parts.seconds) * 1000 + Int((parts.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

/// Where a world is given up.
enum Bounds {
    static let events = 30_000
    // In ms after the script's end.
    /// When the edits stop that follow from runs.
    static let malice = 3000
    /// When the registry fails no longer.
    static let flakiness = 20_000
    /// When all must be at rest.
    static let rest = 180_000
    static let violations = 10
}
