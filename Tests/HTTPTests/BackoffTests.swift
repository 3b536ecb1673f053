import Testing

@testable import HTTP

@Suite struct BackoffTests {
    static let date = "Sun, 06 Nov 1994 08:49:37 GMT"

    @Test(arguments: [
        ("0", nil, Duration.zero), ("7", nil, .seconds(7)), ("99999999999", nil, .seconds(1 << 30)), ("-1", nil, nil),
        ("", nil, nil), ("soon", nil, nil), ("1.5", nil, nil), ("Sun, 06 Nov 1994 08:50:37 GMT", date, .seconds(60)),
        ("Sun, 06 Nov 1994 08:49:00 GMT", date, .zero), ("Sun, 06 Nov 1994 08:50:37 GMT", nil, nil),
        ("Sun, 06 Nov 1994 08:50:37 GMT", "yesterday", nil),
    ])
    func `Retry-After is seconds, or a date by the server's own clock`(
        text: String,
        date: String?,
        asked: Duration?
    ) {
        var headers = ["Retry-After": text]
        headers["Date"] = date
        #expect(Backoff.retryAfter(response(429, headers)) == asked)
    }

    @Test func `each pause is longer than the one before, up to a limit, and by chance a little shorter or longer`() {
        let pauses = (1...12).map { Backoff.pause(after: $0, nil, chance: 0.5) }
        #expect(pauses.prefix(3) == [.milliseconds(50), .milliseconds(100), .milliseconds(200)])
        #expect(pauses.last == HTTPLimits.longestPause)
        #expect(Backoff.pause(after: 1, nil, chance: 0) == .milliseconds(37.5))
        #expect(Backoff.pause(after: 1, nil, chance: 1) == .milliseconds(62.5))
        #expect(Backoff.pause(after: 9, response(429, ["Retry-After": "2"]), chance: 1) == .seconds(2))
    }

    @Test func `more than a minute is too long`() {
        #expect(!Backoff.isTooLong(.seconds(60)))
        #expect(Backoff.isTooLong(.seconds(61)))
    }

    @Test(arguments: [
        (200, false), (400, false), (401, false), (404, false), (408, true), (429, true), (500, true),
        (501, false), (503, true),
    ])
    func `some answers may be another one later`(status: Int, isTransient: Bool) {
        #expect(Backoff.isTransient(status) == isTransient)
    }

    @Test(arguments: [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0), (date, 784_111_777), ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 946_684_799), ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
        ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("Sun, 06 Nov 1994 08:49 GMT", nil), ("06 Nov 1994 08:49:37 GMT", nil),
        ("Sun, 99 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Moo 1994 08:49:37 GMT", nil),
        ("Sun, 06 Nov 1994 08:x:49:37 GMT", nil), ("Sun, 06 Nov 1994 25:49:37 GMT", nil), ("", nil),
    ])
    func `a date is seconds since 1970`(text: String, seconds: Int?) { #expect(HTTPDate.seconds(text) == seconds) }
}
