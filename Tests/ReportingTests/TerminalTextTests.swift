/// What may reach a terminal of a project's names and its steps' output.

import Testing

@testable import Reporting

@Suite struct TerminalTextTests {
    @Test(arguments: [
        ("app/src/cart.rs", "app/src/cart.rs"), ("größe/写真.png", "größe/写真.png"), ("a\nb", #"a\nb"#),
        ("\u{1b}[2Jx", #"\u{1b}[2Jx"#), ("a\u{9b}b", #"a\u{9b}b"#), ("gpj.\u{202e}exe", #"gpj.\u{202e}exe"#),
        ("a\u{7f}", #"a\u{7f}"#), ("", ""),
    ])
    func `a name shows its control characters and does not use them`(name: String, shown: String) {
        #expect(TerminalText.escaped(name) == shown)
    }

    @Test(arguments: [
        ("plain\ttext", "plain\ttext", "plain\ttext"),
        ("\u{1b}[1;31merror\u{1b}[0m: no", "\u{1b}[1;31merror\u{1b}[0m: no\u{1b}[0m", "error: no"),
        ("\u{1b}[38:2::1:2:3mx", "\u{1b}[38:2::1:2:3mx\u{1b}[0m", "x"),
        ("\u{1b}[2K\u{1b}[1G\u{1b}[?25lx", "x", "x"),
        ("\u{1b}[>4;2mx", "x", "x"),
        ("\u{1b}]0;title\u{7}x", "x", "x"),
        ("\u{1b}]8;;http://a\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link", "link"),
        ("\u{1b}Pq#0\u{1b}\\x", "x", "x"),
        ("\u{1b}(Bx\u{1b}cy\u{1b}7z", "xyz", "xyz"),
        ("10%\r50%\r100%", "100%", "100%"),
        ("100%\r", "100%", "100%"),
        ("red\u{1b}[31m\rgreen", "green", "green"),
        ("bell\u{7}, back\u{8}, c1\u{9b}", "bell, back, c1", "bell, back, c1"),
        ("cut \u{1b}[3", "cut ", "cut "),
    ])
    func `of a step's output only colours pass, and these on a terminal`(line: String, colour: String, plain: String) {
        #expect(TerminalText.output(line, colour: true) == colour)
        #expect(TerminalText.output(line, colour: false) == plain)
    }
}
