/// Each rule about what instructions mean, with a text that is just not meant.

import Testing

@testable import Dockerfile

@Suite struct StageLintTests {
    @Test(arguments: [
        LintCase("COPY a$foo .\nARG foo=bar", ["2:7 UndefinedVar"]),
        LintCase("COPY a$DIR_ASSETS a${DIR_ASSET} .", ["2:7 UndefinedVar", "2:20 UndefinedVar"]),
        LintCase("ARG A=1\nCOPY a$AB a/$A .", ["3:7 UndefinedVar"]),
        LintCase("ENV PATH=$PAHT:/bin", ["2:10 UndefinedVar"]), LintCase("LABEL a=\"${b}\"", ["2:10 UndefinedVar"]),
        LintCase("ARG A=$B", ["2:7 UndefinedVar"]), LintCase("ARG A=$B", [], [KeyValue("A", "1")]),
        LintCase("USER $U\nVOLUME /$V\nSTOPSIGNAL 1$S", ["2:6", "3:9", "4:13"].map { $0 + " UndefinedVar" }),
        LintCase("COPY --chown=$U a \\\n  b", ["2:14 UndefinedVar"]),
        LintCase("RUN --mount=source=$S make", ["2:20 UndefinedVar"]),
        LintCase("COPY <<E /\na $b\nE", ["3:3 UndefinedVar"]),
        LintCase("COPY a$TARGETARCH b", ["2:7 UndefinedVar"]),
        LintCase("# check=skip=UndefinedVar\nCOPY a$foo ."),
        LintCase("ARG foo\nCOPY a$foo ."), LintCase("ARG A=1 B=$A"), LintCase("ENV A=$PATH"),
        LintCase("COPY <<'E' /\na $b\nE"), LintCase("RUN echo $foo\nCMD [\"$foo\"]"), LintCase("COPY a\\$foo '$bar' b"),
        LintCase("EXPOSE 80$P"), LintCase("ONBUILD COPY a$b c"),
    ])
    func `variables that are not defined`(test: LintCase) throws {
        let found = try lint("FROM scratch\n" + test.text, EvaluationOptions(arguments: test.arguments))
        #expect(found == test.expected)
    }

    @Test(arguments: [
        LintCase("ENV super_Secret=1 a=b password=c", ["2:5", "2:24"].map { $0 + " SecretsUsedInArgOrEnv" }),
        LintCase("ARG api_key=1 auth", ["2:5", "2:15"].map { $0 + " SecretsUsedInArgOrEnv" }),
        LintCase(
            "ENV apikey= PUBLIC_KEY=1 password_file=/a AUTH_VERSION=1 keys=1 SECRETARY=me",
            ["2:5 SecretsUsedInArgOrEnv"]
        ),
        LintCase("LABEL password=1"), LintCase("RUN --mount=type=secret,id=token a"),
    ])
    func `names that sound like secrets`(test: LintCase) throws {
        #expect(try lint("FROM scratch\n" + test.text) == test.expected)
    }

    @Test func `an argument above the first FROM stays in no image`() throws {
        #expect(try lint("ARG TOKEN\nFROM scratch") == [])
    }

    @Test(arguments: [
        LintCase("ENV a b", ["2:1 LegacyKeyValueFormat"]), LintCase(" LABEL a  b c", ["2:2 LegacyKeyValueFormat"]),
        LintCase("ENV a=b"), LintCase("LABEL \"a b\"=c"),
        LintCase("CMD a b", ["2:1 JSONArgsRecommended"]), LintCase("ENTRYPOINT a", ["2:1 JSONArgsRecommended"]),
        LintCase("CMD [\"a\"]"), LintCase("SHELL [\"a\"]\nCMD a\nENTRYPOINT b"), LintCase("HEALTHCHECK CMD a"),
    ])
    func `old forms, and forms for the shell`(test: LintCase) throws {
        #expect(try lint("FROM scratch\n" + test.text) == test.expected)
    }

    @Test(arguments: [
        LintCase("CMD [\"a\"]\nUSER u\nCMD [\"b\"]", ["2:1 MultipleInstructionsDisallowed"]),
        LintCase(
            "ENTRYPOINT [\"a\"]\nENTRYPOINT []\nENTRYPOINT [\"c\"]",
            ["2:1", "3:1"].map { $0 + " MultipleInstructionsDisallowed" }
        ),
        LintCase("HEALTHCHECK NONE\nHEALTHCHECK CMD b", ["2:1 MultipleInstructionsDisallowed"]),
        LintCase("CMD [\"a\"]\n# check=skip=MultipleInstructionsDisallowed\nCMD [\"b\"]"),
        LintCase("ENTRYPOINT [\"a\"]\nCMD [\"b\"]"), LintCase("CMD [\"a\"]\nFROM scratch\nCMD [\"b\"]"),
    ])
    func `instructions of which the last one counts`(test: LintCase) throws {
        #expect(try lint("FROM scratch\n" + test.text) == test.expected)
    }

    @Test(arguments: [
        LintCase("WORKDIR app\nWORKDIR b", ["2:9 WorkdirRelativePath"]),
        LintCase("ENV A=b\nWORKDIR $A/c", ["3:9 WorkdirRelativePath"]),
        LintCase("WORKDIR /app\nWORKDIR b"), LintCase("ENV A=/b\nWORKDIR $A/c"),
        LintCase("EXPOSE 80/TcP 8080/TCP 8080/udp", ["2:8", "2:15"].map { $0 + " ExposeProtoCasing" }),
        LintCase(
            "EXPOSE 127.0.0.1:80:80 [::1]:81:81 50:50 8000",
            ["2:8", "2:24", "2:36"].map { $0 + " ExposeInvalidFormat" }
        ),
        LintCase("EXPOSE 80 81/tcp 82-83/udp :84"),
    ])
    func `relative folders and ports`(test: LintCase) throws {
        #expect(try lint("FROM scratch\n" + test.text) == test.expected)
    }

    @Test(arguments: [
        LintCase(
            "FROM scratch AS a\nWORKDIR /a\nARG x\nSHELL [\"s\"]\nCMD [\"c\"]\nFROM a\nWORKDIR b\nCOPY a$x .\nCMD b"
        ),
        LintCase("FROM scratch AS a\nENV a b\nWORKDIR b\nCMD c\nCOPY $d .\nFROM scratch"),
        LintCase("FROM scratch AS a\nONBUILD WORKDIR b\nFROM a", ["3:1 WorkdirRelativePath"]),
    ])
    func `stages hand down, and those that are not needed are not looked at`(test: LintCase) throws {
        #expect(try test.found == test.expected)
    }

    @Test func `what an unknown base may have set is not missed`() throws {
        let options = EvaluationOptions(awaitsBases: true)
        let text = "# check=error=true\nFROM a\nCOPY $HOME$PAHT .\nWORKDIR $HOME\nEXPOSE 1/TCP\nCMD b"
        #expect(try lint(text, options) == ["3:11 UndefinedVar", "5:8 ExposeProtoCasing!", "6:1 JSONArgsRecommended"])
    }
}
