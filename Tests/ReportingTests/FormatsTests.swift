/// Durations, sizes and lists in words.

import Reporting
import Testing

@Suite struct FormatsTests {
    @Test(arguments: [
        (0, "0 ms"), (18, "18 ms"), (999, "999 ms"), (1000, "1.0 s"), (1897, "1.9 s"), (1949, "1.9 s"),
        (1950, "2.0 s"), (59_949, "59.9 s"), (59_950, "1 min 0 s"), (123_400, "2 min 3 s"),
        (3_599_499, "59 min 59 s"), (3_599_500, "1 h 0 min"), (3_725_000, "1 h 2 min"), (90_000_000, "25 h 0 min"),
    ])
    func `a duration has the unit that fits it`(ms: Int, text: String) {
        #expect(Formats.duration(ms: ms) == text)
    }

    @Test(arguments: [
        (-5000, "just now"), (59_999, "just now"), (60_000, "1 minute ago"), (3_599_999, "59 minutes ago"),
        (3_600_000, "1 hour ago"), (172_799_999, "47 hours ago"), (172_800_000, "2 days ago"),
        (5_183_999_999, "59 days ago"), (5_184_000_000, "2 months ago"), (63_072_000_000, "2 years ago"),
    ])
    func `an age has the unit that fits it`(ms: Int64, text: String) { #expect(Formats.age(ms: ms) == text) }

    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1 KB"), (212_004, "212 KB"), (999_499, "999 KB"), (999_500, "1.0 MB"),
        (2_000_000, "2.0 MB"), (999_949_999, "999.9 MB"), (999_950_000, "1.0 GB"), (1_340_000_000, "1.3 GB"),
    ])
    func `a size has the unit that fits it`(bytes: Int, text: String) {
        #expect(Formats.size(bytes: bytes) == text)
    }

    @Test(arguments: [(0, "0 layers"), (1, "1 layer"), (2, "2 layers")])
    func `a noun follows its number`(count: Int, text: String) {
        #expect(Formats.count(count, "layer") == text)
    }

    @Test(arguments: [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
    func `a list is read as a sentence`(items: [String], text: String) {
        #expect(Formats.list(items) == text)
    }
}
