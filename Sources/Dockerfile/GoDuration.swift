/// Durations in Go's notation (`1m30s`, `500ms`), in which HEALTHCHECK reads and the history writes them.

struct GoDuration: Equatable {
    let nanoseconds: Int64

    init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    private static let units: [String: Int64] = [
        "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
        "h": 3_600_000_000_000,
    ]

    /// A sign, and numbers with their units, which `0` does not need; nil for anything else, and for what does not fit.
    init?(_ text: String) {
        var scanner = ScalarScanner(text)
        let isNegative = scanner.skip("-")
        if !isNegative { _ = scanner.skip("+") }
        if scanner.rest == "0" {
            nanoseconds = 0
            return
        }
        var total: Int64 = 0
        repeat {
            guard let part = Self.part(&scanner) else { return nil }
            let (sum, overflows) = total.addingReportingOverflow(part)
            if overflows { return nil }
            total = sum
        } while !scanner.isAtEnd
        nanoseconds = isNegative ? -total : total
    }

    private static func part(_ scanner: inout ScalarScanner) -> Int64? {
        let whole = scanner.take(while: \.isASCIIDigit)
        let fraction = scanner.skip(".") ? scanner.take(while: \.isASCIIDigit) : []
        guard !(whole.isEmpty && fraction.isEmpty), let number = Int64("0" + String(scalars: whole)) else { return nil }
        let name = String(scalars: scanner.take { !$0.isASCIIDigit && $0 != "." })
        guard let unit = units[name] else { return nil }
        let (nanoseconds, overflows) = number.multipliedReportingOverflow(by: unit)
        if overflows { return nil }
        var (rest, scale) = (Int64(0), unit)
        for digit in fraction {
            scale /= 10
            rest += Int64(digit.value - 0x30) * scale
        }
        let (sum, overflowsToo) = nanoseconds.addingReportingOverflow(rest)
        return overflowsToo ? nil : sum
    }

    /// As Go prints it: `0s`, `1.5s`, `1m30s`, `500ms`.
    var text: String {
        let sign = nanoseconds < 0 ? "-" : ""
        let magnitude = nanoseconds.magnitude
        switch magnitude {
        case 0: return "0s"
        case ..<1000: return sign + "\(magnitude)ns"
        case ..<1_000_000: return sign + Self.decimal(magnitude, 3) + "µs"
        case ..<1_000_000_000: return sign + Self.decimal(magnitude, 6) + "ms"
        default: break
        }
        let minutes = magnitude / 60_000_000_000
        let seconds = Self.decimal(magnitude % 60_000_000_000, 9) + "s"
        if minutes == 0 { return sign + seconds }
        return sign + (minutes < 60 ? "\(minutes)m" : "\(minutes / 60)h\(minutes % 60)m") + seconds
    }

    /// A number with so many decimal places, the zeros at the end left away.
    private static func decimal(_ number: UInt64, _ places: Int) -> String {
        var digits = String(number)
        digits = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        let fraction = digits.suffix(places)
        let kept = fraction.dropLast(fraction.reversed().prefix { $0 == "0" }.count)
        return digits.dropLast(places) + (kept.isEmpty ? "" : "." + kept)
    }
}
