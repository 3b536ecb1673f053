/// What every file and key would be if everything ran from scratch on the sources of one instant.

import Engine
import Graph

/// It knows nothing of the engine: the promises are about what is, not about what somebody believes.
struct Oracle {
    private let tree: Tree
    private let blueprint: Blueprint
    private let moment: Sequence
    /// Whether steps are run; otherwise their outputs are what they are.
    private let runsSteps: Bool
    private var known: [Path: Content?] = [:]
    private var keys: [Int: String?] = [:]

    init(_ tree: Tree, _ blueprint: Blueprint, at moment: Sequence, runsSteps: Bool = true) {
        (self.tree, self.blueprint, self.moment, self.runsSteps) = (tree, blueprint, moment, runsSteps)
    }

    /// A path's bytes; for an output those that its step makes from scratch, nil where that fails.
    mutating func content(of path: Path) -> Content? {
        if let content = known[path] { return content }
        var content = tree.content(of: path, at: moment)
        if runsSteps, let owner = blueprint.owners[path], let recipe = blueprint.recipes[owner] {
            let made = outputs(of: owner)
            content = zip(recipe.outputs, made ?? []).first { $0.0 == path }.flatMap(\.1)
        }
        known[path] = .some(content)
        return content
    }

    /// What a step makes from scratch; nil: it fails.
    mutating func outputs(of step: Int) -> [Content?]? {
        guard let recipe = blueprint.recipes[step] else { return nil }
        guard recipe.oddity != .forgetsOutput || recipe.outputs.isEmpty else { return nil }
        guard let bases = baseKeys(of: step) else { return nil }
        let inputs = recipe.inputs.map { content(of: $0) }
        return recipe.outcome(step, reading: inputs, on: bases)
    }

    /// The key of an image; nil where an input, or one of a base, does not exist.
    mutating func key(of image: Int) -> String? {
        if let key = keys[image] { return key }
        let key = combinedKey(of: image)
        keys[image] = .some(key)
        return key
    }

    private mutating func combinedKey(of image: Int) -> String? {
        guard let recipe = blueprint.recipes[image] else { return nil }
        let inputs = recipe.inputs.map { content(of: $0) }
        guard !inputs.contains(nil), let bases = baseKeys(of: image) else { return nil }
        return combine(recipe.ownKey(image, reading: inputs), bases)
    }

    private mutating func baseKeys(of node: Int) -> [String]? {
        var keys: [String] = []
        for base in blueprint.bases(of: node) {
            guard let key = key(of: base) else { return nil }
            keys.append(key)
        }
        return keys
    }
}
