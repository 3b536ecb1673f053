/// What steps, images and deploys have in common while they run: a beginning, perhaps a cancellation, and an end.

import Engine
import Graph

struct Run: Sendable {
    let node: Int
    let recipe: Recipe
    let start: Start
    let generation: Int
    /// The keying that it is judged by.
    let reading: Int?
    /// The world's latest change when it began.
    let began: Sequence
    var isCancelled = false
    /// It has a process, or a request in the air.
    var isLive = true
    /// The engine was told.
    var hasEnded = false
    /// What came of it; nil: nobody knows.
    var verdict: Judge.Result.Verdict?
    /// Its process group is on record, so that the next loop can end it.
    var isRecorded = true

    /// A step: what it read, by place among the inputs.
    var read: [Content?] = []
    /// The keys of the images that it finds.
    var bases: [String] = []
    /// A step: where it fails, it does not touch its outputs.
    var isTidy = false
    /// An image: what it has of its inputs.
    var seen: [File?] = []
    var snapshot: Snapshot?
    /// An image: what it publishes.
    var publication: Publication?
    /// A request was sent and not answered.
    var isInFlight = false
}

extension World {
    mutating func begin(_ start: Start) {
        guard let node = nodes[start.node], let recipe = blueprint.recipes[node] else {
            return violate(.effects, "\(start.node) starts, and does not exist")
        }
        let index = runs.count
        runs.append(
            Run(
                node: node,
                recipe: recipe,
                start: start,
                generation: generation,
                reading: start.keying.flatMap { readingOf[$0] },
                began: tree.sequence
            )
        )
        if defect == .recordsAfterExec { runs[index].isRecorded = random.chance(70) }
        judgeStart(index)
        runOf[start.operation] = index
        live.append(index)
        switch recipe.kind {
        case .step: beginStep(index)
        case .image: beginImage(index)
        case .deploy: beginDeploy(index)
        }
        react(to: index)
    }

    mutating func cancel(_ operation: OperationID) {
        guard let index = runOf[operation] else { return violate(.effects, "what never ran is cancelled") }
        judgeCancel(index)
        runs[index].isCancelled = true
        guard runs[index].isLive else { return }
        switch runs[index].recipe.kind {
        case .image where runs[index].isInFlight && defect == .reportsCancelledEarly:
            report(index, RunEnd(.cancelled, barrier: drained))
        case .image where runs[index].isInFlight: break  // It has ended when the request is answered.
        case .image: schedule(.kill(run: index), after: random.int(0...3))
        case .step, .deploy: schedule(.kill(run: index), after: random.pick([0, 2, 20]))
        }
    }

    /// The run's processes are gone and its last request is answered.
    mutating func end(_ index: Int, _ outcome: RunEnd.Outcome, publication: Publication? = nil) {
        guard runs[index].isLive else { return }
        runs[index].isLive = false
        live.removeAll { $0 == index }
        guard runs[index].generation == generation, isUp, !runs[index].hasEnded else { return }
        if defect != .reportsUndrained { drain() }
        var end = RunEnd(outcome, barrier: drained, publication: publication)
        if runs[index].recipe.kind == .step { look(at: &end, of: index) }
        report(index, end)
    }

    private mutating func report(_ index: Int, _ end: RunEnd) {
        runs[index].hasEnded = true
        judgeEnd(index, end)
        send(.ended(runs[index].start.node, runs[index].start.operation, end))
    }
}
