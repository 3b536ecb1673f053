import Testing

@testable import Reporting

@Suite struct CheckupTests {
    static let checkup = Checkup([
        Checkup.Section(
            "git",
            [Checkup.Line(.ok, "libgit2 1.5.1"), Checkup.Line(.note, "no commit", remedies: ["commit"])]
        ),
        Checkup.Section("registries", []),
        Checkup.Section("files", [Checkup.Line(.problem, "a\u{1b}b is full", remedies: ["one", "two"])]),
    ])

    @Test func `each line has its mark, and what to do below it`() {
        #expect(
            Self.checkup.text(colour: false) == #"""
                git
                  ok       libgit2 1.5.1
                  note     no commit
                           → commit
                files
                  problem  a\u{1b}b is full
                           → one
                           → two
                1 problem
                """#
        )
        #expect(Checkup([]).text(colour: false) == "no problems")
    }

    @Test func `colours are for terminals, and change no column`() {
        let coloured = Self.checkup.text(colour: true)
        #expect(coloured.contains("\u{1b}[31mproblem"))
        #expect(coloured.replacing(/\u{1b}\[\d+m/, with: "") == Self.checkup.text(colour: false))
    }

    @Test func `JSON has every section, the empty ones too`() {
        #expect(
            String(decoding: Self.checkup.json, as: UTF8.self) == #"{"version":1,"problems":1,"sections":["#
                + #"{"name":"git","lines":[{"mark":"ok","text":"libgit2 1.5.1","remedies":[]},"#
                + #"{"mark":"note","text":"no commit","remedies":["commit"]}]},{"name":"registries","lines":[]},"#
                + #"{"name":"files","lines":[{"mark":"problem","text":"a\u001bb is full","remedies":["one","two"]}]}]}"#
        )
    }
}
