/// What runs now, as one line below the others that is written again and again.

import Graph

struct LiveLine: Sendable {
    private let paint: Paint
    /// In the order in which they started.
    private var running: [NodeID] = []
    /// More are counted, not named: a short line is not wrapped anew when the window becomes narrower.
    private static let namedNodes = 3

    init(paint: Paint) { self.paint = paint }

    mutating func note(_ event: LoopEvent) {
        switch event.event {
        case .started:
            guard let node = event.node, !running.contains(node) else { return }
            running.append(node)
        case .finished, .pushed, .reused, .superseded, .failed: running.removeAll { $0 == event.node }
        case .idle: running = []
        default: break
        }
    }

    /// Draws the line, and leaves the cursor at its start; nothing where nothing runs.
    ///
    /// The terminal cuts it off at the right margin (DECAWM), so that it is one row at any width and ``erasure`` takes
    /// all of it away.
    var drawing: String {
        guard !running.isEmpty else { return "" }
        var names = running.prefix(Self.namedNodes).map { TerminalText.escaped($0.name) }
        if running.count > names.count { names.append("\(running.count - names.count) more") }
        return "\u{1b}[?7l\(paint.dim("· running \(Formats.list(names))"))\u{1b}[?7h\r"
    }

    /// Takes away what ``drawing`` drew; the cursor is at the start of the row.
    static let erasure = "\r\u{1b}[2K"
}
