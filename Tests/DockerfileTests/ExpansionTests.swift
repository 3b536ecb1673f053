/// Variables, quotes and escapes.

import Testing

@testable import Dockerfile

@Suite struct ExpansionTests {
    private static let variables: VariableTable = ["PWD": "/home", "SHELL": "bash", "KOREAN": "한국어", "NULL": ""]

    private static func expand(_ text: String, _ variables: VariableTable) -> String {
        (try? Expansion().text(text, variables)) ?? "error"
    }

    /// `A|` and `U|` lines hold on Linux, `W|` lines do not.
    private static let oracle: [(source: String, expected: String)] = {
        guard let text = try? Oracles.text("dockerfile-shell/envVarTest") else { return [] }
        return text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "|", omittingEmptySubsequences: false).map(\.trimmed)
            return parts.count == 3 && ["A", "U"].contains(parts[0]) ? (parts[1], parts[2]) : nil
        }
    }()

    @Test func `names are told apart by their bytes`() {
        let variables: VariableTable = ["\u{E9}": "one", "e": "two"]
        #expect(Self.expand("$\u{E9} $e\u{301}", variables) == "one two\u{301}")
        #expect(VariableTable([("a", "1"), ("a", "2")])["a"] == "2")
        #expect(variables["e\u{301}"] == nil)
    }

    @Test(.enabled(if: Oracles.has("dockerfile-shell"), "shared/oracles is not on this machine"))
    func `every line of the reference implementation's table holds`() {
        #expect(Self.oracle.count > 200)
        for (source, expected) in Self.oracle {
            #expect(Self.expand(source, Self.variables) == expected, "\(source)")
        }
    }

    @Test(arguments: [
        ("${v#a}", "bcabc"), ("${v#?}", "bcabc"), ("${v#*b}", "cabc"), ("${v##*b}", "c"), ("${v#*}", "abcabc"),
        ("${v##*}", ""), ("${v%c}", "abcab"), ("${v%b*}", "abca"), ("${v%%b*}", "a"), ("${v%%*}", ""),
        ("${v%x}", "abcabc"), ("${v#x}", "abcabc"), ("${u#x}", ""), ("${v/b/X}", "aXcabc"), ("${v//b/X}", "aXcaXc"),
        ("${v//b*/X}", "aX"), ("${v//?/X}", "XXXXXX"), ("${v//*/X}", "X"), ("${v/x/X}", "abcabc"), ("${v//bc/}", "aa"),
        ("${u//a/b}", ""), ("${p%/*}", "/usr/local/a.tar"), ("${p##*/}", "b*c"), ("${p%\\**}", "/usr/local/a.tar/b"),
        ("${p#*\\*}", "c"), ("${p//\\//_}", "_usr_local_a.tar_b*c"), ("${p//./_}", "/usr/local/a_tar/b*c"),
        ("${n#*}", "a\nb"), ("${n##*}", "\nb"), ("${n//?/x}", "x\nx"), ("${v%${w}}", "abca"), ("${v#'a'}", "bcabc"),
        ("${v#\\a}", "error"), ("${v/b}", "error"), ("${v//b/X", "error"), ("${v#a", "error"), ("${v:#a}", "error"),
        ("${v:=x}", "error"), ("${v^}", "error"),
    ])
    func `patterns cut and replace`(text: String, expected: String) {
        let variables: VariableTable = ["v": "abcabc", "w": "bc", "p": "/usr/local/a.tar/b*c", "n": "a\nb"]
        #expect(Self.expand(text, variables) == expected)
    }

    @Test(arguments: [
        ("a b", ["a", "b"]), (" a  b ", ["a", "b"]), ("a\\ b c", ["a b", "c"]), ("'a b' c", ["a b", "c"]),
        ("$l", ["x", "y"]), ("\"$l\"", ["x y"]), ("a$l", ["ax", "y"]), ("a${l}b", ["ax", "yb"]), ("''", []),
        ("$none", []), ("1${none:-2}3", ["123"]), ("${none:-a b}", ["a", "b"]),
    ])
    func `words are split after the expansion`(text: String, expected: [String]) throws {
        #expect(try Expansion().words(text, ["l": "x y"]) == expected)
    }

    @Test func `another escape character takes the place of the backslash`() throws {
        #expect(try Expansion(escape: "`").text("`$a\\$a\"`\"\"", ["a": "b"]) == "$a\\b\"")
    }

    @Test func `quotes are characters where they are ignored`() throws {
        #expect(try Expansion(ignoresQuotes: true).text("'$a' \"\\$a\" it's", ["a": "b"]) == "'b' \"$a\" it's")
    }

    @Test func `what is not set stays where that is asked for`() throws {
        let expansion = Expansion(keepsUnset: true)
        for text in ["$a", "${a}", "${a:-b}", "${a+b}", "${a#b}", "${a/b/c}"] {
            #expect(try expansion.text(text, [:]) == text)
        }
    }

    @Test func `a required variable says what the author wrote`() {
        #expect(throws: Mistake.self) { try Expansion().text("${v:?set it}", [:]) }
        do throws(Mistake) { _ = try Expansion().text("${v:?set it}", [:]) } catch {
            #expect(error.id == "dockerfile-variable-required")
            #expect(error.reason == "the variable `v` is required: set it")
        }
    }
}
