import Engine
import Graph
import OCI
import Testing

@testable import imgwatch

@Suite struct PlanTests {
    private static func entry(
        _ name: String,
        _ kind: NodeKind,
        _ action: ProjectPlan.Action,
        level: Int = 0,
        old: String? = nil,
        new: String? = nil
    ) -> ProjectPlan.Entry {
        ProjectPlan.Entry(node: Node(NodeID(name), kind), level: level, action: action, old: old, new: new)
    }

    static let plan = ProjectPlan(entries: [
        entry("fresh", .step, .none),
        entry("gen", .step, .run(Cause(reason: .inputs, paths: ["a.c"], pathCount: 1))),
        entry("base", .image, .run(Cause(reason: .neverRan)), new: "key-1"),
        entry("late", .image, .reference, level: 1, old: "git-a", new: "git-b"),
        entry("server", .image, .afterNeeds([NodeID("gen"), NodeID("base")]), level: 2, old: "git-c"),
        entry("broken", .step, .fails("x does not exist"), level: 3),
    ])

    @Test func `what would run is told with its level, why, and what its tag becomes`() {
        #expect(
            Self.plan.text == """
                0  gen     runs: inputs changed: a.c
                0  base    runs: never run
                           (new) → key-1
                1  late    is built already; a reference is added
                           git-a → git-b
                2  server  runs if gen, base change what it is made from
                           git-c → (known when its needs have run)
                3  broken  can't run: x does not exist
                """
        )
    }

    @Test func `a plan is told level by level, and in the order of the graph within one`() {
        let levels = [("a", 0), ("b", 1), ("c", 2), ("d", 0), ("e", 2), ("f", 1)]
        let entries = levels.map { Self.entry($0.0, .step, .run(Cause(reason: .neverRan)), level: $0.1) }
        let rows = ProjectPlan(entries: entries).text.split(separator: "\n").map { $0.prefix(4) }
        #expect(rows == ["0  a", "0  d", "1  b", "1  f", "2  c", "2  e"])
    }

    @Test func `a plan in which nothing would run says so`() {
        #expect(ProjectPlan(entries: []).text == "nothing to do: everything is fresh")
        #expect(ProjectPlan(entries: [Self.plan.entries[0]]).text == "nothing to do: everything is fresh")
    }

    @Test func `JSON has every node, the fresh ones too`() {
        let lines = [
            #"{"node":"fresh","kind":"step","level":0,"action":"none","reason":"fresh"}"#,
            #"{"node":"gen","kind":"step","level":0,"action":"run","reason":"runs: inputs changed: a.c""#
                + #","paths":["a.c"]}"#,
            #"{"node":"base","kind":"image","level":0,"action":"run","reason":"runs: never run","paths":[]"#
                + #","new":"key-1"}"#,
        ]
        let text = String(
            decoding: ProjectPlan(entries: Array(Self.plan.entries.prefix(3))).json.encoded(),
            as: UTF8.self
        )
        #expect(text == #"{"nodes":[\#(lines.joined(separator: ","))]}"#)
    }

    @Test(arguments: zip(plan.entries.map(\.action), ["none", "run", "run", "reference", "after-needs", "fails"]))
    func `each action has its name`(action: ProjectPlan.Action, name: String) {
        #expect(action.name == name)
    }
}
