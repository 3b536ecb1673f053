/// Times for machines and for people.

import Reporting
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1_795_269_731_042, "2026-11-21T14:02:11.042Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"), (-1000, "1969-12-31T23:59:59.000Z"),
    ])
    func `a machine reads RFC 3339 with milliseconds`(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
    }

    @Test(
        arguments: [
            ("2026-11-21T14:02:11.042Z", 1_795_269_731_042), ("2026-11-21T14:02:11Z", 1_795_269_731_000),
            ("2026-11-21T14:02:11.0429999Z", 1_795_269_731_042), ("2026-11-21T14:02:11.5Z", 1_795_269_731_500),
            ("1970-01-01T00:00:00Z", 0), ("", nil), ("Z", nil), ("2026-11-21", nil), ("2026-11-21T14:02:11", nil),
            ("2026-11-21T14:02:11+01:00", nil), ("2026-11-21T14:02:11.Z", nil), ("2026-11-21T14:02:11.xZ", nil),
            ("2026-11-21 14:02:11Z", nil), ("yesterday, about noon Z", nil),
        ] as [(String, Int64?)]
    )
    func `what machines write is read`(text: String, milliseconds: Int64?) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [(0, "14:02:11"), (3600, "15:02:11"), (-54_000, "23:02:11"), (43_200, "02:02:11")])
    func `people read their own clock`(offset: Int, text: String) {
        #expect(Timestamp(milliseconds: 1_795_269_731_042).clock(offset: offset) == text)
    }

    @Test func `the machine's clock is later than this test was written, and goes on`() {
        let first = Timestamp.now()
        #expect(first > Timestamp(milliseconds: 1_700_000_000_000))
        #expect(Timestamp.now() >= first)
        #expect(abs(first.localOffset) <= 14 * 3600)
    }
}
