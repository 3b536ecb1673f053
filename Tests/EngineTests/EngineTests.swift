import Engine
import Graph
import Testing

/// One step and one image that reads what it makes, driven by hand: the smallest project in which the gate matters.
@Suite struct EngineTests {
    static let step = NodeID("gen"), image = NodeID("server")
    static let graph = Graph([
        Node(step, .step), Node(image, .image, needs: [step], sources: [step]),
    ])

    /// An engine with answers for what it asks, so that a test says only what differs.
    struct Drive {
        var engine: Engine
        var now = Moment(.zero)
        var sequence: Sequence = 0
        var effects: [Effect] = []

        init(_ graph: Graph = EngineTests.graph, memory: [NodeID: Success] = [:]) {
            engine = Engine(graph, memory: memory, parallel: 2) { own, bases in ([own] + bases).joined(separator: "+") }
            effects = engine.begin(at: now)
        }

        mutating func send(_ event: Event) { effects = engine.handle(event, at: now) }

        mutating func pass(_ duration: Duration) {
            now = now + duration
            send(.woke)
        }

        /// Answers every request for a key with these texts.
        mutating func key(_ own: [NodeID: String], outputs: String = "out") {
            for case .key(let node, let operation) in effects {
                sequence += 1
                send(
                    .keyed(
                        node,
                        operation,
                        Keying(own: own[node] ?? "k-\(node)", outputs: outputs, barrier: sequence)
                    )
                )
            }
        }

        mutating func edit(_ path: String, _ readers: [NodeID]) {
            sequence += 1
            send(.changed([Change(path: path, sequence: sequence, readers: readers)]))
        }

        var started: Start? {
            effects.compactMap { if case .start(let start) = $0 { start } else { nil } }.first
        }
        var reports: [Report] { effects.compactMap { if case .report(let report) = $0 { report } else { nil } } }
    }

