import Graph
import Testing

@testable import Project

@Suite struct OrderingTests {
    private func ordering(_ needs: [(String, [String])]) -> Ordering {
        Ordering(
            needs.map { name, needs in
                let place = Place(file: "f", line: 1)
                let edges = needs.map { Edge(need: NodeID($0), cause: .declared, place: place) }
                return Vertex(id: NodeID(name), place: place, edges: edges)
            }
        )
    }

    @Test func `needs come first, otherwise all stays as declared`() {
        let ordering = ordering([("d", ["b"]), ("a", []), ("b", ["c"]), ("c", []), ("e", ["nobody"])])
        #expect(ordering.order.map(\.id.name) == ["a", "c", "b", "d", "e"])
        #expect(ordering.circles().isEmpty)
        #expect(ordering.reach(of: NodeID("d")) == [NodeID("b"), NodeID("c")])
    }

    @Test func `each circle is told once and in full, and what only needs it is not in it`() {
        let ordering = ordering([
            ("x", ["a"]), ("a", ["b"]), ("b", ["c", "a"]), ("c", ["a"]), ("self", ["self"]), ("p", ["q"]), ("q", ["p"]),
            ("alone", []),
        ])
        let told = ordering.circles().compactMap { $0.reason.split(separator: ": ").last }
        #expect(told == ["a → b → a", "c → a → b → c", "self → self", "p → q → p"])
        #expect(ordering.order.map(\.id.name) == ["alone"])
    }
}
