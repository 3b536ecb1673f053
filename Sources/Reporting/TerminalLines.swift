/// An event as lines for people: the time, the node's name in a column, and what happened.

import Engine
import Graph
import Project

struct TerminalLines: Sendable {
    private let paint: Paint
    /// Whether a line below shows what runs, so that an image's start needs no line of its own.
    private let isLive: Bool
    private let offset: @Sendable (Timestamp) -> Int
    private var nameWidth = 0
    private var repetitions = Repetitions()
    /// The last line says that the loop is idle.
    private var isIdleTold = false
    /// How many paths a line names.
    private static let namedPaths = 2

    init(paint: Paint, isLive: Bool, offset: @escaping @Sendable (Timestamp) -> Int) {
        (self.paint, self.isLive, self.offset) = (paint, isLive, offset)
    }

    /// Without line feeds; none for an event that says nothing new to somebody who reads along.
    mutating func lines(for event: LoopEvent) -> [String] {
        if !event.nodes.isEmpty { nameWidth = event.nodes.map { width($0.node) }.max() ?? 0 }
        nameWidth = max(nameWidth, event.node.map(width) ?? 0)
        guard !repetitions.isRepetition(event), event.event != .idle || !isIdleTold else { return [] }
        let lines =
            switch event.event {
            case .ready: [header(event)]
            case .log: [log(event)]
            default: text(of: event).map { [line(event, $0)] + diagnostics(event) } ?? []
            }
        if !lines.isEmpty { isIdleTold = event.event == .idle }
        return lines
    }

    private func text(of event: LoopEvent) -> String? {
        switch event.event {
        case .ready, .log, .stale: nil
        case .reloaded: "configuration read again · \(counts(event.nodes).joined(separator: ", "))"
        case .changed: "\(paths(event.cause) ?? "files") changed"
        case .waiting: paint.yellow("waiting for \(list(event.holds))")
        case .started: started(event)
        case .finished: finished(event)
        case .pushed: published(event, paint.green("pushed"))
        case .reused: published(event, paint.green(event.reason == nil ? "reused" : "fresh again"))
        case .superseded: superseded(event)
        case .failed: failed(event)
        case .blocked: paint.yellow("blocked by \(list(event.holds))")
        case .idle: paint.dim("idle")
        case .notice: paint.yellow(escaped(event.reason ?? ""))
        }
    }

    // MARK: The parts of a line

    private func line(_ event: LoopEvent, _ text: String?) -> String {
        let clock = paint.dim(event.time.clock(offset: offset(event.time)))
        return "\(clock)  \(event.node.map { column($0) + "   " } ?? "")\(text ?? "")"
    }

    /// The node's name, as wide as the longest.
    private func column(_ node: NodeID) -> String {
        paint.cyan(escaped(node.name)) + String(repeating: " ", count: max(0, nameWidth - width(node)))
    }

    private func log(_ event: LoopEvent) -> String {
        let name = event.node.map(column) ?? ""
        let bar = event.stream == .stderr ? paint.yellow("│") : paint.dim("│")
        return "\(name) \(bar) \(TerminalText.output(event.line ?? "", colour: paint.isOn))"
    }

    private func header(_ event: LoopEvent) -> String {
        let about = [event.project ?? "", counts(event.nodes).joined(separator: ", "), event.registry ?? ""]
        return ([paint.bold("imgwatch")] + about.filter { !$0.isEmpty }.map(escaped)).joined(separator: " · ")
    }

    /// `3 steps`, `2 images`; nothing of a kind that there is none of.
    private func counts(_ nodes: [LoopEvent.Member]) -> [String] {
        [NodeKind.step, .image, .deploy].compactMap { kind in
            let count = nodes.count { $0.kind == kind }
            return count == 0 ? nil : Formats.count(count, kind.rawValue)
        }
    }

