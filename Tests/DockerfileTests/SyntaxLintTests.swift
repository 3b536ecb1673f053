/// Each rule about what is written, with a text that is just not meant.

import Testing

@testable import Dockerfile

@Suite struct SyntaxLintTests {
    @Test(arguments: [
        LintCase("FROM scratch AS Base", ["1:17 StageNameCasing"]),
        LintCase("FROM Base AS \\\n  Base", ["2:3 StageNameCasing"]),
        LintCase("FROM scratch AS base"),
        LintCase("FROM scratch as base", ["1:14 FromAsCasing"]),
        LintCase("from scratch AS as-is", ["1:14 FromAsCasing"]),
        LintCase("from scratch as base"), LintCase("FROM scratch AS base"),
        LintCase("From scratch aS base", ["1:1 ConsistentInstructionCasing"]),
    ])
    func `names of stages and the words before them`(test: LintCase) throws {
        #expect(try test.found == test.expected)
    }

    @Test(arguments: [
        LintCase("FROM scratch\nCOPY a \\\n\n  \n  b", ["3:1 NoEmptyContinuation"]),
        LintCase("FROM scratch\nCOPY a \\\n  # a comment\n  b"),
        LintCase("FROM scratch\nCOPY a \\\n  b\n\nUSER a"),
        LintCase("FROM scratch\nCOPY <<E /\n\nE"),
    ])
    func `blank lines inside instructions`(test: LintCase) throws {
        #expect(try test.found == test.expected)
    }

    @Test(arguments: [
        LintCase(
            "FROM scratch\ncopy a b\n  copy c d\nUSER a\nUSER b",
            ["2:1", "3:3"].map { $0 + " ConsistentInstructionCasing" }
        ),
        LintCase("from scratch\ncopy a b\nUSER a", ["3:1 ConsistentInstructionCasing"]),
        LintCase("from scratch\nUser a", ["2:1 ConsistentInstructionCasing"]),
        LintCase("FROM scratch\nuser a", ["2:1 ConsistentInstructionCasing"]),
        LintCase("FROM scratch\n# check=skip=all\ncopy a b", ["3:1 ConsistentInstructionCasing"]),
        LintCase("from scratch\nuser a"), LintCase("FROM scratch\nUSER a"),
        LintCase("arg A\narg B\nFROM scratch\nONBUILD user a"),
    ])
    func `the case of instructions`(test: LintCase) throws {
        #expect(try test.found == test.expected)
    }

    @Test(arguments: [
        LintCase("FROM scratch AS a\nFROM a AS a", ["2:11 DuplicateStageName"]),
        LintCase("FROM scratch AS a\nFROM scratch AS b"),
        LintCase("FROM scratch\nFROM scratch"),
        LintCase("FROM scratch AS context", ["1:17 ReservedStageName"]),
        LintCase("FROM scratch AS scratch", ["1:17 ReservedStageName"]),
        LintCase("FROM scratch AS contexts"), LintCase("FROM scratch"),
        LintCase("FROM scratch\nMAINTAINER me", ["2:1 MaintainerDeprecated"]),
        LintCase("FROM scratch\nLABEL maintainer=me"),
        // Stages that the target does not need are read, too.
        LintCase(
            "FROM scratch AS One\nMAINTAINER me\nFROM scratch",
            ["1:17 StageNameCasing", "2:1 MaintainerDeprecated"]
        ),
    ])
    func `names that stand twice, that mean something, and the maintainer`(test: LintCase) throws {
        #expect(try test.found == test.expected)
    }

    private static let wrong = ["3:1 InvalidDefinitionDescription"]

    @Test(arguments: [
        LintCase("# bar, this\nARG foo", wrong), LintCase("# Base, this\nFROM scratch AS base", wrong),
        LintCase("# foo this\nARG foo=1"), LintCase("# baz this\nARG foo=1 bar=2 baz=3"),
        LintCase("# base this\nFROM scratch AS base"), LintCase("# anything\nFROM scratch"),
        LintCase("# anything\n\nARG foo"), LintCase("# anything\n#\nARG foo"), LintCase("# other\n# foo this\nARG foo"),
    ])
    func `comments that describe, where that is asked for`(test: LintCase) throws {
        let end = test.text.contains("FROM") ? "" : "\nFROM scratch"
        #expect(try lint("# check=experimental=all\n" + test.text + end) == test.expected)
        #expect(try lint("#\n" + test.text + end) == [])
    }
}
