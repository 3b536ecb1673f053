/// Tells events, each at once and whole, from whatever thread they come.

import Synchronization

package final class Reporter: Sendable {
    private let write: @Sendable ([UInt8]) -> Bool
    private let state: Mutex<State>

    private struct State: Sendable {
        var style: Style
        var lines: TerminalLines
        var live: LiveLine
        /// What the live line shows.
        var drawing = ""
        /// Nobody reads any more.
        var isBroken = false
    }

    /// - Parameters:
    ///   - style: how events are told.
    ///   - offset: how many seconds local time is east of UTC at a moment.
    ///   - write: writes all of one or more whole lines before it returns; false where nobody reads any more, and
    ///     then it is not called again. It is not called by two threads at once.
    package init(
        style: Style,
        offset: @escaping @Sendable (Timestamp) -> Int = { $0.localOffset },
        write: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        var (colour, live) = (false, false)
        if case .terminal(let isColoured, let isLive) = style { (colour, live) = (isColoured, isLive) }
        let paint = Paint(isOn: colour)
        let lines = TerminalLines(paint: paint, isLive: live, offset: offset)
        self.write = write
        state = Mutex(State(style: style, lines: lines, live: LiveLine(paint: paint)))
    }

    package func report(_ event: LoopEvent) {
        state.withLock { state in
            switch state.style {
            case .json: send(event.json + [0x0A], &state)
            case .terminal(colour: _, live: let isLive):
                if isLive { state.live.note(event) }
                let lines = state.lines.lines(for: event)
                show(lines.map { $0 + "\n" }.joined(), drawing: isLive ? state.live.drawing : "", &state)
            }
        }
    }

    /// Leaves the terminal to the shell, with an empty row: without the live line, and without the `^C` of a keyboard.
    package func close() {
        state.withLock { state in
            guard case .terminal(colour: _, live: true) = state.style else { return }
            state.drawing = ""
            send(Array(LiveLine.erasure.utf8), &state)
        }
    }

    /// Writes lines in the place of the live line, and that below them again.
    private func show(_ lines: String, drawing: String, _ state: inout State) {
        guard !lines.isEmpty || drawing != state.drawing else { return }
        let erasure = state.drawing.isEmpty ? "" : LiveLine.erasure
        state.drawing = drawing
        send(Array((erasure + lines + drawing).utf8), &state)
    }

    private func send(_ bytes: [UInt8], _ state: inout State) {
        guard !state.isBroken else { return }
        state.isBroken = !write(bytes)
    }
}
