/// The project's nodes and what they need: the vocabulary that configuration, engine and reports share.

/// The name of a step, an image or a deploy; unique in a project.
package struct NodeID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var name: String
    package init(_ name: String) { self.name = name }
    package var description: String { name }
    package static func < (a: Self, b: Self) -> Bool { a.name < b.name }
}

/// What a node makes: a step makes files, an image makes a manifest in a registry, a deploy acts on a published image.
package enum NodeKind: String, Hashable, Sendable {
    case step, image, deploy
}

/// One node as the engine sees it.
package struct Node: Equatable, Sendable {
    package var id: NodeID
    package var kind: NodeKind
    /// The nodes that must be fresh before this one may run, in declared order; each stands earlier in the graph.
    package var needs: [NodeID]
    /// The nodes whose own sources name this one too: bases, and the steps whose outputs it reads.
    package var sources: [NodeID]
    /// Changes when, and only when, the node's definition in the configuration does.
    package var definition: String
    /// A step without inputs runs once per start of the loop.
    package var hasInputs: Bool
    /// An edit lets the run end instead of cancelling it.
    package var finishesOnChange: Bool
    /// A command of the user's makes it: what it writes beside may start it again.
    package var runsCommand: Bool
    /// Another machine does its work: it takes no slot here.
    package var runsElsewhere: Bool
    /// Waits for `trigger`.
    package var isManual: Bool
    /// How long this node's inputs must be quiet, where the configuration says so.
    package var quiet: Duration?
    /// Where an image's references go (registry and aliases); a change of it publishes again without a build.
    package var destination: String

    package init(
        _ id: NodeID,
        _ kind: NodeKind,
        needs: [NodeID] = [],
        sources: [NodeID] = [],
        definition: String = "",
        hasInputs: Bool = true,
        finishesOnChange: Bool = false,
        runsCommand: Bool? = nil,
        runsElsewhere: Bool = false,
        isManual: Bool = false,
        quiet: Duration? = nil,
        destination: String = ""
    ) {
        (self.id, self.kind, self.needs, self.sources) = (id, kind, needs, sources)
        (self.definition, self.hasInputs) = (definition, hasInputs)
        self.runsCommand = runsCommand ?? (kind == .step)
        self.runsElsewhere = runsElsewhere
        (self.finishesOnChange, self.isManual, self.quiet) = (finishesOnChange, isManual, quiet)
        self.destination = destination
    }
}

/// The nodes in an order in which every need stands before the node that has it.
package struct Graph: Equatable, Sendable {
    package let nodes: [Node]
    private let positions: [NodeID: Int]
    /// By position: the positions of every node that it needs, directly or through others, in order.
    package let needs: [[Int]]
    /// By position: the positions of every node that needs it, directly or through others, in order.
    package let dependents: [[Int]]
    /// By position: the positions of the nodes whose own sources name it: itself, and all others through `sources`.
    package let sources: [[Int]]

    /// - Precondition: every need and source of a node stands before it in `nodes`, and ids are unique.
    package init(_ nodes: [Node]) {
        self.nodes = nodes
        var positions: [NodeID: Int] = [:]
        var needs: [[Int]] = []
        var sources: [[Int]] = []
        var dependents: [[Int]] = Array(repeating: [], count: nodes.count)
        for (position, node) in nodes.enumerated() {
            precondition(positions[node.id] == nil, "node \(node.id) stands twice in the graph")
            needs.append(Self.closure(of: node.needs, over: needs, at: positions))
            sources.append(Self.closure(of: node.sources, over: sources, at: positions) + [position])
            for need in needs[position] { dependents[need].append(position) }
            positions[node.id] = position
        }
        (self.positions, self.needs, self.dependents, self.sources) = (positions, needs, dependents, sources)
    }

    private static func closure(of direct: [NodeID], over reach: [[Int]], at positions: [NodeID: Int]) -> [Int] {
        var reached: Set<Int> = []
        for id in direct {
            guard let position = positions[id] else { preconditionFailure("\(id) stands later than what names it") }
            reached.insert(position)
            reached.formUnion(reach[position])
        }
        return reached.sorted()
    }

    package static func == (a: Self, b: Self) -> Bool { a.nodes == b.nodes }

    package subscript(id: NodeID) -> Node? { positions[id].map { nodes[$0] } }

    package func position(of id: NodeID) -> Int? { positions[id] }

    package func contains(_ id: NodeID) -> Bool { positions[id] != nil }

    /// Every node that `id` needs, directly or through others, in graph order.
    package func needs(of id: NodeID) -> [NodeID] { ids(positions[id].map { needs[$0] }) }

    /// Every node that needs `id`, directly or through others, in graph order.
    package func dependents(of id: NodeID) -> [NodeID] { ids(positions[id].map { dependents[$0] }) }

    /// The nodes whose own sources name `id`: itself, and through `sources` all others, in graph order.
    package func sources(of id: NodeID) -> [NodeID] { ids(positions[id].map { sources[$0] }) }

    /// These nodes and all that they need.
    package func selecting(_ ids: [NodeID]) -> Graph {
        let kept = Set(ids.compactMap { positions[$0] }.flatMap { [$0] + needs[$0] })
        return Graph(nodes.indices.filter(kept.contains).map { nodes[$0] })
    }

    /// How many needs lie under a node: 0 for one that needs nothing.
    package func level(of id: NodeID) -> Int {
        var levels: [NodeID: Int] = [:]
        for node in nodes { levels[node.id] = node.needs.map { levels[$0, default: 0] + 1 }.max() ?? 0 }
        return levels[id, default: 0]
    }

    private func ids(_ found: [Int]?) -> [NodeID] { (found ?? []).map { nodes[$0].id } }
}