    /// The first paths, and how many more; nil where none is known.
    private func paths(_ cause: Cause?) -> String? {
        guard let cause, !cause.paths.isEmpty else { return nil }
        let named = cause.paths.prefix(Self.namedPaths).map(escaped).joined(separator: ", ")
        let more = max(cause.pathCount, cause.paths.count) - min(cause.paths.count, Self.namedPaths)
        return more > 0 ? "\(named) and \(more) more" : named
    }

    private func started(_ event: LoopEvent) -> String? {
        guard event.kind != .image || !isLive else { return nil }
        let target = event.ref.map { " " + paint.bold(escaped(Self.tag(of: $0))) } ?? ""
        let verb =
            switch event.kind {
            case .image?: "building"
            case .deploy?: "deploying\(target)"
            case .step?, nil: "running"
            }
        return switch event.cause?.reason {
        case .base?: "\(verb) … " + paint.dim("(\(escaped(event.cause?.text ?? "")))")
        case .outputs?, .definition?, .references?, .retry?, .uncounted?:
            "\(verb) … " + paint.dim("(\(event.cause?.reason.rawValue ?? ""))")
        default: "\(verb) …"
        }
    }

    private func finished(_ event: LoopEvent) -> String {
        let time = event.ms.map(Formats.duration) ?? "done"
        guard event.kind == .deploy, let ref = event.ref else { return time }
        return "\(paint.bold(escaped(Self.tag(of: ref))))  \(time) · \(paint.green("deployed"))"
    }

    private func published(_ event: LoopEvent, _ verb: String) -> String {
        var parts: [String] = []
        if let ms = event.ms { parts.append(Formats.duration(ms: ms)) }
        if let layers = event.layers, layers > 0 {
            parts.append(Formats.count(layers, "layer") + (event.bytes.map { ", \(Formats.size(bytes: $0))" } ?? ""))
        }
        let others = event.refs.filter { $0 != event.ref }.map { escaped(Self.tag(of: $0)) }
        parts.append(others.isEmpty ? verb : "\(verb), also as \(Formats.list(others))")
        let text = parts.joined(separator: " · ")
        return event.ref.map { "\(paint.bold(escaped(Self.tag(of: $0))))  \(text)" } ?? text
    }

    /// What follows the last colon of a reference's last component; all of it where there is none.
    private static func tag(of reference: String) -> String {
        guard let colon = reference.lastIndex(of: ":"), !reference[colon...].contains("/") else { return reference }
        return String(reference[reference.index(after: colon)...])
    }

    private func superseded(_ event: LoopEvent) -> String {
        let edges = event.cause?.edges ?? []
        let why = paths(event.cause) ?? (edges.isEmpty ? nil : Formats.list(edges.map { escaped($0.name) }))
        let text = why.map { "\($0) changed" } ?? event.reason.map(escaped)
        return paint.yellow(text.map { "superseded: \($0)" } ?? "superseded")
    }

    private func failed(_ event: LoopEvent) -> String {
        // What an instruction printed last stands above already.
        let reason = (event.reason ?? "no reason given").prefix { $0 != "\n" }
        let text = paint.red("failed: \(escaped(String(reason)))")
        let time = event.ms.map { "  \(Formats.duration(ms: $0))" } ?? ""
        return text + time + (event.holds.isEmpty ? "" : " · " + paint.yellow("waiting for \(list(event.holds))"))
    }

    private func diagnostics(_ event: LoopEvent) -> [String] {
        guard !event.diagnostics.isEmpty else { return [] }
        return event.diagnostics.text(colour: paint.isOn).split(separator: "\n", omittingEmptySubsequences: false).map {
            String($0)
        }
    }

    private func list(_ holds: [Hold]) -> String { Formats.list(holds.map { escaped($0.text) }) }

    private func escaped(_ text: String) -> String { TerminalText.escaped(text) }

    private func width(_ node: NodeID) -> Int { escaped(node.name).count }
}
