/// The JSON form of arguments.

import Testing

@testable import Dockerfile

@Suite struct JSONStringsTests {
    @Test(arguments: [
        ("[]", JSONStrings.strings([])), (" [ \"a\" , \"b\" ] ", .strings(["a", "b"])),
        ("[\"\\n\\\"\\\\\\u0041\"]", .strings(["\n\"\\A"])),
        ("[\"\\ud83d\\ude00 \\ud83d \\ude00\"]", .strings(["😀 \u{FFFD} \u{FFFD}"])),
        ("[\"\\ud83d\\u0041\"]", .strings(["\u{FFFD}A"])),
        ("[1]", .otherValues), ("[\"a\", null]", .otherValues),
        ("[true, false, -1.5e+3, {\"a\": [\"b\"]}, [[]], {}]", .otherValues),
        ("", .notAnArray), ("a", .notAnArray), ("[", .notAnArray), ("[\"a\"", .notAnArray), ("[\"a\",]", .notAnArray),
        ("[a]", .notAnArray),
        ("['a']", .notAnArray), ("[\"a\"] b", .notAnArray), ("[\"\t\"]", .notAnArray), ("[\"\\x\"]", .notAnArray),
        ("[\"\\u12\"]", .notAnArray),
        ("[01]", .notAnArray), ("[1.]", .notAnArray), ("[1e]", .notAnArray), ("[-]", .notAnArray),
        ("[tru]", .notAnArray),
        ("[{\"a\"}]", .notAnArray), ("[{\"a\":1,}]", .notAnArray), ("{}", .notAnArray),
    ])
    func `an array of strings is told from everything else`(text: String, expected: JSONStrings) {
        #expect(JSONStrings(text) == expected)
    }

    @Test func `deep nesting does not go through the stack`() {
        #expect(JSONStrings(String(repeating: "[", count: 100_000)) == .notAnArray)
        #expect(JSONStrings(String(repeating: "[{\"a\":", count: 100_000)) == .notAnArray)
    }
}
