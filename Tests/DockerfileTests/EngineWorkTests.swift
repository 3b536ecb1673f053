/// What is left to engines.

import Testing

@testable import Dockerfile

@Suite struct EngineWorkTests {
    private func unsupported(_ text: String, _ images: [String] = []) throws -> [DockerfileProblem] {
        let options = EvaluationOptions(projectImages: Dictionary(uniqueKeysWithValues: images.map { ($0, $0) }))
        return try evaluate(text, options).unsupportedByAssembler
    }

    private static let digits = String(repeating: "0a", count: 32)

    @Test(arguments: [
        ("FROM scratch\nRUN a\nCOPY b c\nRUN d", ["run 2", "run 4"]), ("FROM debian", []),
        ("FROM scratch AS a\nFROM a\nCOPY b c", []),
        ("FROM scratch\nCOPY --from=nginx a b", []),
        ("FROM scratch\nADD https://a git@b:c d/", ["add-remote 2", "add-remote 2"]),
        ("FROM scratch\nADD --checksum=sha256:\(digits) https://a/b c/", []),
        ("FROM scratch\nADD --checksum=sha256:\(digits.dropLast()) https://a/b c/", ["add-remote 2"]),
        ("FROM scratch\nADD --checksum=sha256:\(digits) https://a/b.git c/", ["add-remote 2"]),
        ("FROM scratch\nCOPY --parents a b", []), ("FROM scratch\nADD --unpack=false a b", ["flag 2"]),
        ("FROM scratch\nADD --keep-git-dir https://a.git b", ["add-remote 2"]), ("FROM base", []),
        ("FROM scratch\nCOPY --from=base a b", []),
        ("FROM --platform=linux/arm64 scratch", ["platform 1"]), ("FROM --platform=linux/arm64 base", ["platform 1"]),
        ("FROM a AS unused\nRUN b\nFROM scratch", []), ("FROM a\nRUN b", ["run 2"]),
        ("# syntax=docker/dockerfile:1\nFROM scratch", []), ("# syntax=docker/dockerfile\nFROM scratch", []),
        ("# syntax=docker.io/docker/dockerfile:1.7-labs\nFROM scratch", []),
        ("# syntax=docker/dockerfile:1@sha256:a\nFROM scratch", []),
        ("# syntax=docker/dockerfile:10\nFROM scratch", ["syntax 1"]),
        ("# escape=`\n# syntax=me/mine\nFROM scratch", ["syntax 2"]),
    ])
    func `what the assembler does not do is said, with its line`(text: String, expected: [String]) throws {
        let found = try unsupported(text, ["base"])
        #expect(
            found.map { "\($0.id.dropFirst("dockerfile-".count)) \($0.line)" }
                == expected.map { $0.replacing(" ", with: "-unsupported ") }
        )
        #expect(
            found.allSatisfy {
                $0.reason.hasSuffix("is nothing that `builder: assemble` does") && $0.remedy.contains("engine")
            }
        )
    }

    @Test func `RUN in a base's trigger is RUN`() throws {
        let known: [BaseName: BaseDefaults] = ["debian": BaseDefaults(onBuild: ["RUN make", "COPY a b"])]
        let found = try evaluate("FROM debian", EvaluationOptions(externalDefaults: known)).unsupportedByAssembler
        #expect(found.map(\.id) == ["dockerfile-run-unsupported"])
    }
}
