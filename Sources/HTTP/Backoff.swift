/// How long to wait before something is tried again: what the server asks for, else longer each time.

package enum Backoff {
    /// Answers that may be another one later.
    package static func isTransient(_ status: Int) -> Bool {
        [408, 425, 429, 500, 502, 503, 504, 522, 524].contains(status)
    }

    /// How long to wait after this attempt, counted from 1.
    ///
    /// The chance goes from 0 to 1: it keeps many clients from coming back at the same moment.
    package static func pause(after attempt: Int, _ response: HTTPResponse?, chance: Double) -> Duration {
        if let asked = response.flatMap(retryAfter) { return asked }
        let grown = HTTPLimits.firstPause * (1 << min(attempt - 1, 10))
        return min(grown, HTTPLimits.longestPause) * (0.75 + chance / 2)
    }

    /// Whether it is more than we wait for within one attempt.
    package static func isTooLong(_ pause: Duration) -> Bool { pause > HTTPLimits.longestWait }

    /// How long a server that is too busy wants to be left alone, where it says so.
    package static func postponement(_ response: HTTPResponse) -> Duration? {
        [429, 503].contains(response.status) ? retryAfter(response) : nil
    }

    /// `Retry-After` in seconds, or as a date, seen from the server's own clock.
    package static func retryAfter(_ response: HTTPResponse) -> Duration? {
        guard let text = response["Retry-After"] else { return nil }
        if let seconds = Int(text), seconds >= 0 { return .seconds(min(seconds, 1 << 30)) }
        guard let then = HTTPDate.seconds(text), let now = response["Date"].flatMap(HTTPDate.seconds) else {
            return nil
        }
        return .seconds(max(0, then - now))
    }
}

/// Dates of headers, as in `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
package enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Seconds since 1970; nil for anything else than such a date.
    package static func seconds(_ text: String) -> Int? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), let year = Int(words[3]),
            let month = months.firstIndex(of: String(words[2]))
        else { return nil }
        let clock = words[4].split(separator: ":", omittingEmptySubsequences: false).map {
            UInt8($0).map(Int.init) ?? 99
        }
        guard clock.count == 3, clock[0] < 24, clock[1] < 60, clock[2] <= 60, (1...31).contains(day),
            (1970...9999).contains(year)
        else { return nil }
        // Days since 1970 by the civil calendar, the year beginning in March.
        let shifted = month < 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 10) % 12) + 2) / 5 + day - 1
        let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        return days * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }
}
