/// The virtual project as its configuration says at one time, in the form that engine, driver and oracle need.

import Graph

struct Blueprint: Sendable {
    /// By node; nil: the node is not in the configuration.
    let recipes: [Recipe?]
    let graph: Graph
    /// By path: the step that has it in its outputs.
    let owners: [Int?]
    /// By path, without its owner.
    let readers: [[NodeID]]
    /// By node: what it needs, directly or through others.
    let reach: [[Int]]

    init(_ recipes: [Recipe?], ids: [NodeID], pathCount: Int) {
        var owners: [Int?] = Array(repeating: nil, count: pathCount)
        for (node, recipe) in recipes.enumerated() {
            for output in recipe?.outputs ?? [] { owners[output] = node }
        }
        var readers: [[NodeID]] = Array(repeating: [], count: pathCount)
        var reach: [[Int]] = []
        var nodes: [Node] = []
        for (node, recipe) in recipes.enumerated() {
            var reached: Set<Int> = []
            for need in recipe?.needs ?? [] { reached.formUnion(reach[need] + [need]) }
            reach.append(reached.sorted())
            guard let recipe else { continue }
            for path in recipe.inputs where owners[path] != node { readers[path].append(ids[node]) }
            let bases = recipe.needs.filter { recipes[$0]?.kind == .image && recipe.kind != .deploy }
            let makers = Set(recipe.inputs.compactMap { owners[$0] }).subtracting([node])
            nodes.append(
                Node(
                    ids[node],
                    recipe.kind,
                    needs: recipe.needs.map { ids[$0] },
                    sources: makers.union(bases).sorted().map { ids[$0] },
                    definition: "\(recipe.command)",
                    hasInputs: !recipe.inputs.isEmpty,
                    finishesOnChange: recipe.finishesOnChange,
                    isManual: recipe.isManual,
                    quiet: recipe.quiet.map { .milliseconds($0) },
                    destination: "registry\(recipe.destination)"
                )
            )
        }
        (self.recipes, self.owners, self.readers, self.reach) = (recipes, owners, readers, reach)
        graph = Graph(nodes)
    }

    /// The images whose keys are part of the node's key.
    func bases(of node: Int) -> [Int] {
        guard let recipe = recipes[node], recipe.kind != .deploy else { return [] }
        return recipe.needs.filter { recipes[$0]?.kind == .image }
    }

    /// The files that no step makes and that decide the node's result, directly or through steps and bases.
    func sources(of node: Int) -> [Path] {
        var found: Set<Path> = []
        for reached in [node] + reach[node] {
            for path in recipes[reached]?.inputs ?? [] where owners[path] == nil { found.insert(path) }
        }
        return found.sorted()
    }
}
