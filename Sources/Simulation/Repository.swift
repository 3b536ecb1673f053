/// The virtual project's git: what was committed, and how inputs differ from it.

import Engine
import Graph

struct Repository: Sendable {
    /// By path.
    private var head: [Content?]
    /// By node: the committed definition.
    private var commands: [Int?]
    /// By path: the number of the newest commit that changed it.
    private var newest: [Int64]
    private var commits: Int64 = 0
    let exists: Bool
    /// A lock is there.
    var isBusy = false
    /// Who holds it changes files.
    var isWriting = false

    init(exists: Bool, pathCount: Int, nodeCount: Int) {
        self.exists = exists
        head = Array(repeating: nil, count: pathCount)
        newest = Array(repeating: 0, count: pathCount)
        commands = Array(repeating: nil, count: nodeCount)
    }

    /// Commits every file that no step makes, and the configuration.
    mutating func commit(_ tree: Tree, _ blueprint: Blueprint) {
        commits += 1
        for path in head.indices where blueprint.owners[path] == nil {
            if head[path] != tree.content(of: path) { newest[path] = commits }
            head[path] = tree.content(of: path)
        }
        for (node, recipe) in blueprint.recipes.enumerated() {
            if let recipe { commands[node] = recipe.command }
        }
    }

    /// What git says of the files among a node's inputs that no step makes.
    func provenance(of node: Int, _ tree: Tree, _ blueprint: Blueprint) -> Provenance {
        guard exists, let recipe = blueprint.recipes[node] else { return exists ? .none : .unknown }
        let tracked = recipe.inputs.filter { blueprint.owners[$0] == nil }
        guard let time = tracked.map({ newest[$0] }).max() else { return .none }
        let isDirty = commands[node] != recipe.command || tracked.contains { head[$0] != tree.content(of: $0) }
        return .commit(id: "c\(time)", time: time, isDirty: isDirty)
    }

    /// The same with all that the node is made from.
    func joinedProvenance(of node: Int, _ tree: Tree, _ blueprint: Blueprint) -> Provenance {
        var joined = Provenance.none
        var open = [node]
        var seen: Set<Int> = []
        while let next = open.popLast() {
            guard seen.insert(next).inserted, let recipe = blueprint.recipes[next] else { continue }
            joined = joined.joined(with: provenance(of: next, tree, blueprint))
            open += recipe.inputs.compactMap { blueprint.owners[$0] }
            open += blueprint.bases(of: next)
        }
        return joined
    }
}
