/// When an event happened: told in UTC to machines, in local time to people.

import Glibc

package struct Timestamp: Hashable, Comparable, Sendable {
    /// Since 1970-01-01T00:00:00Z.
    package var milliseconds: Int64
    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Of a text like `2026-11-21T14:02:11.042917Z`, in UTC; nil where it is none.
    package init?(rfc3339 text: String) {
        let shape = "0000-00-00T00:00:00"
        let (head, tail) = (text.utf8.prefix(shape.utf8.count), text.utf8.dropFirst(shape.utf8.count))
        let fits = zip(head, shape.utf8).allSatisfy { $1 == UInt8(ascii: "0") ? Self.isDigit($0) : $0 == $1 }
        let numbers = head.split { !Self.isDigit($0) }.compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
        let fraction = tail.dropLast().dropFirst()
        guard fits, numbers.count == 6, tail.last == UInt8(ascii: "Z"), fraction.allSatisfy(Self.isDigit),
            tail.count == 1 || tail.first == UInt8(ascii: ".") && !fraction.isEmpty
        else { return nil }
        var date = tm()
        (date.tm_year, date.tm_mon, date.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
        (date.tm_hour, date.tm_min, date.tm_sec) = (numbers[3], numbers[4], numbers[5])
        let thousandths = (String(decoding: fraction, as: UTF8.self) + "000").prefix(3)
        self.init(milliseconds: Int64(timegm(&date)) * 1000 + (Int64(thousandths) ?? 0))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// What the machine's clock says.
    package static func now() -> Self {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Self(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

    /// `2026-11-21T14:02:11.042Z`, as RFC 3339 has it.
    package var rfc3339: String {
        var seconds = time_t(wholeSeconds)
        var date = tm()
        gmtime_r(&seconds, &date)
        let day = "\(digits(date.tm_year + 1900, 4))-\(digits(date.tm_mon + 1))-\(digits(date.tm_mday))"
        let thousandths = digits(Int32(milliseconds - wholeSeconds * 1000), 3)
        return "\(day)T\(digits(date.tm_hour)):\(digits(date.tm_min)):\(digits(date.tm_sec)).\(thousandths)Z"
    }

    /// `14:02:11` at so many seconds east of UTC.
    package func clock(offset: Int) -> String {
        let second = ((wholeSeconds + Int64(offset)) % 86400 + 86400) % 86400
        return [second / 3600, second / 60 % 60, second % 60].map { digits(Int32($0)) }.joined(separator: ":")
    }

    /// How many seconds local time was east of UTC then.
    package var localOffset: Int {
        var seconds = time_t(wholeSeconds)
        var date = tm()
        localtime_r(&seconds, &date)
        return date.tm_gmtoff
    }

    /// Rounded down, also before 1970.
    private var wholeSeconds: Int64 { (milliseconds - (milliseconds % 1000 + 1000) % 1000) / 1000 }

    private func digits(_ value: Int32, _ count: Int = 2) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}
