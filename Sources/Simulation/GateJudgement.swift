/// Whether a run may start or be cancelled, by what is true in the world and not by what the engine believes.

import Engine
import Graph

extension World {
    mutating func judgeStart(_ index: Int) {
        let run = runs[index]
        let id = ids[run.node]
        if judge.active.contains(where: { runs[$0].node == run.node }) {
            violate(.effects, "\(id) starts again before its run has ended")
        }
        if judge.active.count >= parallel { violate(.effects, "\(id) starts without a free slot") }
        if !judge.isPlanned { violate(.effects, "\(id) starts before everything was read") }
        if judge.isPaused { violate(.effects, "\(id) starts while the loop is paused") }
        if run.recipe.isManual, !judge.isAsked[run.node] { violate(.effects, "\(id) starts and nobody asked for it") }
        if judge.settled.contains(run.node) { violate(.minimality, "\(id) runs after a restart, and nothing changed") }
        for (departing, waiting) in judge.awaiting
        where waiting.contains(run.node) && judge.active.contains(departing) {
            violate(.effects, "\(id) starts before the end of a run that it needed")
        }
        judgeRest(of: run.node)
        judgeCause(index)
        judgeTurn(index)
        judgeKeying(index)
        judgeNeeds(index)
        judgeNecessity(index)
        judge.active.append(index)
        (judge.isIdle, judge.owesIdle) = (false, true)
        judge.told[run.node] = nil
        noteSlots()
        disturbProgress(of: run.node)
    }

    /// The user is told why, and it is true as far as it goes.
    private mutating func judgeCause(_ index: Int) {
        let (run, cause) = (runs[index], runs[index].start.cause)
        let id = ids[run.node]
        let untouched = cause.paths.first { name in
            guard let path = tree.names.firstIndex(of: name) else { return true }
            return tree.lastChange(of: path) <= judge.began
        }
        if let untouched { violate(.effects, "\(id) starts because of \(untouched), which did not change") }
        // A re-scan names nothing, and who comes back begins anew.
        let since = max(judge.upheaval, judge.left[run.node] ?? 0)
        let earlier = runs.dropLast().filter {
            $0.node == run.node && $0.generation == generation && $0.began >= since
        }
        if cause.reason == .neverRan, earlier.contains(where: { $0.verdict == .counted }) {
            violate(.effects, "\(id) starts because it never ran, and it did")
        }
        // What changed while the loop was down has no name either, until a run of it counts.
        guard let before = earlier.last?.start.cause, before.isNamed, !cause.isNamed else { return }
        violate(.effects, "\(id) starts because of \(cause.reason.rawValue), and nothing is named")
    }

    private mutating func judgeKeying(_ index: Int) {
        let run = runs[index]
        let id = ids[run.node]
        guard run.recipe.kind != .deploy else {
            if !registry.holds(run.start.publication.key) { violate(.effects, "\(id) acts on what was not published") }
            return
        }
        guard let reading = run.reading.map({ readings[$0] }), reading.node == run.node, reading.barrier >= 0 else {
            return violate(.effects, "\(id) starts without a key")
        }
        if reading.recipe.command != run.recipe.command {
            violate(.effects, "\(id) starts by the key of an older definition")
        }
        let barrier = max(reading.barrier, judge.snapshots[run.node] ?? -1)
        let missing = zip(reading.recipe.inputs, reading.seen).first { $1 == nil && blueprint.owners[$0] == nil }
        if let missing { violate(.effects, "\(id) starts without its input \(tree.names[missing.0])") }
        // Edits that come faster than keys: an image is judged by its snapshot.
        if run.recipe.kind == .image, judge.overtaken[run.node, default: 0] >= 3 { return }
        for path in run.recipe.inputs where judge.delivered[path] ?? 0 > barrier {
            violate(.effects, "\(id) starts before the change of \(tree.names[path]) is in its key")
        }
    }

    /// The gate's third condition: 10 ms after a save, but no more than a second after the first.
    private mutating func judgeRest(of node: Int) {
        guard let (first, last) = judge.disturbed.removeValue(forKey: node) else { return }
        guard blueprint.recipes[node]?.kind != .deploy else { return }
        if now - last < 10, now - first < 1000 { violate(.effects, "\(ids[node]) starts while its inputs are edited") }
    }

    /// The gate's first condition, for every run: all that it needs is what a run from scratch would make of it.
    private mutating func judgeNeeds(_ index: Int) {
        let id = ids[runs[index].node]
        for need in blueprint.reach[runs[index].node] {
            if judge.active.contains(where: { runs[$0].node == need }) {
                violate(.effects, "\(id) starts while \(ids[need]), which it needs, runs")
            }
            guard let recipe = blueprint.recipes[need], recipe.kind == .step, !isHaunted(need) else { continue }
            let made = recipe.outcome(
                need,
                reading: recipe.inputs.map { tree.content(of: $0, at: drained) },
                on: shownBases(of: need)
            )
            if made == nil || recipe.outputs.map({ tree.content(of: $0, at: drained) }) != made {
                violate(.effects, "\(id) starts while \(ids[need]), which it needs, is stale")
            }
        }
    }

    /// Whether something that is no run may write the node's outputs, and be taken for its run.
    func isHaunted(_ node: Int) -> Bool {
        ([node] + blueprint.reach[node]).contains { blueprint.recipes[$0]?.oddity == .writesLate }
    }

    /// A run is cancelled only where something that it is made from changed.
    mutating func judgeCancel(_ index: Int) {
        let run = runs[index]
        let id = ids[run.node]
        let since = run.reading.map { readings[$0].barrier } ?? run.began
        guard judge.upheaval <= since else { return }
        let isAtGate = run.recipe.kind == .image && run.snapshot != nil && run.publication == nil
        if run.recipe.kind == .deploy || run.recipe.finishesOnChange && !isAtGate {
            return violate(.effects, "\(id) is cancelled, and was to finish")
        }
        let paths = ([run.node] + blueprint.reach[run.node]).flatMap { node in
            blueprint.recipes[node].map { $0.inputs + $0.outputs } ?? []
        }
        guard !paths.contains(where: { tree.lastChange(of: $0) > since }) else { return }
        violate(.effects, "\(id) is cancelled, and nothing that it is made from changed")
    }

    mutating func judgeEnd(_ index: Int, _ end: RunEnd) {
        let run = runs[index]
        judge.active.removeAll { $0 == index }
        judge.isIdle = false
        noteResult(of: index, end)
        noteSlots()
        if judge.results[run.node]?.verdict == .counted { judge.counted[run.node].append(now) }
        if end.outcome != .cancelled { judge.unfinishedSince[run.node] = nil }
        disturbProgress(of: run.node)
    }
}

extension Cause {
    /// Whether it says which files, which nodes, or what else.
    fileprivate var isNamed: Bool {
        switch reason {
        case .inputs, .outputs, .need: !paths.isEmpty || !edges.isEmpty
        case .base: !bases.isEmpty
        case .neverRan, .uncounted, .definition, .references, .oncePerStart, .retry: true
        }
    }
}
