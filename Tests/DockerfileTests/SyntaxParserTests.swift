/// How lines fall into instructions, here-documents among them.

import Testing

@testable import Dockerfile

@Suite struct SyntaxParserTests {
    /// The tree as the reference implementation prints it.
    private static func dump(_ node: SyntaxNode) -> String {
        var words = [node.keyword]
        if !node.flags.isEmpty { words.append(History.quotedList(node.flags)) }
        words += node.trigger.map(dump)
        let separator = node.isLegacyPair ? "" : "="
        words += (node.arguments + node.pairs.flatMap { [$0.key, $0.value, separator] }).map(History.quoted)
        return "(" + words.joined(separator: " ") + ")"
    }

    private static func dump(_ text: String) -> [String] { SyntaxParser(text).nodes.map(dump) }

    @Test(
        .enabled(if: Oracles.has("dockerfile-parser"), "shared/oracles is not on this machine"),
        arguments: Oracles.names(in: "dockerfile-parser").filter { $0 != "negative" }
    )
    func `the tree is that of the reference implementation`(name: String) throws {
        let text = try Oracles.text("dockerfile-parser/\(name)/Dockerfile")
        let parser = SyntaxParser(text)
        #expect(parser.problems == [])
        let expected = try Oracles.text("dockerfile-parser/\(name)/result")
        #expect(parser.nodes.map(Self.dump) == expected.split(separator: "\n").map(String.init))
    }

    @Test(
        .enabled(if: Oracles.has("dockerfile-parser"), "shared/oracles is not on this machine"),
        arguments: Oracles.names(in: "dockerfile-parser/negative")
    )
    func `what the reference implementation refuses is refused`(name: String) throws {
        #expect(!problems(try Oracles.text("dockerfile-parser/negative/\(name)")).isEmpty)
    }

