/// Diagnostics with colours: where in bold, how bad in red or yellow, what a machine reads dimmed.

import Project

extension [Diagnostic] {
    /// ``Diagnostic/text`` of each, with control characters escaped, an empty line between them; no line feed at the
    /// end.
    package func text(colour: Bool) -> String {
        map { $0.text(Paint(isOn: colour)) }.joined(separator: "\n\n")
    }
}

extension Diagnostic {
    fileprivate func text(_ paint: Paint) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            TerminalText.escaped(String($0))
        }
        let start = "\(TerminalText.escaped(place.text)): \(severity.rawValue): "
        let end = " [\(id)]"
        if lines[0].hasPrefix(start), lines[0].hasSuffix(end) {
            let name = severity == .error ? paint.red(severity.rawValue) : paint.yellow(severity.rawValue)
            let sentence = lines[0].dropFirst(start.count).dropLast(end.count)
            lines[0] = "\(paint.bold(TerminalText.escaped(place.text))): \(name): \(sentence)\(paint.dim(end))"
        }
        for index in lines.indices.dropFirst() {
            for label in ["  remedy:", "  fix:"] where lines[index].hasPrefix(label) {
                lines[index] = paint.dim(label) + lines[index].dropFirst(label.count)
            }
        }
        return lines.joined(separator: "\n")
    }
}
