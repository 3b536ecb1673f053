/// Moments as AWS's JSON and files write them.

internal import Glibc

enum AWSMoment {
    /// Seconds since 1970 of `2026-11-27T19:00:00Z`, also with a fraction, an offset, or `UTC` as old files have it.
    static func seconds(_ text: String) -> Int? {
        let parts = text.split(separator: text.contains("T") ? "T" : " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let day = parts[0].split(separator: "-").map { Int($0) ?? -1 }
        let clock = parts[1].prefix { $0.isNumber || $0 == ":" }
        let time = clock.split(separator: ":").map { Int($0) ?? -1 }
        guard day.count == 3, time.count == 3, (1970...9999).contains(day[0]), (1...12).contains(day[1]),
            (1...31).contains(day[2]), (0..<24).contains(time[0]), (0..<60).contains(time[1]),
            (0...60).contains(time[2])
        else { return nil }
        var rest = parts[1].dropFirst(clock.count)
        if rest.first == "." { rest = rest.dropFirst().drop { $0.isNumber } }
        guard let offset = offset(rest) else { return nil }
        var fields = tm()
        (fields.tm_year, fields.tm_mon, fields.tm_mday) = (Int32(day[0] - 1900), Int32(day[1] - 1), Int32(day[2]))
        (fields.tm_hour, fields.tm_min, fields.tm_sec) = (Int32(time[0]), Int32(time[1]), Int32(time[2]))
        return Int(timegm(&fields)) - offset
    }

    /// As in `2026-11-27T19:00:00Z`.
    static func text(_ seconds: Int) -> String {
        let digits = Array(SigV4.date(seconds))
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z"
    }

    private static func offset(_ text: Substring) -> Int? {
        if ["Z", "UTC", ""].contains(text) { return 0 }
        guard let sign = text.first, sign == "+" || sign == "-" else { return nil }
        let digits = text.dropFirst().filter { $0 != ":" }
        guard digits.count == 4, let hours = Int(digits.prefix(2)), let minutes = Int(digits.suffix(2)) else {
            return nil
        }
        return (sign == "-" ? -1 : 1) * (hours * 3600 + minutes * 60)
    }
}