    @Test(arguments: [
        ("FROM a\r\nRUN b \\\r\n c\r\n", ["(from \"a\")", "(run \"b  c\")"]),
        ("\u{FEFF}FROM a", ["(from \"a\")"]),
        ("  FROM   a\tAS  b  ", ["(from \"a\" \"AS\" \"b\")"]),
        ("\u{A0}FROM a", ["(from \"a\")"]),
        ("FROM a\n# RUN b\n\n  # c\nRUN d", ["(from \"a\")", "(run \"d\")"]),
        ("RUN a \\\n  # comment\n\n  \t\n b", ["(run \"a  b\")"]),
        ("RUN a \\  \nb", ["(run \"a b\")"]),
        ("RUN a \\\\\nRUN b", ["(run \"a \\\\\\\\\")", "(run \"b\")"]),
        ("\\\nRUN a", ["(run \"a\")"]),
        ("RUN a \\", ["(run \"a\")"]),
        ("RUN a # b", ["(run \"a # b\")"]),
        ("run a", ["(run \"a\")"]),
        ("ENV a=b\\ c d='e f' g=\"h\\\"i\"", [#"(env "a" "b\\ c" "=" "d" "'e f'" "=" "g" "\"h\\\"i\"" "=")"#]),
        ("ENV a  b  c=d ", [#"(env "a" "b  c=d" "")"#]),
        ("ENV a=b c\\", [#"(env)"#]),
        ("ARG a='b c' d", [#"(arg "a='b c'" "d")"#]),
        ("LABEL a= b=\"\"", [#"(label "a" "" "=" "b" "\"\"" "=")"#]),
        ("COPY --from=a --chown=\"b c\" d e", [#"(copy ["--from=a" "--chown=b c"] "d" "e")"#]),
        ("COPY --a\\ b c d", [#"(copy ["--a b"] "c" "d")"#]),
        ("COPY -- --a b", [#"(copy "--a" "b")"#]),
        ("COPY [\"a b\", \"c\"]", [#"(copy "a b" "c")"#]),
        ("COPY [a, b]", [#"(copy "[a," "b]")"#]),
        ("CMD [\"a\", 'b']", [#"(cmd "[\"a\", 'b']")"#]),
        ("CMD [\"\\u00e9\\ud83d\\ude00\\/\"]", [#"(cmd "é😀/")"#]),
        ("CMD [\"a\"] b", [#"(cmd "[\"a\"] b")"#]),
        ("ONBUILD COPY --from=a b c", [#"(onbuild (copy ["--from=a"] "b" "c"))"#]),
        ("ONBUILD", ["(onbuild)"]),
        ("HEALTHCHECK --retries=3 CMD a  b", [#"(healthcheck ["--retries=3"] "CMD" "a  b")"#]),
        ("HEALTHCHECK NONE", [#"(healthcheck "NONE")"#]),
        ("# escape=`\nRUN a `\n b\\\nRUN c", ["(run \"a  b\\\\\")", "(run \"c\")"]),
        ("# ESCAPE = ` \nCOPY a `\n b", [#"(copy "a" "b")"#]),
        ("#!/usr/bin/env x\n# escape=`\nRUN a `\nRUN b", ["(run \"a `\")", "(run \"b\")"]),
        ("\n# escape=`\nRUN a `\nRUN b", ["(run \"a `\")", "(run \"b\")"]),
        ("# other=1\n# escape=`\nRUN a `\nRUN b", ["(run \"a `\")", "(run \"b\")"]),
    ])
    func `lines fall into instructions`(text: String, expected: [String]) {
        // A pair without `=` is a problem and leaves no tree.
        #expect(Self.dump(text) == expected.filter { $0 != "(env)" })
    }

    @Test func `places are those of the file`() {
        let nodes = SyntaxParser("# a\nFROM a\n\nRUN b \\\n  c\nCOPY <<E /d\nx\nE\nUSER e").nodes
        #expect(nodes.map(\.place.line) == [2, 4, 6, 9])
        #expect(nodes[1].place.source == ["RUN b \\", "  c"])
    }

    struct HeredocCase: Sendable, CustomTestStringConvertible {
        var text: String
        var heredocs: [String]
        var testDescription: String { text }
        init(_ text: String, _ heredocs: [String]) { (self.text, self.heredocs) = (text, heredocs) }
    }

    /// The name, `x` for expanded, `-` for chomped, the content.
    private static func text(_ heredoc: Heredoc) -> String {
        "\(heredoc.name)|\(heredoc.expands ? "x" : "")\(heredoc.chomps ? "-" : "")|\(heredoc.chomped)"
    }

    @Test(arguments: [
        HeredocCase("COPY <<EOF /a\nb\n c\nEOF", ["EOF|x|b\n c\n"]),
        HeredocCase("COPY <<\"EOF\" /a\n$b\nEOF\n", ["EOF||$b\n"]),
        HeredocCase("COPY <<'E F' /a\nE F\n", ["E F||"]),
        HeredocCase("COPY <<-EOF /a\n\tb\n\t\tc\td\n\tEOF", ["EOF|x-|b\nc\td\n"]),
        HeredocCase("COPY <<A <<B /c\n1\nA\n2\nB", ["A|x|1\n", "B|x|2\n"]),
        HeredocCase("RUN <<EOF cat\na\r\nEOF\r\n", ["EOF|x|a\r\n"]),
        HeredocCase("RUN cat 3<<E\na\nE", ["E|x|a\n"]),
        HeredocCase("RUN a <<E \\\n  b\nc\nE", ["E|x|c\n"]),
        HeredocCase("ONBUILD COPY <<E /a\nb\nE", ["E|x|b\n"]),
        HeredocCase("RUN a<<E", []),
        HeredocCase("RUN a <<<E", []),
        HeredocCase("RUN echo '<<E'", []),
        HeredocCase("RUN [\"a\", \"<<E\"]", []),
        HeredocCase("CMD <<E", []),
        HeredocCase("RUN cat <<\"E", []),
    ])
    func `here-documents take the lines behind them`(test: HeredocCase) {
        let parser = SyntaxParser(test.text + "\n")
        #expect(parser.problems == [])
        #expect(parser.nodes.count == 1)
        #expect(parser.nodes.flatMap(\.heredocs).map(Self.text) == test.heredocs)
    }

    @Test func `the syntax directive is known, also behind a line for an interpreter`() {
        #expect(SyntaxParser("#syntax=docker/dockerfile:1 x\nFROM a").directives.syntax?.value == "docker/dockerfile:1")
        #expect(SyntaxParser("#!/bin/x\n# syntax = a\nFROM a").directives.syntax?.value == "a")
        #expect(SyntaxParser("FROM a\n# syntax=b").directives.syntax?.line == nil)
    }
}
