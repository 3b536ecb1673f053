/// Each rule about what `FROM` lines start from, with a text that is just not meant.

import Testing

@testable import Dockerfile

@Suite struct BaseLintTests {
    @Test(arguments: [
        LintCase("ARG tag=1\nFROM a:${tag}${version} AS b", ["2:14 UndefinedArgInFrom"]),
        LintCase("FROM a${B:-c}", ["1:7 UndefinedArgInFrom"]),
        LintCase("ARG MY_ARCH=amd64\nFROM --platform=linux/${MYARCH:-amd64} a", ["2:23 UndefinedArgInFrom"]),
        LintCase("FROM scratch$X\nFROM scratch", ["1:13 UndefinedArgInFrom"]),
        LintCase("# check=skip=all\nFROM a$B"), LintCase("# x\n# check=skip=UndefinedArgInFrom\nFROM a$B"),
        LintCase("ARG B\nFROM a$B"), LintCase("FROM --platform=$BUILDPLATFORM a"), LintCase("FROM a-$TARGETARCH"),
    ])
    func `variables that nobody declares`(test: LintCase) throws {
        #expect(try test.found == test.expected)
    }

    @Test func `the nearest variable is proposed`() throws {
        let file = try Dockerfile.parse("ARG MY_ARCH=amd64\nFROM --platform=linux/${MYARCH:-amd64} a")
        let remedy = file.lint(EvaluationOptions()) { _ in true }.first?.remedy
        #expect(remedy == "Declare it there: `ARG MYARCH=…`. Did you mean `MY_ARCH`?")
    }

    @Test(arguments: [
        LintCase("FROM --platform=$TARGETPLATFORM a", ["1:6 RedundantTargetPlatform"]),
        LintCase("FROM --platform=${TARGETPLATFORM} a\nFROM b", ["1:6 RedundantTargetPlatform"]),
        LintCase("FROM --platform=$BUILDPLATFORM a"), LintCase("FROM --platform=$TARGETOS/$TARGETARCH a"),
        LintCase("FROM --platform=$TARGETPLATFORM/v2 a"),
        LintCase("FROM --platform=linux/arm64 a", ["1:6 FromPlatformFlagConstDisallowed"]),
        LintCase("FROM --platform=arm64 a AS one", ["1:6 FromPlatformFlagConstDisallowed"]),
        LintCase("FROM --platform=linux/arm64 a AS my_arm64"), LintCase("FROM --platform=aarch64 a AS linux"),
        LintCase("FROM a"),
    ])
    func `platforms that say too little or too much`(test: LintCase) throws {
        #expect(try test.found == test.expected)
    }

    @Test(arguments: [
        LintCase("ARG V\nFROM a:$V", ["2:6 InvalidDefaultArgInFrom"], [KeyValue("V", "1")]),
        LintCase("ARG IMAGE\nFROM $IMAGE", ["2:6 InvalidDefaultArgInFrom"], [KeyValue("IMAGE", "a")]),
        LintCase("ARG V=\"b:\"\nFROM a${V}", ["2:6 InvalidDefaultArgInFrom"], [KeyValue("V", "b:1")]),
        LintCase("ARG V=1\nFROM a:$V", [], [KeyValue("V", "2")]),
        LintCase("ARG V\nFROM a:stable$V", [], [KeyValue("V", "-musl")]),
        LintCase("ARG V\nFROM a:${V:-1}", [], [KeyValue("V", "-musl")]),
    ])
    func `defaults that make no image`(test: LintCase) throws {
        #expect(try test.found == test.expected)
    }

    @Test func `the reference of an image of the project needs no default`() throws {
        let options = EvaluationOptions(
            arguments: [KeyValue("BASE", "x/base:1")],
            projectImages: ["x/base:1": "base"]
        )
        #expect(try lint("ARG BASE\nFROM $BASE", options) == [])
    }
}
