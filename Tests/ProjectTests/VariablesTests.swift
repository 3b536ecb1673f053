import Testing

@testable import Project

@Suite struct VariablesTests {
    @Test func `a file of variables is read line by line`() {
        let text = """
            \u{FEFF}# comment
            A=1
              export B = two words # comment
            C="a # b\\n\\"c\\"" # comment
            D='$x \\n'
            E=
            F=a=b#c\r
            export=odd
            """
        var problems: [Diagnostic] = []
        let values = EnvironmentFile.parse(text, file: ".env", problems: &problems)
        #expect(problems.isEmpty)
        #expect(
            values == [
                "A": "1", "B": "two words", "C": "a # b\n\"c\"", "D": "$x \\n", "E": "", "F": "a=b#c", "export": "odd",
            ]
        )
    }

    @Test(arguments: [("just words", 1), ("1A=2", 1), ("A=1\nB=\"open", 2), ("A='x' y", 1), ("=x", 1), ("A-B=1", 1)])
    func `a line that is no variable is reported`(text: String, line: Int) {
        var problems: [Diagnostic] = []
        _ = EnvironmentFile.parse(text, file: ".env", problems: &problems)
        #expect(problems.map(\.id) == ["config-env-file"])
        #expect(problems.first?.place.line == line)
    }
}
