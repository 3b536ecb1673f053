/// Steps and the lines of Dockerfiles.

import Dockerfile
import Testing

@testable import ImageEngines

@Suite struct StepLinesTests {
    private static let text = """
        ARG V=1
        FROM scratch AS a
        ARG A=1 B=2
        COPY a b
        WORKDIR /w
        RUN one
        FROM base
        ENV A=b
        RUN two
        RUN three
        COPY --from=a x y
        """

    private func head() throws -> Split.Head {
        let options = EvaluationOptions(projectImages: ["base": "base"])
        return try #require(try Dockerfile.parse(Self.text).evaluate(options).split(isWhole: true).heads.first)
    }

    @Test(
        arguments: [
            ("a", 1, 4), ("a", 2, 5), ("a", 3, 6), ("a", 4, nil), ("stage-1", 1, 7), ("stage-1", 2, 9),
            ("stage-1", 3, 10),
            ("stage-1", 4, 11), ("nobody", 1, nil), (nil, 3, 10), (nil, 0, nil),
        ] as [(String?, Int, Int?)]
    )
    func `BuildKit counts layers, and a base that is an image`(stage: String?, number: Int, line: Int?) throws {
        let step = EngineStep(text: "", stage: stage, number: number, isOfBuildKit: true)
        #expect(try head().line(of: step) == line)
    }

    @Test(
        arguments: [
            ("1", 1, 2), ("1", 2, 3), ("1", 3, 4), ("1", 5, 6), ("1", 6, nil), ("2", 1, 7), ("2", 4, 10), (nil, 5, 11),
            ("3", 1, nil),
        ] as [(String?, Int, Int?)]
    )
    func `buildah counts instructions`(stage: String?, number: Int, line: Int?) throws {
        let step = EngineStep(text: "", stage: stage, number: number, isOfBuildKit: false)
        #expect(try head().line(of: step) == line)
    }
}
