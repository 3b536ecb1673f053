/// The ports of EXPOSE: `[[ip:]host:]container[/protocol]`, with ranges, of which only the container's ports count.

enum Ports {
    /// `8080/tcp` for each port of the range.
    static func expand(_ text: String) throws(Mistake) -> [String] {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let (ports, written) = parts.last.map { $0.cut(at: "/").map { ($0.before, $0.after) } ?? ($0, "") } ?? ("", "")
        let name = written.isEmpty ? "tcp" : written.lowercased()
        guard ["tcp", "udp", "sctp"].contains(name) else {
            throw bad(text, "`\(written)` is no protocol", "Use `tcp`, `udp` or `sctp`.")
        }
        guard let range = range(ports) else {
            throw bad(text, "`\(ports)` is no port", "Write a number up to 65535, or a range like `8000-8010`.")
        }
        if parts.count > 1, let host = parts.dropLast().last, !host.isEmpty {
            guard let hostRange = self.range(host), range.count == 1 || range.count == hostRange.count else {
                throw bad(
                    text,
                    "`\(host)` is no port for `\(ports)`",
                    "Name the container's port only: `EXPOSE \(ports)`."
                )
            }
        }
        guard parts.count < 3 || isAddress(parts.dropLast(2).joined(separator: ":")) else {
            throw bad(text, "the address is none", "Name the container's port only: `EXPOSE \(ports)`.")
        }
        return range.map { "\($0)/\(name)" }
    }

    private static func bad(_ text: String, _ reason: String, _ remedy: String) -> Mistake {
        Mistake("port", "EXPOSE can't read `\(text)`: \(reason)", remedy, at: text)
    }

    private static func range(_ text: String) -> ClosedRange<Int>? {
        guard let (start, end) = text.cut(at: "-") else { return number(text).map { $0...$0 } }
        guard let first = number(start), let last = number(end), first <= last else { return nil }
        return first...last
    }

    private static func number(_ text: String) -> Int? {
        guard !text.isEmpty, text.unicodeScalars.allSatisfy(\.isASCIIDigit) else { return nil }
        return UInt16(text).map(Int.init)
    }

    /// Good enough to find a typing error; the address itself is not used.
    private static func isAddress(_ text: String) -> Bool {
        text.isEmpty
            || text.unicodeScalars.allSatisfy {
                $0.properties.isASCIIHexDigit || $0 == "." || $0 == ":" || $0 == "[" || $0 == "]"
            }
    }
}
