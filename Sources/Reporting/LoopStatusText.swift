/// A loop's status as a table for people: who runs, what is wrong, and each node on a line.

import Engine
import Project

extension LoopStatus {
    /// Without a line feed at the end.
    package func text(colour: Bool) -> String {
        let paint = Paint(isOn: colour)
        let widths = (
            name: nodes.map { TerminalText.escaped($0.node).count }.max() ?? 0,
            kind: nodes.map(\.kind.count).max() ?? 0, status: nodes.map(\.status.rawValue.count).max() ?? 0
        )
        var lines = [header(paint), "  \(summary(paint))"]
        if git == .busy { lines.append(paint.yellow("  git is at work: what it changes is waited for")) }
        lines += (notes ?? []).map { paint.yellow("  " + TerminalText.escaped($0)) }
        if !diagnostics.isEmpty {
            lines.append(paint.red("  the configuration is broken; the last good one stays in force:"))
            lines += diagnostics.map(\.diagnostic).text(colour: colour).split(separator: "\n").map { "    \($0)" }
        }
        lines.append("")
        for entry in nodes {
            let cells = [
                Self.padded(TerminalText.escaped(entry.node), widths.name, paint.cyan),
                Self.padded(entry.kind, widths.kind, paint.dim),
                Self.padded(entry.status.rawValue, widths.status) { entry.status.painted($0, paint) },
                entry.detail(paint),
            ]
            let line = cells.filter { !$0.isEmpty }.joined(separator: "  ")
            lines.append("  " + String(line.reversed().drop { $0 == " " }.reversed()))
            lines += entry.longReason.map { "      " + paint.red($0) }
        }
        let bases = PinnedBase.lines(nodes.map { ($0.node, $0.bases ?? []) }, at: moment)
        if !bases.isEmpty { lines += [""] + bases.map { paint.dim("  on \($0)") } }
        return lines.joined(separator: "\n")
    }

    /// When the loop said all this.
    private var moment: Timestamp {
        Timestamp(milliseconds: (Timestamp(rfc3339: since)?.milliseconds ?? 0) + Int64(ms))
    }

    private func header(_ paint: Paint) -> String {
        let about = [project, "\(command), process \(pid), for \(Formats.duration(ms: ms))", registry]
        return ([paint.bold("imgwatch")] + about.map(TerminalText.escaped)).joined(separator: " · ")
    }

    /// `working: 1 running, 2 waiting, 3 fresh`: what needs attention first.
    private func summary(_ paint: Paint) -> String {
        let order: [Entry.State] = [.failed, .blocked, .running, .ending, .waiting, .stale, .reading, .fresh]
        let counts = order.compactMap { state in
            let count = nodes.count { $0.status == state }
            return count == 0 ? nil : state.painted("\(count) \(state.rawValue)", paint)
        }
        return "\(activity.rawValue): \(counts.isEmpty ? "no nodes" : counts.joined(separator: ", "))"
    }

    private static func padded(_ text: String, _ width: Int, _ paint: (String) -> String) -> String {
        paint(text) + String(repeating: " ", count: max(0, width - text.count))
    }
}

extension LoopStatus.Entry {
    /// What there is to say beside the status.
    fileprivate func detail(_ paint: Paint) -> String {
        let why = cause?.line
        // Beside what holds it, only files are news.
        let files = cause?.paths.isEmpty ?? true ? nil : why
        let parts: [String?] =
            switch status {
            case .fresh: [ref.map { TerminalText.escaped($0) }]
            case .running, .ending: [ms.map { "for \(Formats.duration(ms: $0))" }, why]
            case .failed:
                [longReason.isEmpty ? reason.map { paint.red(TerminalText.escaped($0)) } : nil, nextTry(paint), files]
            case .waiting, .blocked: [paint.yellow(TerminalText.escaped(reason.map(withoutStatus) ?? "")), files]
            case .stale, .reading: [why]
            }
        return (parts + [last(paint), build?.text, function?.text]).compactMap(\.self).joined(separator: " · ")
    }

    /// How much of a row is left for a reason, and the width of rows that have nothing else.
    private static let (shortReason, row) = (60, 90)

    /// Why it failed, in rows of their own below the others, where that is too long to stand beside the rest; and what
    /// an instruction printed last.
    fileprivate var longReason: [String] {
        guard status == .failed, let reason, reason.count > Self.shortReason else { return [] }
        var rows: [String] = [""]
        let lines = reason.split(separator: "\n").map { TerminalText.escaped(String($0)) }
        for word in (lines.first ?? "").split(separator: " ") {
            let last = rows[rows.count - 1]
            if last.isEmpty {
                rows[rows.count - 1] = String(word)
            } else if last.count + 1 + word.count <= Self.row {
                rows[rows.count - 1] += " " + word
            } else {
                rows.append(String(word))
            }
        }
        return rows + lines.dropFirst()
    }

    /// What failed for a reason that may pass waits for that alone.
    private func nextTry(_ paint: Paint) -> String? {
        holds.isEmpty ? nil : paint.yellow("waiting for \(Hold.backOff.text)")
    }

    /// The tag that still shows what an image was before.
    private func last(_ paint: Paint) -> String? {
        guard status != .fresh, let tag = ref?.split(separator: ":").last else { return nil }
        return paint.dim("last: \(TerminalText.escaped(String(tag)))")
    }

    /// `waiting for x`, beside the word `waiting`.
    private func withoutStatus(_ sentence: String) -> String {
        sentence.hasPrefix(status.rawValue + " ") ? String(sentence.dropFirst(status.rawValue.count + 1)) : sentence
    }
}

extension LoopStatus.Reason {
    /// How many files a line names.
    private static let named = 2

    /// ``text`` without all but the first files.
    fileprivate var line: String {
        guard paths.count > Self.named else { return TerminalText.escaped(text) }
        let files = paths.prefix(Self.named).map(TerminalText.escaped).joined(separator: ", ")
        return "\(reason): \(files) and \(count - Self.named) more"
    }
}

extension LoopStatus.Entry.State {
    fileprivate func painted(_ text: String, _ paint: Paint) -> String {
        switch self {
        case .fresh: paint.green(text)
        case .running: paint.bold(text)
        case .failed: paint.red(text)
        case .waiting, .blocked, .ending: paint.yellow(text)
        case .stale, .reading: paint.dim(text)
        }
    }
}
