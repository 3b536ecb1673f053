/// What `imgwatch doctor` found, section by section: each line has a mark, and a remedy where something is wrong.

package struct Checkup: Equatable, Sendable {
    package enum Mark: String, Sendable {
        case ok
        /// Good to know; nothing needs to be done.
        case note
        case problem
    }

    package struct Line: Equatable, Sendable {
        package var mark: Mark
        /// One line, without a full stop.
        package var text: String
        /// What to do, a line each; empty where nothing is wrong.
        package var remedies: [String]
        package init(_ mark: Mark, _ text: String, remedies: [String] = []) {
            (self.mark, self.text, self.remedies) = (mark, text, remedies)
        }
    }

    package struct Section: Equatable, Sendable {
        package var name: String
        package var lines: [Line]
        package init(_ name: String, _ lines: [Line]) { (self.name, self.lines) = (name, lines) }
    }

    package var sections: [Section]
    package init(_ sections: [Section]) { self.sections = sections }

    package var problemCount: Int { sections.flatMap(\.lines).count { $0.mark == .problem } }

    /// Without a line feed at the end.
    package func text(colour: Bool) -> String {
        let paint = Paint(isOn: colour)
        var lines: [String] = []
        for section in sections where !section.lines.isEmpty {
            lines.append(paint.bold(section.name))
            for line in section.lines {
                let space = String(repeating: " ", count: Self.width - line.mark.rawValue.count)
                lines.append("  \(line.mark.painted(paint))\(space)  \(TerminalText.escaped(line.text))")
                let indent = String(repeating: " ", count: Self.width + 4)
                lines += line.remedies.map { indent + paint.dim("→ ") + TerminalText.escaped($0) }
            }
        }
        let count = problemCount
        lines.append(count == 0 ? "no problems" : Formats.count(count, "problem"))
        return lines.joined(separator: "\n")
    }

    /// Of the longest mark.
    private static let width = Mark.problem.rawValue.count

    /// Grows when a field changes its meaning or goes away.
    private static let version = 1

    /// One object on one line, without a line feed: `docs/commands.md` has the fields.
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("version", Self.version)
            writer.member("problems", problemCount)
            writer.key("sections")
            writer.array(sections) { writer, section in
                writer.object { writer in
                    writer.member("name", section.name)
                    writer.key("lines")
                    writer.array(section.lines) { writer, line in
                        writer.object { writer in
                            writer.member("mark", line.mark.rawValue)
                            writer.member("text", line.text)
                            writer.member("remedies", line.remedies)
                        }
                    }
                }
            }
        }
        return writer.bytes
    }
}

extension Checkup.Mark {
    fileprivate func painted(_ paint: Paint) -> String {
        switch self {
        case .ok: paint.green(rawValue)
        case .note: paint.yellow(rawValue)
        case .problem: paint.red(rawValue)
        }
    }
}
