import Testing

@testable import AWS

@Suite struct ShellWordsTests {
    /// Source: Python's `shlex.split`.
    @Test(arguments: [
        ("", []), ("  a\tb\nc ", ["a", "b", "c"]), ("'a b' \"c d\"", ["a b", "c d"]), ("a'b'\"c\"d", ["abcd"]),
        ("''", [""]), ("a\\ b \\'", ["a b", "'"]), ("\"a\\\"b\\\\c\\d\"", ["a\"b\\c\\d"]), ("'a\\'", ["a\\"]),
        ("a | b; $HOME `c` #d", ["a", "|", "b;", "$HOME", "`c`", "#d"]),
    ])
    func `words are split, and nothing else of a shell is done`(text: String, words: [String]) {
        #expect(ShellWords.split(text) == words)
    }

    @Test(arguments: ["'a", "a \"b", "a\\", "\"a\\"]) func `what is not closed is no command`(text: String) {
        #expect(ShellWords.split(text) == nil)
    }
}
