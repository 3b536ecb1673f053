/// The graph for people: as text, as a Mermaid flowchart, and in Graphviz's language.

package import Graph

extension Graph {
    /// Level by level, without a line feed at the end.
    package var text: String {
        let width = nodes.map { TerminalText.escaped($0.id.name).count }.max() ?? 0
        let levels = nodes.map { level(of: $0.id) }
        var lines: [String] = []
        for level in 0...(levels.max() ?? 0) {
            lines.append("level \(level)")
            for (node, at) in zip(nodes, levels) where at == level {
                let name = TerminalText.escaped(node.id.name)
                let space = String(repeating: " ", count: width - name.count)
                let needs = node.needs.map { TerminalText.escaped($0.name) }.joined(separator: ", ")
                lines.append("  \(name)\(space)  \(node.kind.rawValue)\(needs.isEmpty ? "" : "  needs \(needs)")")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Steps are rectangles, images have round ends, deploys are hexagons; each arrow leads to what needs the other.
    package var mermaid: String {
        let shapes: [NodeKind: (open: String, close: String)] = [
            .step: ("[", "]"), .image: ("([", "])"), .deploy: ("{{", "}}"),
        ]
        var lines = ["flowchart LR"]
        for (position, node) in nodes.enumerated() {
            let (open, close) = shapes[node.kind] ?? ("[", "]")
            lines.append("    n\(position)\(open)\"\(Self.mermaidText(node.id.name))\"\(close)")
        }
        lines += arrows.map { "    n\($0) --> n\($1)" }
        return lines.joined(separator: "\n")
    }

    /// Steps are boxes, images cylinders, deploys hexagons; each arrow leads to what needs the other.
    package var dot: String {
        let shapes: [NodeKind: String] = [.step: "box", .image: "cylinder", .deploy: "hexagon"]
        var lines = ["digraph imgwatch {", "    rankdir=LR;"]
        for (position, node) in nodes.enumerated() {
            lines.append(
                "    n\(position) [label=\"\(Self.dotText(node.id.name))\", shape=\(shapes[node.kind] ?? "box")];"
            )
        }
        lines += arrows.map { "    n\($0) -> n\($1);" }
        return (lines + ["}"]).joined(separator: "\n")
    }

    /// Positions: of what is needed, and of what needs it.
    private var arrows: [(Int, Int)] {
        nodes.enumerated().flatMap { position, node in
            node.needs.compactMap { need in self.position(of: need).map { ($0, position) } }
        }
    }

    /// In Mermaid's quotes nothing is escaped but by entities, and a back quote would begin Markdown.
    private static func mermaidText(_ name: String) -> String {
        TerminalText.escaped(name).unicodeScalars.map { scalar in
            "\"#&<>`;\\".unicodeScalars.contains(scalar) ? "#\(scalar.value);" : String(scalar)
        }.joined()
    }

    /// In Graphviz's labels a backslash escapes, and `&` begins an entity.
    private static func dotText(_ name: String) -> String {
        TerminalText.escaped(name).unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case "&": "&amp;"
            default: String(scalar)
            }
        }.joined()
    }
}
