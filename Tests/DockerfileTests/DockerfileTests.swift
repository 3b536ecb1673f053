/// Every mistake that a Dockerfile can have, with its place.

import Testing

@testable import Dockerfile

@Suite struct DockerfileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        /// Like `id line:column`.
        var problems: [String]
        var options: EvaluationOptions?
        var testDescription: String { text }
        init(_ text: String, _ problems: String..., options: EvaluationOptions? = nil) {
            (self.text, self.problems, self.options) = (text, problems, options)
        }
    }

    private static func check(_ test: Case) {
        let found = problems(test.text, test.options)
        #expect(found.map { "\($0.id.dropFirst("dockerfile-".count)) \($0.line):\($0.column)" } == test.problems)
        #expect(found.allSatisfy { !$0.reason.isEmpty && !$0.remedy.isEmpty && $0.id.hasPrefix("dockerfile-") })
        #expect(found.allSatisfy { $0.remedy.hasSuffix(".") || $0.remedy.hasSuffix("?") || $0.remedy.hasSuffix("`") })
    }

    @Test(arguments: [
        Case("", "empty 1:1"),
        Case("\n# a\n", "empty 1:1"),
        Case("ARG a\nARG b", "no-stage 1:1"),
        Case("\n  ENV a=b\nFROM c", "before-from 2:3"),
        Case("FORM a\nRUN b", "unknown-instruction 1:1"),
        Case("FROM a\n RNU b\n", "unknown-instruction 2:2"),
        Case("FROM a\n\\\n\n", "unknown-instruction 2:1"),
        Case("# escape=\\\n# escape=`\nFROM a", "directive-repeated 2:3"),
        Case("# escape=/\nFROM a", "escape-directive 1:10"),
        Case("FROM a\nRUN <<E\nb", "heredoc-unterminated 2:5"),
        // The reference implementation takes this for a here-document, too.
        Case("FROM a\nRUN $((1 << 2))\n", "heredoc-unterminated 2:10"),
        Case("FROM a\nCOPY b <<E\nE", "heredoc-destination 2:8"),
        Case("FROM a\nCMD [\"b\", 1]", "json-strings 2:5"),
        Case("FROM a\nENV b", "key-value 2:5"),
        Case("FROM a\nENV b=c d", "key-value 2:9"),
        Case("FROM a\nLABEL b", "key-value 2:7"),
        Case("FROM a\nENV =b", "blank-name 2:1"),
        Case("FROM a\nARG =b", "blank-name 2:1"),
        Case("FROM a\nSHELL /bin/sh -c", "shell-json 2:1"),
        Case("FROM a b", "from-syntax 1:1"),
        Case("FROM a IS b", "from-syntax 1:1"),
        Case("FROM", "from-syntax 1:1"),
        Case("FROM a AS 1b", "stage-name 1:11"),
        Case("FROM --plattform=b a", "unknown-flag 1:6"),
        Case("FROM a\nCOPY --form=b c d", "unknown-flag 2:6"),
        Case("FROM a\nCOPY \\\n  --chmd=1 \\\n  c d", "unknown-flag 3:3"),
        Case("FROM a\nUSER --b c", "unknown-flag 2:6"),
        Case("FROM a\nCOPY --chown=a --chown=b c d", "flag-repeated 2:6"),
        Case("FROM a\nCOPY --chown c d", "flag-value 2:6"),
        Case("FROM a\nCOPY --link=maybe c d", "flag-value 2:6"),
        Case("FROM a\nCOPY --link= c d", "flag-value 2:6"),
        Case("FROM a\nCOPY --from= c d", "flag-value 2:6"),
        Case("FROM a\nCOPY --from=$b c d", "from-variable 2:6"),
        Case("FROM a\nCOPY --exclude=[ c d", "exclude-pattern 2:6"),
        Case("FROM a\nCOPY --exclude=a --exclude=b c d"),
        Case("FROM a\nONBUILD ONBUILD RUN b", "onbuild-trigger 2:1"),
        Case("FROM a\nONBUILD FROM b", "onbuild-trigger 2:9"),
        Case("FROM a\nONBUILD CPY b c", "unknown-instruction 2:9"),
        Case("FROM a\nONBUILD COPY b", "missing-argument 2:1"),
        Case("FROM a\nHEALTHCHECK NONE b", "healthcheck 2:1"),
        Case("FROM a\nHEALTHCHECK TCP 1", "healthcheck 2:13"),
        Case("FROM a\nHEALTHCHECK CMD", "missing-argument 2:1"),
        Case("FROM a\nHEALTHCHECK --interval=5 CMD b", "healthcheck 2:13"),
        Case("FROM a\nHEALTHCHECK --timeout=5us CMD b", "healthcheck 2:13"),
        Case("FROM a\nHEALTHCHECK --retries=-1 CMD b", "healthcheck 2:13"),
        Case("FROM a\nVOLUME [\"\"]", "blank-volume 2:1"),
        Case("FROM a\nCOPY b", "missing-argument 2:1"),
        Case("FROM a\nADD", "missing-argument 2:1"),
        Case("FROM a\nENTRYPOINT []\nCMD []"),
        Case(
            "FROM a\nRUN b\nCPY c d\nENV e\nCOPY --x f g\nUSER\n",
            "unknown-instruction 3:1",
            "key-value 4:5",
            "unknown-flag 5:6",
            "missing-argument 6:1"
        ),
        Case("FROM a\nCOPY --x --y b", "missing-argument 2:1", "unknown-flag 2:6", "unknown-flag 2:10"),
    ])
    func `what one reading can find is found`(test: Case) { Self.check(test) }

    @Test(arguments: [
        "ARG", "COPY", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN",
        "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    ])
    func `an instruction alone lacks its argument`(name: String) {
        let found = problems("FROM a\n\(name)\n")
        #expect(found.map(\.id) == ["dockerfile-missing-argument"])
        #expect(found[0].reason.hasPrefix(name + " lacks its "))
    }

    private static let project = EvaluationOptions(
        projectImages: ["base": "base"],
        baseDefaults: ["base": BaseDefaults(onBuild: ["CPY a b"])]
    )

    @Test(arguments: [
        Case("FROM $b", "base-blank 1:6"),
        Case("ARG a=${\nFROM b", "expansion 1:1"),
        Case("FROM ${a", "expansion 1:1"),
        Case("FROM a\nENV b='c", "expansion 2:1"),
        Case("FROM a\nWORKDIR ${b:?why}\nUSER ${c?}", "variable-required 2:11", "variable-required 3:8"),
        Case("FROM a\nENV $b=c", "blank-name 2:1"),
        Case("FROM --platform=$X a", "platform 1:6"),
        Case("FROM --platform=linux/a/b/c a", "platform 1:6"),
        Case("FROM a AS b", "unknown-target 1:1", options: EvaluationOptions(target: "c")),
        Case("FROM a", "unknown-target 1:1", options: EvaluationOptions(target: "1")),
        Case("FROM a\nCOPY --from=1 b c", "stage-index 2:6"),
        Case("FROM a AS b\nCOPY --from=B c d", "copy-from-itself 2:6"),
        Case("FROM a\nCOPY --from=0 c d", "copy-from-itself 2:6"),
        Case("FROM a AS b\nCOPY --from=c d e\nFROM b AS c", "copy-from-later-stage 2:6"),
        Case("FROM a AS b\nRUN --mount=from=c,target=/c d\nFROM b AS c", "copy-from-later-stage 2:1"),
        Case("FROM a\nRUN --mount=type=bound,target=/c d", "mount 2:5"),
        Case("FROM a\nRUN --mount=type=tmpfs,from=a,target=/c d", "mount 2:5"),
        Case("FROM a\nRUN --mount=from=$A,target=/c d", "mount 2:5"),
        Case("FROM a\nRUN --mount=sauce=a,target=/c d", "mount 2:5"),
        Case("FROM a\nEXPOSE 70000", "port 2:8"),
        Case("FROM a\nEXPOSE 80/tpc", "port 2:8"),
        Case("FROM a\nEXPOSE 90-80", "port 2:8"),
        Case("FROM a\nEXPOSE /tcp", "port 2:8"),
        Case("FROM a\nEXPOSE x:80", "port 2:8"),
        Case("FROM a\nEXPOSE g:80:80", "port 2:8"),
        Case("FROM a\nEXPOSE 1-3:80-81", "port 2:8"),
        Case("FROM a\nSTOPSIGNAL SIGTREM", "signal 2:12"),
        Case("FROM a\nSTOPSIGNAL 0", "signal 2:12"),
        Case("FROM a\nCOPY --chmod=888 b c", "mode 2:6"),
        Case("FROM a\nCOPY --chmod=17777 b c", "mode 2:6"),
        Case("FROM a\nCOPY --chmod=u+q b c", "mode 2:6"),
        Case("FROM a\nCOPY --chmod=rw b c", "mode 2:6"),
        Case("FROM a\nCOPY --chmod=u+x, b c", "mode 2:6"),
        Case("FROM a\nADD --checksum=sha256:1 b c", "checksum 2:5"),
        Case("FROM a\nADD --checksum=sha256:1 https://a/b https://a/c d/", "checksum 2:5"),
        Case("FROM a\nCOPY https://a/b c", "copy-remote 2:6"),
        Case("FROM a\nCOPY git@a:b c", "copy-remote 2:6"),
        Case("FROM a\nCOPY [b c", "source-pattern 2:6"),
        Case("FROM a\nCOPY $b c", "source-blank 2:6"),
        Case("FROM a\nVOLUME $b", "blank-volume 2:1"),
        Case("FROM base", "onbuild-base 1:6", options: project),
        Case("FROM a\nCOPY --chmod=9 b c\nSTOPSIGNAL x\nEXPOSE y", "mode 2:6", "signal 3:12", "port 4:8"),
        Case("FROM a AS x\nSTOPSIGNAL x\nFROM b"),
    ])
    func `what the evaluation finds is found`(test: Case) {
        var test = test
        test.options = test.options ?? EvaluationOptions()
        Self.check(test)
    }

    @Test func `a line that is too long is refused`() {
        let long = "FROM a\nENV b=" + String(repeating: "c", count: SyntaxParser.longestLine)
        #expect(problems(long).map(\.id) == ["dockerfile-line-too-long"])
        #expect(problems(long).map(\.line) == [2])
        #expect(problems(String(long.dropLast(6))) == [])
    }

    @Test func `near words are suggested`() {
        #expect(problems("FROM a\nCOYP b c")[0].remedy == "Did you mean `COPY`?")
        #expect(problems("FROM a\nCOPY --chmd=1 b c")[0].remedy.hasSuffix("Did you mean `--chmod`?"))
        #expect(
            problems("FROM a\nSTOPSIGNAL SIGTREM", EvaluationOptions())[0].remedy.hasSuffix("Did you mean `SIGTERM`?")
        )
        #expect(
            problems("FROM a AS build\nFROM b AS final", EvaluationOptions(target: "buidl"))[0].remedy
                == "The stages are `build`, `final`. Did you mean `build`?"
        )
        #expect(problems("ARG BASE=a\nFROM ${BAES}", EvaluationOptions())[0].remedy.hasSuffix("Did you mean `BASE`?"))
    }

    @Test func `the names of the stages are known before an evaluation`() throws {
        #expect(try Dockerfile.parse("FROM a AS Build\nFROM b\nFROM c AS d").stageNames == ["build", "d"])
    }
}
