/// Diagnostics as text, coloured and not.

import Project
import Reporting
import Testing

@Suite struct DiagnosticTextTests {
    let unknown = Diagnostic(
        id: "config-unknown-key",
        place: Place(file: ".imgwatch", line: 3, column: 5),
        reason: "\"inptus\" is not a key of a step",
        remedy: "write inputs",
        fix: "    inputs: [src/**]"
    )
    let broad = Diagnostic(
        id: "broad",
        severity: .warning,
        place: Place(file: "a\u{1b}b"),
        reason: "all is copied",
        remedy: "ignore some"
    )

    @Test func `without colour they are their own text`() {
        #expect([unknown].text(colour: false) == unknown.text)
        let text = """
            .imgwatch:3:5: error: "inptus" is not a key of a step [config-unknown-key]
              remedy: write inputs
              fix: inputs: [src/**]

            a\\u{1b}b: warning: all is copied [broad]
              remedy: ignore some
            """
        #expect([unknown, broad].text(colour: false) == text)
    }

    @Test func `with colour one sees where, and how bad it is`() {
        let text = """
            <1>.imgwatch:3:5<0>: <31>error<0>: "inptus" is not a key of a step<2> [config-unknown-key]<0>
            <2>  remedy:<0> write inputs
            <2>  fix:<0> inputs: [src/**]

            <1>a\\u{1b}b<0>: <33>warning<0>: all is copied<2> [broad]<0>
            <2>  remedy:<0> ignore some
            """
        #expect([unknown, broad].text(colour: true).replacing("\u{1b}[", with: "<").readable == text)
    }

    @Test func `no diagnostics are no text`() {
        #expect([Diagnostic]().text(colour: true).isEmpty)
    }
}

extension String {
    /// `<31m` as `<31>`.
    fileprivate var readable: String { replacing(/<([0-9]+)m/) { "<\($0.1)>" } }
}
