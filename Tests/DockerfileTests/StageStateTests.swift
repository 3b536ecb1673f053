/// What an image leaves to those that start from it.

import Testing

@testable import Dockerfile

@Suite struct StageStateTests {
    private let path = KeyValue("PATH", StageState.defaultPath)

    @Test func `a child is given what the last stage and its bases leave`() throws {
        let text = """
            FROM base AS a
            ENV A=1 B=2
            ARG HIDDEN=1
            USER me
            ONBUILD RUN lost
            FROM a AS b
            ENV B=3 C=4
            WORKDIR x
            SHELL ["s"]
            ONBUILD RUN kept
            """
        let base = BaseDefaults(environment: [KeyValue("B", "0")], workingDirectory: "/base", onBuild: ["RUN theirs"])
        let options = EvaluationOptions(projectImages: ["base": "base"], baseDefaults: ["base": base])
        #expect(
            try evaluate(text, options).defaults { from, _ in from == .project("base") ? base : nil }
                == BaseDefaults(
                    environment: [KeyValue("B", "3"), path, KeyValue("A", "1"), KeyValue("C", "4")],
                    workingDirectory: "/base/x",
                    user: "me",
                    shell: ["s"],
                    onBuild: ["RUN kept"]
                )
        )
    }

    @Test func `an image from nothing has the default PATH and the root as its folder`() throws {
        #expect(try evaluate("FROM scratch").defaults { _, _ in nil } == BaseDefaults(environment: [path]))
        #expect(Evaluation(stages: []).defaults { _, _ in nil } == BaseDefaults())
    }

    /// The evaluation of a child must see what the same lines in one file would show.
    @Test func `two files in a row are like two stages of one file`() throws {
        let (first, second) = ("ENV A=1\nWORKDIR /w\nSHELL [\"s\"]\nONBUILD ENV T=$A", "ENV B=$A$T\nCOPY x y\nCMD z")
        let base = try evaluate("FROM scratch\n" + first).defaults { _, _ in nil }
        let options = EvaluationOptions(projectImages: ["p": "p"], baseDefaults: ["p": base])
        let apart = try operations("FROM p\n" + second, options)
        #expect(try apart == operations("FROM scratch AS p\n\(first)\nFROM p\n\(second)"))
        #expect(apart[1] == .environment([KeyValue("B", "11")]))
    }

    @Test func `a base without a folder starts at the root`() {
        #expect(StageState(BaseDefaults(workingDirectory: "")).workingDirectory == "/")
        #expect(StageState(BaseDefaults(workingDirectory: "a/../b/")).workingDirectory == "/b")
    }
}
