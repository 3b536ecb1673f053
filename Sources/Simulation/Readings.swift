/// How the virtual runtime reads a node's inputs for its key, while the world goes on.

import Engine
import Graph

/// A keying under way: files are read one after the other, and looked at again at a barrier.
struct Reading: Sendable {
    let node: Int
    let operation: OperationID
    let generation: Int
    let recipe: Recipe
    /// By place among the inputs, and then the outputs.
    var seen: [File?] = []
    var tries = 0
    /// Everything that was drained when the reading was complete.
    var barrier: Sequence = -1
    /// What follows from the reading, until the engine is told.
    var keying: Keying?

    var paths: [Path] { recipe.inputs + recipe.outputs }
}

extension World {
    mutating func read(_ id: NodeID, _ operation: OperationID) {
        guard let node = nodes[id], let recipe = blueprint.recipes[node] else {
            return violate(.effects, "\(id) is to be read, and does not exist")
        }
        if judge.openReadings[node] == versions.count {
            violate(.effects, "\(id) is to be read twice at once")
        }
        judge.openReadings[node] = versions.count
        readingOf[operation] = readings.count
        schedule(.read(readings.count), after: random.int(0...3))
        readings.append(Reading(node: node, operation: operation, generation: generation, recipe: recipe))
    }

    mutating func proceed(reading index: Int) {
        guard readings[index].generation == generation else { return }
        if readings[index].seen.isEmpty { drain() }
        let paths = readings[index].paths
        let position = readings[index].seen.count
        if position < paths.count {
            readings[index].seen.append(tree.files[paths[position]])
            return schedule(.read(index), after: random.int(0...2))
        }
        drain()
        if defect != .readsWithoutBarrier, zip(paths, readings[index].seen).contains(where: { tree.files[$0] != $1 }) {
            guard readings[index].tries == 3 else {
                readings[index].tries += 1
                readings[index].seen = []
                return schedule(.read(index), after: random.int(0...2))
            }
            return answer(index, Keying(own: nil, barrier: drained))
        }
        readings[index].keying = keying(index)
        guard scenario.naming > 0 else { return answer(reading: index) }
        schedule(.answer(reading: index), after: random.int(0...scenario.naming))
    }

    /// The key is made, and the inputs are named, while the world goes on.
    mutating func answer(reading index: Int) {
        guard readings[index].generation == generation, let keying = readings[index].keying else { return }
        answer(index, keying)
    }

    private mutating func answer(_ index: Int, _ keying: Keying) {
        readings[index].barrier = keying.barrier
        let (node, inputs) = (readings[index].node, readings[index].recipe.inputs)
        let isOld = keying.own != nil && inputs.contains { judge.delivered[$0] ?? 0 > keying.barrier }
        judge.overtaken[node] = isOld ? judge.overtaken[node, default: 0] + 1 : 0
        judge.openReadings[readings[index].node] = nil
        send(.keyed(ids[readings[index].node], readings[index].operation, keying))
    }

    private func keying(_ index: Int) -> Keying {
        let reading = readings[index]
        let (node, recipe) = (reading.node, reading.recipe)
        let contents = reading.seen.prefix(recipe.inputs.count).map { $0?.content }
        let missing = zip(recipe.inputs, contents).filter { $0.1 == nil && blueprint.owners[$0.0] == nil }
        return Keying(
            own: recipe.ownKey(node, reading: contents),
            outputs: outputHash(recipe, reading.seen.dropFirst(recipe.inputs.count).map { $0?.content }),
            provenance: repository.provenance(of: node, tree, blueprint),
            barrier: drained,
            missing: missing.map { tree.names[$0.0] },
            writers: recipe.inputs.filter { tree.writers[$0] > 0 }.map { tree.names[$0] }
        )
    }

    func outputHash(_ recipe: Recipe, _ contents: [Content?]) -> String {
        guard recipe.kind == .step else { return "" }
        return String(digest(of: contents.map { $0.map { $0 &+ 1 } ?? 0 }), radix: 36)
    }
}
