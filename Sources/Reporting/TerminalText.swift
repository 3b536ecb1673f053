/// Text made safe for a terminal, and coloured: what a project's files are called, or its steps print, moves no
/// cursor.

package enum TerminalText {
    /// Shows control characters, and those that turn the direction of writing, as escapes: `\n`, `\u{1b}`.
    package static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isUnsafe(scalar) {
                result += escape(scalar)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": #"\n"#
        case "\r": #"\r"#
        case "\t": #"\t"#
        default: #"\u{"# + String(scalar.value, radix: 16) + "}"
        }
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// A line that a step printed: of its escape sequences only colours stay, and these only where asked for.
    ///
    /// Of what was printed over itself (progress bars) the last state stays.
    package static func output(_ line: String, colour: Bool) -> String {
        guard line.unicodeScalars.contains(where: { $0 != "\t" && $0.properties.generalCategory == .control }) else {
            return line
        }
        var filter = OutputFilter(keepsColour: colour)
        for scalar in line.unicodeScalars { filter.take(scalar) }
        return filter.result
    }
}

/// Reads escape sequences as ECMA-48 forms them.
private struct OutputFilter {
    private enum State {
        case text
        /// After ESC and intermediate bytes.
        case escape
        /// After ESC `[`: parameters, then one byte that says what it is.
        case control
        /// After ESC `]`, `P`, `X`, `^`, `_`: until BEL or ESC `\`.
        case string
    }
    private let keepsColour: Bool
    private var state = State.text
    private var parameters = ""
    private var text = ""
    private var isColoured = false
    private var isReturned = false

    init(keepsColour: Bool) { self.keepsColour = keepsColour }

    var result: String { isColoured ? text + "\u{1b}[0m" : text }

    mutating func take(_ scalar: Unicode.Scalar) {
        switch (state, scalar) {
        case (_, "\u{1b}"): state = .escape
        case (.text, _): takeText(scalar)
        case (.escape, "["): (state, parameters) = (.control, "")
        case (.escape, "]"), (.escape, "P"), (.escape, "X"), (.escape, "^"), (.escape, "_"): state = .string
        case (.escape, "\u{20}"..."\u{2f}"): break
        case (.escape, _): state = .text
        case (.control, "\u{40}"..."\u{7e}"): endControl(scalar)
        case (.control, _): parameters.unicodeScalars.append(scalar)
        case (.string, "\u{7}"): state = .text
        case (.string, _): break
        }
    }

    private mutating func takeText(_ scalar: Unicode.Scalar) {
        if scalar == "\r" {
            isReturned = true
        } else if scalar == "\t" || scalar.properties.generalCategory != .control {
            if isReturned { (text, isReturned, isColoured) = ("", false, false) }
            text.unicodeScalars.append(scalar)
        }
    }

    private mutating func endControl(_ final: Unicode.Scalar) {
        state = .text
        let isPlain = parameters.utf8.allSatisfy { (0x30...0x3B).contains($0) }
        guard keepsColour, final == "m", isPlain else { return }
        if isReturned { (text, isReturned) = ("", false) }
        text += "\u{1b}[\(parameters)m"
        isColoured = true
    }
}

/// Colours, or none.
struct Paint: Sendable {
    var isOn: Bool

    func bold(_ text: String) -> String { paint(text, 1) }
    func dim(_ text: String) -> String { paint(text, 2) }
    func red(_ text: String) -> String { paint(text, 31) }
    func green(_ text: String) -> String { paint(text, 32) }
    func yellow(_ text: String) -> String { paint(text, 33) }
    func cyan(_ text: String) -> String { paint(text, 36) }

    private func paint(_ text: String, _ code: Int) -> String {
        isOn && !text.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