    /// Everything is keyed, and the step has started.
    static func stepRunning() throws -> (Drive, Start) {
        var drive = Drive()
        let asked = drive.effects
        for case .key(let node, let operation) in asked {
            drive.sequence += 1
            drive.send(.keyed(node, operation, Keying(own: "k-\(node)", outputs: "", barrier: drive.sequence)))
        }
        return (drive, try #require(drive.started))
    }

    @Test func `nothing starts before everything was read once`() {
        var drive = Drive()
        let asked = drive.effects
        #expect(asked.count == 2)
        guard case .key(let node, let operation) = asked[0] else { return #expect(Bool(false), "no key was asked for") }
        drive.send(.keyed(node, operation, Keying(own: "a", barrier: 1)))
        #expect(drive.started == nil)
    }

    /// An image that is keyed, and does not run.
    private static func paused() -> Drive {
        var drive = Drive(Graph([Node(image, .image)]))
        let asked = drive.effects
        drive.send(.pause)
        drive.effects = asked
        drive.key([:])
        return drive
    }

    /// An image each of whose runs is followed by a change of what it reads: whether that ends in a failure.
    @Test(arguments: [true, false])
    func `a command that makes an image and writes what it reads does not run without end`(runsCommand: Bool) {
        var drive = Drive(Graph([Node(Self.image, .image, runsCommand: runsCommand)]))
        var (starts, failures, effects) = (0, [Failure](), drive.effects)
        while drive.now < Moment(.seconds(300)), failures.isEmpty {
            if effects.isEmpty {
                drive.pass(.milliseconds(50))
                effects = drive.effects
            }
            let work = effects
            effects = []
            for effect in work {
                switch effect {
                case .key(let node, let operation):
                    drive.sequence += 1
                    let keying = Keying(own: "state \(drive.sequence)", barrier: drive.sequence)
                    drive.send(.keyed(node, operation, keying))
                case .start(let start):
                    starts += 1
                    drive.edit("made", [Self.image])
                    effects += drive.effects
                    drive.send(.ended(Self.image, start.operation, RunEnd(.cancelled, barrier: drive.sequence)))
                case .report(.failed(_, let failure)):
                    failures.append(failure)
                    continue
                default: continue
                }
                effects += drive.effects
            }
        }
        #expect(failures.first?.reason.contains("looping") == (runsCommand ? true : nil))
        #expect(runsCommand ? starts < 20 : starts > 100, "\(starts) starts")
    }

    /// How long after the first change the image is read, while so many paths change every 20 ms.
    private static func wait(_ paths: Int, areNew: Bool = true) -> Duration {
        var drive = paused()
        let start = drive.now
        while drive.now - start < .seconds(60) {
            let changes = (0..<paths).map { path in
                drive.sequence += 1
                let name = areNew ? "own\(drive.sequence)" : "own\(path)"
                return Change(path: name, sequence: drive.sequence, readers: [image])
            }
            drive.send(.changed(changes))
            drive.pass(.milliseconds(20))
            if drive.effects.contains(where: { if case .key = $0 { true } else { false } }) { break }
        }
        return drive.now - start
    }

    @Test func `a flood of changes is waited for longer than saves`() {
        #expect(Self.wait(1) == .milliseconds(20))
        #expect(Self.wait(4) == .seconds(1))
        #expect(Self.wait(20) == .seconds(10))
        #expect(Self.wait(20, areNew: false) == .seconds(1))
    }

    /// So many batches of 20 new paths come every 20 ms; then, after a pause, another one.
    @Test(arguments: [(200, 400, true), (200, 600, false), (20, 400, false)])
    func `a pause in a long flood is bridged`(batches: Int, pause: Int64, isBridged: Bool) {
        var drive = Self.paused()
        for _ in 0..<batches {
            let changes = (0..<20).map { path in
                drive.sequence += 1
                return Change(path: "own\(drive.sequence)", sequence: drive.sequence, readers: [Self.image])
            }
            drive.send(.changed(changes))
            drive.pass(.milliseconds(20))
        }
        drive.effects = []
        drive.pass(.milliseconds(pause))
        let isRead = drive.effects.contains { if case .key = $0 { true } else { false } }
        #expect(isRead != isBridged)
    }

    @Test func `a step's success is void, durably, before it starts`() throws {
        let (drive, start) = try Self.stepRunning()
        #expect(start.node == Self.step)
        let order = drive.effects.filter { if case .report = $0 { false } else { true } }
        #expect(order.first == .remember(Self.step, nil))
    }

    @Test func `an image waits for the step that it needs, and starts when that has counted and it is read again`()
        throws
    {
        var (drive, start) = try Self.stepRunning()
        drive.sequence += 1
        drive.send(.ended(Self.step, start.operation, RunEnd(.succeeded, barrier: drive.sequence, outputs: "out")))
        #expect(drive.started == nil)
        drive.key([Self.image: "with out"])
        #expect(drive.started?.node == Self.image)
        #expect(drive.started?.publication.key == "with out")
    }

    @Test func `a failed step blocks what needs it at once, by name`() throws {
        var (drive, start) = try Self.stepRunning()
        drive.sequence += 1
        drive.send(.ended(Self.step, start.operation, RunEnd(.failed(Failure("status 1")), barrier: drive.sequence)))
        #expect(drive.reports.contains(.failed(Self.step, Failure("status 1"))))
        #expect(drive.reports.contains(.blocked(Self.image, by: [Self.step])))
    }

    @Test func `a run under which an input changed does not count`() throws {
        var (drive, start) = try Self.stepRunning()
        drive.sequence += 1
        drive.send(
            .ended(Self.step, start.operation, RunEnd(.succeeded, barrier: drive.sequence, inputsChanged: true))
        )
        #expect(drive.reports.contains(.uncounted(Self.step, start.operation)))
        #expect(!drive.effects.contains { if case .remember(_, .some) = $0 { true } else { false } })
    }

    @Test func `an edit during a run cancels it, and the next run waits for its end`() throws {
        var (drive, start) = try Self.stepRunning()
        drive.edit("src/a", [Self.step])
        #expect(drive.effects.contains(.cancel(Self.step, start.operation)))
        drive.pass(.seconds(2))
        #expect(drive.started == nil)
    }

    @Test func `the commit gate refuses a snapshot whose need is no longer fresh`() throws {
        var (drive, start) = try Self.stepRunning()
        drive.sequence += 1
        drive.send(.ended(Self.step, start.operation, RunEnd(.succeeded, barrier: drive.sequence, outputs: "out")))
        drive.key([:])
        let image = try #require(drive.started)
        drive.edit("src/a", [Self.step])
        drive.sequence += 1
        let snapshot = Snapshot(own: "k-server", provenance: .none, barrier: drive.sequence)
        drive.send(.snapshot(Self.image, image.operation, snapshot))
        #expect(drive.effects.contains(.cancel(Self.image, image.operation)))
        #expect(!drive.effects.contains { if case .publish = $0 { true } else { false } })
    }

    /// The step has counted, and the image has started.
    private static func imageRunning(destination: String = "") throws -> (Drive, Start) {
        let graph = Graph([
            Node(step, .step), Node(image, .image, needs: [step], sources: [step], destination: destination),
        ])
        let old = Publication(key: "old", provenance: .none, destination: destination, round: 0)
        var drive = Drive(graph, memory: [step: .step(key: "k-gen", outputs: "out"), image: .image(old)])
        drive.key([:])
        return (drive, try #require(drive.started))
    }

    @Test(arguments: [true, false])
    func `an image that failed while it was named is no success any more, one that failed before is`(
        isHalfDone: Bool
    ) throws {
        var (drive, start) = try Self.imageRunning()
        let end = RunEnd(.failed(Failure("denied")), barrier: drive.sequence, isHalfDone: isHalfDone)
        drive.send(.ended(Self.image, start.operation, end))
        #expect(drive.effects.contains(.remember(Self.image, nil)) == isHalfDone)
        #expect(drive.engine.view(of: Self.image)?.triesAgain == false, "it would be denied again")
    }

    @Test func `an image is tried again no sooner than its registry asked for`() throws {
        var (drive, start) = try Self.imageRunning()
        let busy = Failure("too many requests", isTransient: true, retryAfter: .seconds(90))
        drive.send(.ended(Self.image, start.operation, RunEnd(.failed(busy), barrier: drive.sequence)))
        #expect(drive.engine.view(of: Self.image)?.status == .failed(busy))
        #expect(drive.engine.view(of: Self.image)?.triesAgain == true)
        drive.pass(.seconds(89))
        #expect(drive.started == nil)
        drive.pass(.seconds(2))
        #expect(drive.started?.node == Self.image)
        #expect(drive.engine.view(of: Self.image)?.triesAgain == false)
    }

    @Test func `an image goes where its run was started for, whatever the configuration says meanwhile`() throws {
        var (drive, start) = try Self.imageRunning(destination: "dev")
        let graph = Graph([
            Node(Self.step, .step),
            Node(Self.image, .image, needs: [Self.step], sources: [Self.step], destination: "dev, latest"),
        ])
        drive.send(.reloaded(graph, memory: [:], barrier: drive.sequence))
        let snapshot = Snapshot(own: "k-server", provenance: .none, barrier: drive.sequence)
        drive.send(.snapshot(Self.image, start.operation, snapshot))
        let published = drive.effects.compactMap { effect in
            if case .publish(_, _, let publication) = effect { publication.destination } else { nil }
        }
        #expect(published == ["dev"] || drive.effects.contains(.cancel(Self.image, start.operation)))
    }

    @Test func `what failed for a missing input, and what it blocked, is told to be fresh when that is back`() {
        let publication = Publication(key: "k-server", provenance: .none, destination: "", round: 1)
        var drive = Drive(memory: [Self.step: .step(key: "k-gen", outputs: "out"), Self.image: .image(publication)])
        drive.key([:])
        drive.edit("src/a", [Self.step])
        drive.pass(.seconds(1))
        for case .key(let node, let operation) in drive.effects {
            let keying = Keying(
                own: "other",
                outputs: "out",
                barrier: drive.sequence,
                missing: ["its input src/a does not exist"]
            )
            drive.send(.keyed(node, operation, keying))
        }
        let failure = Failure("its input src/a does not exist")
        #expect(drive.reports.starts(with: [.failed(Self.step, failure), .blocked(Self.image, by: [Self.step])]))
        drive.edit("src/a", [Self.step])
        drive.pass(.seconds(1))
        drive.key([:])
        #expect(drive.reports == [.recovered(Self.step), .recovered(Self.image), .idle])
    }

    @Test func `an image that is lost is made again, and forgotten until then`() {
        let publication = Publication(key: "k-server", provenance: .none, destination: "", round: 1)
        var drive = Drive(memory: [Self.step: .step(key: "k-gen", outputs: "out"), Self.image: .image(publication)])
        drive.key([:])
        #expect(drive.engine.status(of: Self.image) == .fresh)
        drive.send(.lost(Self.image))
        #expect(drive.effects.first == .remember(Self.image, nil))
        #expect(drive.started?.node == Self.image && drive.started?.cause.reason == .references)
        // It is on its way already.
        drive.send(.lost(Self.image))
        #expect(drive.effects.isEmpty)
    }

    @Test(arguments: [("k-server", Cause(reason: .definition)), ("old", Cause(reason: .need, edges: [image]))])
    func `a deploy's cause is its own definition, or another image`(acted: String, cause: Cause) {
        let deploy = NodeID("server/deploy")
        let graph = Graph([Node(Self.image, .image), Node(deploy, .deploy, needs: [Self.image], definition: "new")])
        let publication = Publication(key: "k-server", provenance: .none, destination: "", round: 1)
        let memory: [NodeID: Success] = [
            Self.image: .image(publication), deploy: .deploy(key: "before+\(acted)", image: acted),
        ]
        var drive = Drive(graph, memory: memory)
        drive.key([:])
        #expect(drive.started?.node == deploy && drive.started?.cause == cause)
        guard let start = drive.started else { return }
        drive.send(.ended(deploy, start.operation, RunEnd(.succeeded, barrier: drive.sequence)))
        #expect(drive.effects.contains(.remember(deploy, .deploy(key: "new+k-server", image: "k-server"))))
    }

    @Test func `a restart without edits runs nothing and is idle`() {
        let publication = Publication(key: "k-server", provenance: .none, destination: "", round: 1)
        var drive = Drive(memory: [Self.step: .step(key: "k-gen", outputs: "out"), Self.image: .image(publication)])
        let asked = drive.effects
        var reports: [Report] = []
        for case .key(let node, let operation) in asked {
            drive.send(.keyed(node, operation, Keying(own: "k-\(node)", outputs: "out", barrier: 1)))
            reports += drive.reports
            #expect(drive.started == nil)
        }
        #expect(reports.last == .idle)
    }
}
