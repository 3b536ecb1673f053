/// The order in which nodes can run, and the circles that forbid one.

import Graph

/// Why one node needs another.
struct Edge: Equatable {
    enum Cause: Equatable {
        /// `needs:`
        case declared
        /// `args: { NAME: { image: … } }`
        case argument(String)
        /// `FROM` or `COPY --from`, with the Dockerfile and its line.
        case base(dockerfile: String, line: Int)
        /// A deploy stands below its image.
        case deployed
    }

    var need: NodeID
    var cause: Cause
    var place: Place
}

/// A node and its needs, before anything is known of their order.
struct Vertex {
    var id: NodeID
    var place: Place
    var edges: [Edge]

    /// Each need once, in the order of the edges.
    var needs: [NodeID] {
        edges.enumerated().compactMap { at, edge in
            edges[..<at].contains { $0.need == edge.need } ? nil : edge.need
        }
    }
}

struct Ordering {
    /// Needs first, otherwise as declared; without the nodes in circles and what needs them.
    private(set) var order: [Vertex] = []
    private let vertices: [NodeID: Vertex]
    private let declared: [Vertex]

    /// Edges to unknown nodes are left out.
    init(_ declared: [Vertex]) {
        let ids = Set(declared.map(\.id))
        self.declared = declared.map { vertex in
            var vertex = vertex
            vertex.edges.removeAll { !ids.contains($0.need) }
            return vertex
        }
        vertices = Dictionary(self.declared.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var waiting = self.declared
        var placed: Set<NodeID> = []
        while let next = waiting.firstIndex(where: { $0.needs.allSatisfy(placed.contains) }) {
            let vertex = waiting.remove(at: next)
            placed.insert(vertex.id)
            order.append(vertex)
        }
    }

    func holds(_ name: String) -> Bool { vertices[NodeID(name)] != nil }

    /// Every node that `id` needs, directly or through others.
    func reach(of id: NodeID) -> Set<NodeID> {
        var found: Set<NodeID> = []
        var open = [id]
        while let next = open.popLast() {
            for need in vertices[next]?.needs ?? [] where found.insert(need).inserted { open.append(need) }
        }
        return found
    }

    /// One diagnostic for each circle, at the edge by which its first declared node begins it.
    func circles() -> [Diagnostic] {
        var told: Set<NodeID> = []
        return declared.compactMap { vertex in
            guard !told.contains(vertex.id), let circle = shortestCircle(through: vertex) else { return nil }
            told.formUnion(circle.map(\.need))
            let path = [vertex.id] + circle.map(\.need)
            let implied = zip(path, circle).compactMap { node, edge in edge.explanation(of: node) }
            return Diagnostic(
                id: Rule.cycle.id,
                place: circle[0].place,
                reason: "these need one another in a circle, so none of them could ever be the first: "
                    + path.map(\.name).joined(separator: " → ")
                    + (implied.isEmpty ? "" : " (\(implied.joined(separator: ", ")))"),
                remedy: path.count == 2
                    ? "Take `\(vertex.id)` out of its own needs."
                    : "Take one of these needs away, or split a node in two."
            )
        }
    }

    private func shortestCircle(through start: Vertex) -> [Edge]? {
        var paths: [[Edge]] = start.edges.map { [$0] }
        var seen: Set<NodeID> = []
        while !paths.isEmpty {
            var longer: [[Edge]] = []
            for path in paths {
                guard let end = path.last?.need else { continue }
                if end == start.id { return path }
                guard seen.insert(end).inserted else { continue }
                longer += vertices[end]?.edges.map { path + [$0] } ?? []
            }
            paths = longer
        }
        return nil
    }
}

extension Edge {
    /// nil for one that stands in the configuration as `needs`.
    fileprivate func explanation(of node: NodeID) -> String? {
        switch cause {
        case .declared: nil
        case .argument(let name): "`\(node)` needs `\(need)` by its argument `\(name)`"
        case .base(let dockerfile, let line): "`\(node)` needs `\(need)` by line \(line) of `\(dockerfile)`"
        case .deployed: "`\(node)` deploys `\(need)`"
        }
    }
}
