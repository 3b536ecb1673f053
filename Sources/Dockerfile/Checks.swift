/// Small grammars of single values: signals, modes, addresses.

enum Checks {
    private static let signals: Set<String> = {
        var names: Set<String> = [
            "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE",
            "POLL",
            "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG",
            "USR1",
            "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
        ]
        for number in 1...15 { names.insert("RTMIN+\(number)") }
        for number in 1...14 { names.insert("RTMAX-\(number)") }
        return names
    }()

    /// A positive number, or the name of a Linux signal with or without `SIG`.
    static func signal(_ text: String) throws(Mistake) {
        if let number = Int(text), number > 0 { return }
        let upper = text.uppercased()
        let name = upper.begins(with: "SIG") ? String(upper.dropFirst(3)) : upper
        if signals.contains(name) { return }
        let near = Suggestion.nearest(to: name, among: signals.sorted())
        throw Mistake(
            "signal",
            "`\(text)` is no signal",
            "Write a name like `SIGTERM`, or a number." + (near.map { " Did you mean `SIG\($0)`?" } ?? ""),
            at: text
        )
    }

    /// Octal up to 07777, or chmod's symbols: `u=rwX,go=rX`, `a+x`.
    static func mode(_ text: String) throws(Mistake) {
        let isNumber = text.unicodeScalars.first?.isASCIIDigit == true
        let isValid = isNumber ? UInt32(text, radix: 8).map { $0 <= 0o7777 } == true : isSymbolic(text)
        if !isValid {
            throw Mistake(
                "mode",
                "`--chmod=\(text)` is no mode",
                "Write an octal number up to 07777, or symbols like `u=rwX,go=rX`.",
                at: "--chmod"
            )
        }
    }

    private static func isSymbolic(_ text: String) -> Bool {
        text.unicodeScalars.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { clause in
            let rest = clause.drop { "augo".unicodeScalars.contains($0) }
            guard let first = rest.first, "+-=".unicodeScalars.contains(first) else { return false }
            return rest.allSatisfy { "+-=rstwXxugo".unicodeScalars.contains($0) }
        }
    }
}

enum RemoteAddress {
    /// What ADD fetches: `http://`, `https://`, `git://`, `ssh://`, `user@host:path`.
    static func isRemote(_ source: String) -> Bool {
        var scanner = ScalarScanner(source)
        let scheme = String(scalars: scanner.take { $0.isASCIILetter || $0.isASCIIDigit })
        if !scheme.isEmpty, scanner.rest.begins(with: "://") {
            return ["http", "https", "git", "ssh"].contains(scheme.lowercased())
        }
        scanner = ScalarScanner(source)
        let user = scanner.take { $0.isASCIILetter || $0.isASCIIDigit || $0 == "-" || $0 == "_" }
        guard !user.isEmpty, scanner.skip("@") else { return false }
        let host = scanner.take { $0.isASCIILetter || $0.isASCIIDigit || $0 == "-" || $0 == "." }
        return !host.isEmpty && scanner.skip(":")
    }
}
