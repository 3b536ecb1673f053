/// When colours and control characters are used.

import Reporting
import Testing

@Suite struct StyleTests {
    @Test(arguments: [
        (["TERM": "xterm"], true, Style.terminal(colour: true, live: true)),
        (["TERM": "xterm", "NO_COLOR": "1"], true, .terminal(colour: false, live: true)),
        (["TERM": "xterm", "NO_COLOR": ""], true, .terminal(colour: true, live: true)),
        (["TERM": "dumb"], true, .plain), (["TERM": ""], true, .plain), ([:], true, .plain),
        (["TERM": "xterm"], false, .plain),
    ])
    func `the environment and the reader choose`(environment: [String: String], isTerminal: Bool, style: Style) {
        #expect(Style.style(environment: environment, isTerminal: isTerminal) == style)
    }
}
