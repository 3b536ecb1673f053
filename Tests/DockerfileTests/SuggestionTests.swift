/// The "did you mean".

import Testing

@testable import Dockerfile

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("FORM", "FROM"), ("COYP", "COPY"), ("CPY", "COPY"), ("WORKDIRR", "WORKDIR"), ("workdri", "WORKDIR"),
        ("ENTRY", nil), ("XYZ", nil), ("", nil),
    ])
    func `the nearest word is found, if it is near`(word: String, expected: String?) {
        let names = InstructionReader.names.map { $0.uppercased() }
        #expect(Suggestion.nearest(to: word, among: names) == expected)
    }

    @Test(arguments: [("", "", 0), ("a", "", 1), ("abc", "abd", 1), ("abcd", "acbd", 1), ("kitten", "sitting", 3)])
    func `edits are counted`(a: String, b: String, expected: Int) {
        #expect(Suggestion.distance(Array(a.unicodeScalars), Array(b.unicodeScalars)) == expected)
    }
}
