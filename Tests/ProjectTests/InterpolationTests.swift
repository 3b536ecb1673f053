import Testing

@testable import Project

@Suite struct InterpolationTests {
    private let variables = Variables(
        process: ["A": "a", "EMPTY": "", "BOTH": "process"],
        file: ["F": "file", "BOTH": "file"]
    )

    @Test(arguments: [
        ("plain", "plain"), ("${A}", "a"), ("x${A}y${F}", "xayfile"), ("${BOTH}", "process"), ("${NO:-d}", "d"),
        ("${NO-d}", "d"), ("${EMPTY:-d}", "d"), ("${EMPTY-d}", ""), ("${A:-d}", "a"), ("$$", "$"), ("$${A}", "${A}"),
        ("$A", "$A"), ("a$", "a$"), ("${NO:-${A}}", "a"), ("${NO:-${NO:-x}y}z", "xyz"), ("${NO:-}", ""),
        ("${A:-${NO}}", "a"), ("${NO:-a:-b}", "a:-b"),
    ])
    func `variables are filled in`(text: String, expected: String) {
        var interpolation = Interpolation(variables)
        #expect(interpolation.expand(text) == expected)
        #expect(interpolation.faults.isEmpty)
    }

    @Test(arguments: [
        ("${NO}", [Interpolation.Fault.unknown("NO")]), ("${NO} ${NEITHER}", [.unknown("NO"), .unknown("NEITHER")]),
        ("${A", [.unclosed]), ("${}", [.form("")]), ("${A:?x}", [.form("A:?x")]), ("${1}", [.form("1")]),
        ("${A b}", [.form("A b")]), ("${NO:-${NEITHER}}", [.unknown("NEITHER")]),
    ])
    func `every mistake is named`(text: String, faults: [Interpolation.Fault]) {
        var interpolation = Interpolation(variables)
        _ = interpolation.expand(text)
        #expect(interpolation.faults == faults)
    }

    @Test(arguments: [
        ("echo ${A}", ["A"]), ("echo $A", []), ("echo $F", ["F"]), ("${NO:-x} ${F:+y} ${A%x} ${A}", ["F", "A"]),
        ("$$ $1 ${#A} $", []), ("${", []),
    ])
    func `a shell command is given what it speaks of`(command: String, names: [String]) {
        #expect(Interpolation.mentions(in: command, of: variables) == names)
    }
}
