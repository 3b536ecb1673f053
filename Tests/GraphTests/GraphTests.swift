import Graph
import Testing

@Suite struct GraphTests {
    let graph = Graph([
        Node(NodeID("gen"), .step),
        Node(NodeID("build"), .step, needs: [NodeID("gen")], sources: [NodeID("gen")]),
        Node(NodeID("ui"), .step),
        Node(NodeID("base"), .image),
        Node(
            NodeID("server"),
            .image,
            needs: [NodeID("build"), NodeID("ui"), NodeID("base")],
            sources: [NodeID("build"), NodeID("base")]
        ),
    ])

    @Test func `needs are followed through others, in graph order`() {
        #expect(graph.needs(of: NodeID("server")).map(\.name) == ["gen", "build", "ui", "base"])
        #expect(graph.needs(of: NodeID("gen")) == [])
    }

    @Test func `dependents are the other way round`() {
        #expect(graph.dependents(of: NodeID("gen")).map(\.name) == ["build", "server"])
    }

    @Test func `sources name a node, and a need that only orders does not`() {
        #expect(graph.sources(of: NodeID("server")).map(\.name) == ["gen", "build", "base", "server"])
    }

    @Test func `a level counts the needs under a node`() {
        #expect(graph.level(of: NodeID("gen")) == 0)
        #expect(graph.level(of: NodeID("server")) == 2)
    }
}
