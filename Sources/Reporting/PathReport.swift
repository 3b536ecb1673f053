/// What `imgwatch why` tells of a path: who reads it or leaves it out, by which rule, and what follows.

package import Graph
package import Project

package struct PathReport: Equatable, Sendable {
    /// What stands at the path.
    package enum Kind: String, Sendable { case file, folder, link, missing }

    /// What a node has to do with the path.
    package enum Relation: String, Sendable {
        case reads
        /// Not the folder itself, or not all of it.
        case readsBelow = "reads-below"
        case makes
        /// Something in the folder.
        case makesBelow = "makes-below"
        /// It is the node's Dockerfile or ignore file, or would be.
        case isDefinedBy = "is-defined-by"
        /// Something names the path, and something else keeps it from being read.
        case leavesOut = "leaves-out"
        /// Nothing names the path; the node is told because nobody reads it.
        case passesBy = "passes-by"
    }

    /// What a relation comes from: a line that somebody wrote, or a rule of imgwatch's own.
    package struct Rule: Equatable, Sendable {
        package enum Kind: String, Sendable {
            case input, output, instruction, link, ignored, exception, git, dockerfile, context
            case ignoreFile = "ignore-file"
        }
        package var kind: Kind
        /// The pattern, the path or the instruction; a sentence where nobody wrote it.
        package var text: String
        package var place: Place?
        package init(_ kind: Kind, _ text: String, _ place: Place? = nil) {
            (self.kind, self.text, self.place) = (kind, text, place)
        }
    }

    package struct Entry: Equatable, Sendable {
        package var node: NodeID
        package var kind: NodeKind
        package var relation: Relation
        package var rules: [Rule]
        package init(_ node: NodeID, _ kind: NodeKind, _ relation: Relation, _ rules: [Rule]) {
            (self.node, self.kind, self.relation, self.rules) = (node, kind, relation, rules)
        }

        /// Whether a change of the path may make the node run.
        package var isAffected: Bool { [.reads, .readsBelow, .isDefinedBy].contains(relation) }
    }

    /// As it was asked for.
    package var path: String
    /// Relative to the project's folder, "" the folder itself; nil outside of it.
    package var inProject: String?
    package var kind: Kind
    /// Where links on the way lead, relative to the project's folder; nil without a link.
    package var target: String?
    /// What there is to say of it, a sentence each: that it is the configuration, lies outside, or is read by nobody.
    package var notes: [String] = []
    /// In the order of the graph.
    package var nodes: [Entry] = []
    /// What depends on those that read it or are defined by it, in the order of the graph.
    package var then: [NodeID] = []

    package init(path: String, inProject: String?, kind: Kind, target: String? = nil) {
        (self.path, self.inProject, self.kind, self.target) = (path, inProject, kind, target)
    }

    /// Whether a change of it may make something run.
    package var isRead: Bool { nodes.contains(where: \.isAffected) }
}

// MARK: Text

extension PathReport {
    /// Without a line feed at the end.
    package func text(colour: Bool) -> String {
        let paint = Paint(isOn: colour)
        var lines = [paint.bold(TerminalText.escaped(path)) + paint.dim(about)]
        lines += notes.map { "  \(TerminalText.escaped($0))" }
        for entry in nodes {
            let name = paint.cyan(TerminalText.escaped(entry.node.name)) + " (\(entry.kind.rawValue))"
            let rules = entry.rules.map { $0.text(paint) }
            if entry.relation == .passesBy {
                lines.append("  \(name): \(rules.joined(separator: ", "))")
            } else {
                lines.append("  \(name) \(entry.relation.painted(paint))")
                lines += rules.map { "    \($0)" }
            }
        }
        if !then.isEmpty {
            lines.append("  then: " + then.map { TerminalText.escaped($0.name) }.joined(separator: ", "))
        }
        return lines.joined(separator: "\n")
    }

    /// Behind the path, in parentheses.
    private var about: String {
        let shown = target.map { "leads to \($0.isEmpty ? "the project's folder" : $0)" }
        let parts = [kind == .folder ? "a folder" : kind == .missing ? "not there" : nil, shown].compactMap(\.self)
        return parts.isEmpty ? "" : TerminalText.escaped(" (\(parts.joined(separator: ", ")))")
    }
}

extension PathReport.Relation {
    fileprivate func painted(_ paint: Paint) -> String {
        switch self {
        case .reads: paint.green("reads it")
        case .readsBelow: paint.green("reads what is in it")
        case .makes: paint.green("makes it")
        case .makesBelow: paint.green("makes what is in it")
        case .isDefinedBy: paint.green("is built from it")
        case .leavesOut: paint.yellow("does not read it")
        case .passesBy: "passes it by"
        }
    }
}

extension PathReport.Rule {
    fileprivate func text(_ paint: Paint) -> String {
        let label =
            switch kind {
            case .input: "inputs: "
            case .output: "outputs: "
            case .link: "through the link "
            case .ignored: "ignored: "
            case .exception: "taken back: "
            case .instruction, .git, .dockerfile, .ignoreFile, .context: ""
            }
        let place = place.map { paint.dim(" (\(TerminalText.escaped($0.text)))") } ?? ""
        return label + TerminalText.escaped(text) + place
    }
}

// MARK: JSON

extension PathReport {
    /// Grows when a field changes its meaning or goes away.
    private static let version = 1

    /// One object on one line, without a line feed: `docs/commands.md` has the fields.
    package static func json(_ reports: [PathReport]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("version", version)
            writer.key("paths")
            writer.array(reports) { $1.write(to: &$0) }
        }
        return writer.bytes
    }

    private func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("path", path)
            writer.member("file", inProject)
            writer.member("kind", kind.rawValue)
            writer.member("target", target)
            writer.member("notes", notes)
            writer.key("nodes")
            writer.array(nodes) { writer, entry in
                writer.object { writer in
                    writer.member("node", entry.node.name)
                    writer.member("kind", entry.kind.rawValue)
                    writer.member("relation", entry.relation.rawValue)
                    writer.key("rules")
                    writer.array(entry.rules) { $1.write(to: &$0) }
                }
            }
            writer.member("then", then.map(\.name))
        }
    }
}

extension PathReport.Rule {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("kind", kind.rawValue)
            writer.member("text", text)
            writer.member("file", place?.file)
            writer.member("line", place?.line)
            writer.member("column", place?.column)
        }
    }
}
