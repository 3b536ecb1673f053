/// How the virtual loop starts, dies, and takes in a new configuration.

import Engine
import Graph

extension World {
    /// Survivors of an earlier loop are ended before the first keying.
    mutating func boot() {
        for index in live where isKnown(index) { runs[index].isLive = false }
        live.removeAll { !runs[$0].isLive }
        generation += 1
        isUp = true
        (readingOf, runOf, wakeAt, isDrainDue) = ([:], [:], nil, false)
        _ = tree.drain()
        drained = tree.sequence
        let found = memoryWithReferences()
        log("the loop starts")
        judge.begin(blueprint.graph, found, at: drained, now: now)
        engine = World.engine(blueprint.graph, found, parallel, defect)
        receive(engine.begin(at: moment), for: nil)
        if repository.isBusy { sendGitBusy() }
    }

    private func isKnown(_ index: Int) -> Bool {
        defect != .forgetsOrphans && (runs[index].isRecorded || defect != .recordsAfterExec)
    }

    /// References are checked at start: a publication that cannot be found is not remembered.
    private func memoryWithReferences() -> [NodeID: Success] {
        memory.filter { id, success in
            guard case .image(let publication) = success, let node = nodes[id] else { return true }
            return registry.shows(publication, of: node)
        }
    }

    /// Stops the loop at rest, and starts it again: only what has no inputs, or failed, has anything to do.
    mutating func restart() {
        judge.settled = Set(
            blueprint.recipes.indices.filter { node in
                guard let recipe = blueprint.recipes[node], recipe.kind != .step || !recipe.inputs.isEmpty else {
                    return false
                }
                return engine.status(of: ids[node]) == .fresh
            }
        )
        isUp = false
        malice = 0
        boot()
    }

    mutating func crash() {
        guard isUp else { return }
        log("the loop dies")
        judgeReplay()
        isUp = false
        for index in live where random.chance(50) || runs[index].recipe.kind == .image && !runs[index].isInFlight {
            runs[index].isLive = false
        }
        live.removeAll { !runs[$0].isLive }
        if random.chance(20), let key = registry.aliases.values.map(\.key).min() { registry.forget(key) }
        schedule(.boot, after: random.pick([1, 10, 60]))
    }

    /// Puts another configuration in force.
    mutating func reload(_ recipes: [Recipe?]) {
        drain()
        let sequence = tree.advance()
        blueprint = Blueprint(recipes, ids: ids, pathCount: tree.names.count)
        versions.append((sequence, blueprint))
        guard isUp else { return }
        drained = sequence
        judge.noteUpheaval(sequence, now)
        send(.reloaded(blueprint.graph, memory: memoryWithReferences(), barrier: sequence))
    }
}
