/// Durations, sizes and lists as people read them, the same in every locale.

package enum Formats {
    /// `18 ms`, `1.9 s`, `2 min 3 s`, `1 h 2 min`.
    package static func duration(ms: Int) -> String {
        let tenths = (ms + 50) / 100
        let seconds = (ms + 500) / 1000
        if ms < 1000 { return "\(ms) ms" }
        if tenths < 600 { return decimal(tenths: tenths, "s") }
        if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
        return "\(seconds / 3600) h \(seconds / 60 % 60) min"
    }

    /// `just now`, `5 minutes ago`, `3 days ago`, `2 years ago`.
    package static func age(ms: Int64) -> String {
        let minutes = Int(ms / 60_000)
        let (hours, days) = (minutes / 60, minutes / 1440)
        if minutes < 1 { return "just now" }
        if minutes < 60 { return count(minutes, "minute") + " ago" }
        if hours < 48 { return count(hours, "hour") + " ago" }
        if days < 60 { return count(days, "day") + " ago" }
        return (days < 730 ? count(days / 30, "month") : count(days / 365, "year")) + " ago"
    }

    /// `900 B`, `212 KB`, `2.0 MB`, `1.3 GB`, in powers of 1000.
    package static func size(bytes: Int) -> String {
        let kilobytes = (bytes + 500) / 1000
        let tenthsOfMegabytes = (bytes + 50_000) / 100_000
        if bytes < 1000 { return "\(bytes) B" }
        if kilobytes < 1000 { return "\(kilobytes) KB" }
        if tenthsOfMegabytes < 10_000 { return decimal(tenths: tenthsOfMegabytes, "MB") }
        return decimal(tenths: (bytes + 50_000_000) / 100_000_000, "GB")
    }

    /// `1 layer`, `2 layers`.
    package static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    /// `a`, `a and b`, `a, b and c`.
    package static func list(_ items: [String]) -> String {
        guard let last = items.last, items.count > 1 else { return items.first ?? "" }
        return "\(items.dropLast().joined(separator: ", ")) and \(last)"
    }

    private static func decimal(tenths: Int, _ unit: String) -> String { "\(tenths / 10).\(tenths % 10) \(unit)" }
}
