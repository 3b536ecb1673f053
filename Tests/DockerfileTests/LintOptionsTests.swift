/// How `check=` is read.

import Testing

@testable import Dockerfile

@Suite struct LintOptionsTests {
    @Test(arguments: [
        "skip=StageNameCasing", "skip=UndefinedVar,StageNameCasing", " skip = UndefinedVar , StageNameCasing ",
        "skip=all", "error=false;skip=all", "skip=all;skip=UndefinedVar",
    ])
    func `a rule is left out by name or with all the others`(text: String) throws {
        #expect(try !LintOptions(text).counts(.stageNameCasing))
    }

    @Test(arguments: ["", "  ", "error=true", "skip=UndefinedVar", "skip=", "skip=stagenamecasing", "experimental=all"])
    func `a rule counts where it is not named`(text: String) throws {
        #expect(try LintOptions(text).counts(.stageNameCasing))
    }

    @Test(arguments: [
        ("", false), ("skip=all", false), ("experimental=all", true),
        ("experimental=InvalidDefinitionDescription", true),
        ("skip=all;experimental=all", true), ("experimental=UndefinedVar", false),
    ])
    func `an experimental rule counts where it is asked for`(text: String, counts: Bool) throws {
        #expect(try LintOptions(text).counts(.invalidDefinitionDescription) == counts)
    }

    @Test(arguments: [
        ("error=true", true), ("error=1", true), ("skip=UndefinedVar;error=T", true), ("error=false", false),
        ("", false),
    ])
    func `an error is asked for as Go reads a boolean`(text: String, isError: Bool) throws {
        #expect(try LintOptions(text).isError == isError)
    }

    @Test(arguments: [
        ("skip", "skip"), ("error=yes", "yes"), ("skpi=all", "skpi"), ("skip=all;", ""), ("skip=all;error", "error"),
    ])
    func `what is none of the options is a mistake`(text: String, culprit: String) {
        #expect { _ = try LintOptions(text) } throws: { ($0 as? Mistake)?.culprit == culprit }
    }

    @Test(arguments: [
        ("StageNameCasin", "Did you mean `StageNameCasing`?"), ("stagenamecasing", "Did you mean `StageNameCasing`?"),
        ("FileConsistentCommandCasing", "It is called `ConsistentInstructionCasing` now."),
        ("DL3006", "Take it out."), ("StageNameCasing,all", "Write `all` alone."),
    ])
    func `a name that no rule has is told`(names: String, remedy: String) throws {
        #expect(try LintOptions("skip=" + names).mistakes.map(\.remedy) == [remedy])
    }

    @Test func `rules that are not looked at here are rules`() throws {
        #expect(try LintOptions("skip=CopyIgnoredFile,InvalidBaseImagePlatform").mistakes == [])
    }

    @Test(arguments: [
        ("# check=skip=A // why", "skip=A"), ("#CHECK = skip=A", "skip=A"), ("# check=", nil),
        ("# a check=skip=A", nil),
        ("  # check=skip=A", nil), ("# check", nil),
    ])
    func `a comment above an instruction may say what counts`(source: String, check: String?) {
        #expect(Comment(line: 1, source: source).check == check)
    }
}
