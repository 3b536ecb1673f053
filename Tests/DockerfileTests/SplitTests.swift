/// Where Dockerfiles are cut.

import Testing

@testable import Dockerfile

@Suite struct SplitTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        /// Each head as its stage, how far it goes (the line), and what is exported.
        var heads: [String]
        /// The tail's stages, each with the lines of its instructions.
        var tail: [String]
        var testDescription: String { text }

        init(_ text: String, _ heads: [String], _ tail: [String]) {
            (self.text, self.heads, self.tail) = (text, heads, tail)
        }
    }

    private static let options = EvaluationOptions(
        externalDefaults: ["trigger": BaseDefaults(onBuild: ["RUN a", "COPY b c", "ENV d=e"])]
    )

    @Test(arguments: [
        Case("FROM a\nCOPY b c", [], ["0: 2"]),
        Case("FROM a\nCOPY b c\nRUN d\nCOPY e f\nENV g=h", ["0 to 3"], ["0: 4 5"]),
        Case("FROM a\nRUN b\nCOPY c d\nRUN e", ["0 to 4"], ["0: "]),
        Case("FROM a\nADD https://b c\nCOPY d e", ["0 to 2"], ["0: 3"]),
        // A stage that nothing is built on gives what is copied from it, and from others nothing is needed.
        Case("FROM a AS b\nRUN c\nCOPY d e\nFROM f\nCOPY --from=b /g /h", ["0 to 3 /g"], ["0: ", "1: 5"]),
        Case("FROM a AS b\nRUN c\nFROM f\nCOPY --from=b /g/*.x ../h/i /j/", ["0 to 2 /g /h/i"], ["0: ", "1: 4"]),
        Case("FROM a AS b\nRUN c\nFROM f\nCOPY --from=b /*.x /j/", ["0 to 2 /"], ["0: ", "1: 4"]),
        Case("FROM a AS b\nCOPY c d\nFROM e\nCOPY --from=b /g /h\nRUN f", ["1 to 5"], ["1: "]),
        Case("FROM a AS b\nCOPY c d\nFROM e\nRUN f\nCOPY --from=b /g /h", ["1 to 4"], ["0: 2", "1: 5"]),
        // A base has its own head; what is built on it goes on from its tail.
        Case("FROM a AS b\nRUN c\nCOPY d e\nFROM b\nCOPY f g", ["0 to 2"], ["0: 3", "1: 5"]),
        Case("FROM a AS b\nRUN c\nFROM b\nRUN d\nCOPY e f", ["1 to 4"], ["1: 5"]),
        Case("FROM a AS b\nRUN c\nCOPY i j\nFROM b\nCOPY --from=b /g /h", ["0 to 2"], ["0: 3", "1: 5"]),
        Case(
            "FROM a AS b\nRUN c\nFROM d AS e\nCOPY --from=b /f /g\nFROM h\nCOPY --from=e /g /i",
            ["1 to 4 /g"],
            ["1: ", "2: 6"]
        ),
        Case("FROM a AS b\nRUN c\nFROM d", [], ["1: "]),
        // The triggers of a base run all at once.
        Case("FROM trigger\nCOPY f g", ["0 to 1"], ["0: 2"]),
        Case(
            "FROM --platform=linux/arm64 a AS b\nCOPY c d\nFROM e\nCOPY --from=b /c /d",
            ["0 to 2 /c"],
            ["0: ", "1: 4"]
        ),
        Case("# syntax=me/mine\nFROM a AS b\nFROM b\nCOPY c d", ["1 to 4"], ["1: "]),
        Case("FROM a\nRUN b\nFROM c AS d\nCOPY --from=0 /x /y", ["0 to 2 /x"], ["0: ", "1: 4"]),
    ])
    func `a stage is cut behind what only an engine can do`(test: Case) throws {
        let split = try evaluate(test.text, Self.options).split()
        #expect(split.heads.map(Self.text) == test.heads)
        #expect(split.tail.stages.map(Self.text) == test.tail)
        #expect(split.heads.allSatisfy { !$0.work.isEmpty })
        for stage in split.tail.stages where split.heads.contains(where: { $0.stage == stage.index }) {
            #expect(stage.base == .scratch && stage.platform == nil)
        }
    }

    @Test func `a head holds the stages that it needs, and no others`() throws {
        let text = """
            FROM a AS one
            FROM b AS two
            FROM c AS three
            COPY --from=one /x /y
            RUN --mount=from=two,target=/m d
            COPY --from=unused /x /y
            FROM e AS unused
            """
        let broken = try #require(problems(text, EvaluationOptions(target: "three")).first)
        #expect(broken.id == "dockerfile-copy-from-later-stage")
        let good = text.replacing("COPY --from=unused /x /y\n", with: "")
        let split = try evaluate(good, EvaluationOptions(target: "three")).split()
        #expect(split.heads.map { $0.evaluation.stages.compactMap(\.name) } == [["one", "two", "three"]])
    }

    @Test(arguments: ["FROM a\nCOPY b c", "FROM a\nRUN b\nCOPY c d", "FROM a AS b\nRUN c\nFROM d\nCOPY --from=b /e /f"])
    func `an engine can do all of it`(text: String) throws {
        let evaluation = try evaluate(text)
        let split = evaluation.split(isWhole: true)
        let head = try #require(split.heads.first)
        #expect(split.heads.count == 1 && head.exports == nil && head.stage == evaluation.stages.last?.index)
        #expect(head.evaluation.stages == evaluation.stages)
        #expect(split.tail.stages.map(\.instructions) == [[]])
    }

    private static func text(of head: Split.Head) -> String {
        (["\(head.stage) to \(head.lastLine)"] + (head.exports ?? [])).joined(separator: " ")
    }

    private static func text(of stage: EvaluatedStage) -> String {
        "\(stage.index): " + stage.instructions.map { "\($0.line)" }.joined(separator: " ")
    }
}
