/// Which findings count, and how much.

import Testing

@testable import Dockerfile

@Suite struct LintTests {
    private static let text = "FROM scratch AS Base\nMAINTAINER me"
    private static let both = ["2:17 StageNameCasing", "3:1 MaintainerDeprecated"]

    @Test(arguments: [
        LintCase("#\n" + text, both), LintCase("# check=skip=all\n" + text),
        LintCase("#check=skip=all;error=true\n" + text),
        LintCase("# check=skip=StageNameCasing\n" + text, ["3:1 MaintainerDeprecated"]),
        LintCase("# check=error=true\n" + text, both.map { $0 + "!" }),
        LintCase("# check=skip=MaintainerDeprecated;error=true rest\n" + text, ["2:17 StageNameCasing!"]),
        LintCase("#!/x\n# check=skip=all\n" + text), LintCase("# escape=`\n# check=skip=all\n" + text),
        // No directive stands below a blank line; what stands there is said to the instruction below it.
        LintCase("\n# check=skip=all\n" + text, ["4:1 MaintainerDeprecated"]),
    ])
    func `the directive leaves rules out and makes errors`(test: LintCase) throws {
        #expect(try test.found == test.expected)
    }

    @Test(arguments: [
        LintCase("# check=error=true\n" + text, [], [KeyValue(LintOptions.argument, "skip=all")]),
        LintCase("# check=skip=all\n" + text, both, [KeyValue(LintOptions.argument, "")]),
        LintCase("#\n" + text, both.map { $0 + "!" }, [KeyValue(LintOptions.argument, "error=true")]),
    ])
    func `the build argument counts instead of the directive`(test: LintCase) throws {
        #expect(try test.found == test.expected)
    }

    @Test(arguments: [
        LintCase("FROM scratch\n# check=skip=MaintainerDeprecated\nMAINTAINER me"),
        LintCase("FROM scratch\n# check=skip=all // me\n# why\nMAINTAINER me"),
        LintCase("FROM scratch\n# check=skip=MaintainerDeprecated\n\nMAINTAINER me"),
        LintCase("FROM scratch\n# check=skip=UndefinedVar\nMAINTAINER me", ["3:1 MaintainerDeprecated"]),
        LintCase("FROM scratch\n# check=skip=all\n#\nMAINTAINER me", ["4:1 MaintainerDeprecated"]),
        LintCase("FROM scratch\n# check=skip=all\nUSER a\nMAINTAINER me", ["4:1 MaintainerDeprecated"]),
        LintCase("FROM scratch\n# check=error=true\nMAINTAINER me", ["3:1 MaintainerDeprecated"]),
        LintCase("FROM scratch\n# check=nonsense\nMAINTAINER me", ["3:1 MaintainerDeprecated"]),
    ])
    func `a comment leaves rules out for the instruction below it`(test: LintCase) throws {
        #expect(try test.found == test.expected)
    }

    @Test(arguments: [
        LintCase("# check=skip=StageNameCasin;error=true\nFROM scratch", ["1:14 dockerfile-check-unknown-rule"]),
        LintCase("FROM scratch\n# check=skip=DL3006\nUSER a", ["2:14 dockerfile-check-unknown-rule"]),
        LintCase(
            "# check=skip=x\nFROM scratch",
            ["1:1 dockerfile-check-argument"],
            [KeyValue(LintOptions.argument, "skip=y")]
        ),
    ])
    func `a name that no rule has is told, and never an error`(test: LintCase) throws {
        #expect(try test.found == test.expected)
    }

    @Test func `what check can't read is told where it stands`() {
        let options = EvaluationOptions()
        let found = problems("# check=skip=all;eror=true\nFROM scratch", options)
        #expect(found.map(\.id) == ["dockerfile-check-directive"])
        #expect(found.map { [$0.line, $0.column] } == [[1, 18]])
        let given = EvaluationOptions(arguments: [KeyValue(LintOptions.argument, "error=maybe")])
        #expect(problems("# check=nonsense\nFROM scratch", given).map(\.id) == ["dockerfile-check-argument"])
    }

    @Test func `whether a rule counts can be asked for a line`() throws {
        let file = try Dockerfile.parse("FROM scratch\n# check=skip=CopyIgnoredFile\nCOPY a /\nCOPY b /")
        let options = try file.lintOptions([])
        #expect(!file.counts(.copyIgnoredFile, at: 3, options))
        #expect(file.counts(.copyIgnoredFile, at: 4, options))
    }

    @Test func `an engine is not asked to check a head once more`() throws {
        let file = try Dockerfile.parse("# check=error=true\nFROM scratch\nRUN a")
        let head = try #require(try file.evaluate(EvaluationOptions()).split().heads.first)
        let text = try file.text(of: head) { _, _ in "" }
        #expect(text.begins(with: "# check=skip=all\nFROM scratch AS stage-0\nRUN a"))
    }
}
