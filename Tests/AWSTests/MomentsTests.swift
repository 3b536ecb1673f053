import Testing

@testable import AWS

@Suite struct MomentsTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59Z", 951_868_799),
        ("2013-05-24T00:00:00.123456Z", 1_369_353_600),
        ("2013-05-24T02:00:00+02:00", 1_369_353_600), ("2013-05-23T19:30:00-0430", 1_369_353_600),
        ("2013-05-24T00:00:00UTC", 1_369_353_600), ("2013-05-24 00:00:00", 1_369_353_600),
    ])
    func `a moment is read`(text: String, seconds: Int) { #expect(AWSMoment.seconds(text) == seconds) }

    @Test(arguments: [
        "", "T", "2013-05-24", "2013-05-24T00:00", "2013-13-01T00:00:00Z", "2013-05-24T24:00:00Z", "x-y-zT1:2:3Z",
        "2013-05-24T00:00:00+1", "2013-05-24T00:00:00 CET",
    ])
    func `anything else is none`(text: String) { #expect(AWSMoment.seconds(text) == nil) }

    @Test func `a moment is written`() { #expect(AWSMoment.text(951_868_799) == "2000-02-29T23:59:59Z") }
}
