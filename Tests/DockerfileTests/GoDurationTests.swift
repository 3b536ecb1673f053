/// Durations in Go's notation.

import Testing

@testable import Dockerfile

@Suite struct GoDurationTests {
    @Test(arguments: [
        ("0", 0, "0s"), ("5s", 5_000_000_000, "5s"), ("1m30s", 90_000_000_000, "1m30s"),
        ("1h", 3_600_000_000_000, "1h0m0s"),
        ("1.5s", 1_500_000_000, "1.5s"), ("500ms", 500_000_000, "500ms"), ("1500ms", 1_500_000_000, "1.5s"),
        ("3us", 3000, "3µs"),
        ("3µs", 3000, "3µs"), ("7ns", 7, "7ns"), ("-1.25m", -75_000_000_000, "-1m15s"),
        (".5h", 1_800_000_000_000, "30m0s"),
        ("+2m", 120_000_000_000, "2m0s"), ("26h3m4.05s", 93_784_050_000_000, "26h3m4.05s"),
    ])
    func `a duration is read and printed`(text: String, nanoseconds: Int64, printed: String) throws {
        let duration = try #require(GoDuration(text))
        #expect(duration.nanoseconds == nanoseconds)
        #expect(duration.text == printed)
    }

    @Test(arguments: ["", "5", "s", "5x", "5 s", "1s2", ".s", "--1s", "9999999h", "99999999999999999999s", "1.2.3s"])
    func `anything else is no duration`(text: String) { #expect(GoDuration(text) == nil) }
}
