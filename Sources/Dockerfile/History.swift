/// `created_by` as BuildKit writes it: the words of its Go formatting.

enum History {
    static func pairs(_ instruction: String, _ pairs: [KeyValue]) -> String {
        ([instruction] + pairs.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
    }

    /// Like `[a b]`.
    static func list(_ words: [String]) -> String { "[" + words.joined(separator: " ") + "]" }

    /// Like `["a" "b"]`.
    static func quotedList(_ words: [String]) -> String { list(words.map(quoted)) }

    /// The destination is shown as it is written, only expanded.
    static func copy(_ copy: Copy, destination: String) -> String {
        var words = [copy.isAdd ? "ADD" : "COPY"]
        if copy.keepsParents { words.append("--parents") }
        if let owner = copy.owner { words.append("--chown=" + owner) }
        if let mode = copy.mode { words.append("--chmod=" + mode) }
        for source in copy.sources {
            switch source {
            case .path(let text), .remote(let text): words.append(text)
            case .inline(let name, _): words.append("<<" + name)
            }
        }
        return (words + [destination, "# buildkit"]).joined(separator: " ")
    }

    /// The arguments so far stand before the command.
    static func run(_ run: WrittenRun, _ state: StageState) -> String {
        var command = run.command
        if let first = command.words.first, !run.heredocs.isEmpty {
            command.words = [script(first, run.heredocs)]
        }
        let arguments = state.arguments.map { "\($0.name)=\(state.variables[$0.name] ?? $0.value ?? "")" }
        let count = arguments.isEmpty ? [] : ["|\(arguments.count)"]
        return (["RUN"] + count + arguments + state.vector(command) + ["# buildkit"]).joined(separator: " ")
    }

    /// What the shell gets of a RUN with here-documents.
    private static func script(_ line: String, _ heredocs: [Heredoc]) -> String {
        guard let first = heredocs.first, Heredoc(word: line) != nil else {
            return heredocs.reduce(line) { $0 + "\n" + $1.content + $1.name }
        }
        return first.chomped.begins(with: "#!") ? "/dev/pipes/" + first.name : first.chomped
    }

    static func healthcheck(_ check: Healthcheck) -> String {
        let times = [
            ("Interval", check.interval), ("Timeout", check.timeout), ("StartPeriod", check.startPeriod),
            ("StartInterval", check.startInterval),
        ]
        let fields =
            ["Test:" + list(check.test)]
            + times.map { "\($0.0):\(GoDuration(nanoseconds: $0.1 ?? 0).text)" } + ["Retries:\(check.retries ?? 0)"]
        return "HEALTHCHECK {" + fields.joined(separator: " ") + "}"
    }

    /// Go's `%q`.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{07}": result += "\\a"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0B}": result += "\\v"
            case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += "\\x" + hexadecimal(scalar, 2)
            case _ where scalar.value < 0x10000: result += "\\u" + hexadecimal(scalar, 4)
            default: result += "\\U" + hexadecimal(scalar, 8)
            }
        }
        return result + "\""
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar, _ length: Int) -> String {
        let digits = String(scalar.value, radix: 16)
        return String(repeating: "0", count: max(0, length - digits.count)) + digits
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x20..<0x7F).contains(scalar.value) }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator,
            .paragraphSeparator:
            return false
        default: return true
        }
    }
}
