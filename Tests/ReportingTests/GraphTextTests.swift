import Foundation
import Graph
import Testing

@testable import Reporting

@Suite struct GraphTextTests {
    static let graph = Graph([
        Node(NodeID("gen-code"), .step), Node(NodeID("base"), .image),
        Node(NodeID("server"), .image, needs: [NodeID("gen-code"), NodeID("base")]),
        Node(NodeID("server/deploy"), .deploy, needs: [NodeID("server"), NodeID("gen-code")]),
    ])

    static let odd = Graph(
        ["a\"b", "a\\", "a]", "`a`", "a;b", "<b>&amp;#35;", "end", "a\nb", "{{a}}", "é\u{202e}", ""].map {
            Node(NodeID($0), .step)
        }
    )

    @Test func `as text it has levels`() {
        #expect(
            Self.graph.text == """
                level 0
                  gen-code       step
                  base           image
                level 1
                  server         image  needs gen-code, base
                level 2
                  server/deploy  deploy  needs server, gen-code
                """
        )
    }

    @Test func `as Mermaid it is a flowchart, each kind in its shape`() {
        #expect(
            Self.graph.mermaid == """
                flowchart LR
                    n0["gen-code"]
                    n1(["base"])
                    n2(["server"])
                    n3{{"server/deploy"}}
                    n0 --> n2
                    n1 --> n2
                    n2 --> n3
                    n0 --> n3
                """
        )
    }

    @Test func `in Mermaid nothing of a name is syntax`() {
        #expect(
            Self.odd.mermaid == #"""
                flowchart LR
                    n0["a#34;b"]
                    n1["a#92;"]
                    n2["a]"]
                    n3["#96;a#96;"]
                    n4["a#59;b"]
                    n5["#60;b#62;#38;amp#59;#35;35#59;"]
                    n6["end"]
                    n7["a#92;nb"]
                    n8["{{a}}"]
                    n9["é#92;u{202e}"]
                    n10[""]
                """#
        )
    }

    @Test func `for Graphviz each kind has its shape too`() {
        #expect(
            Self.graph.dot == """
                digraph imgwatch {
                    rankdir=LR;
                    n0 [label="gen-code", shape=box];
                    n1 [label="base", shape=cylinder];
                    n2 [label="server", shape=cylinder];
                    n3 [label="server/deploy", shape=hexagon];
                    n0 -> n2;
                    n1 -> n2;
                    n2 -> n3;
                    n0 -> n3;
                }
                """
        )
    }

    /// Graphviz itself, where it is installed.
    private static let program = URL(filePath: "/usr/bin/dot")

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: program.path())), arguments: [graph, odd])
    func `Graphviz shows every name as it is`(graph: Graph) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "graph-\(UUID().uuidString).dot")
        defer { try? FileManager.default.removeItem(at: file) }
        try graph.dot.write(to: file, atomically: false, encoding: .utf8)
        let process = Process()
        let output = Pipe()
        (process.executableURL, process.arguments) = (Self.program, ["-Tplain", file.path()])
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(text.split(separator: "\n").count { $0.hasPrefix("node ") } == graph.nodes.count)
        #expect(text.split(separator: "\n").count { $0.hasPrefix("edge ") } == graph.nodes.flatMap(\.needs).count)
    }
}
