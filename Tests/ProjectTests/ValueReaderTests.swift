import Testing

@testable import Project

@Suite struct ValueReaderTests {
    @Test(arguments: [
        ("50ms", Duration.milliseconds(50)), ("2s", .seconds(2)), ("1m30s", .seconds(90)), ("1h", .seconds(3600)),
        ("1.5s", .milliseconds(1500)), ("1h2m3s4ms", .milliseconds(3_723_004)), ("0s", .zero), ("90s", .seconds(90)),
        ("24h", .seconds(86400)),
    ])
    func `a duration is numbers with units`(text: String, duration: Duration) {
        #expect(DurationText.parse(text) == duration)
    }

    @Test(arguments: [
        "", "5", "s", "-1s", "1s1m", "1s1s", "1d", "1 s", "1.s", ".5s", "1..5s", "1e3s", "١s", "1us",
    ])
    func `anything else is no duration`(text: String) {
        #expect(DurationText.parse(text) == nil)
    }
}
