/// Lines are whole, one after the other, and the live line stays below them.

import Foundation
import Graph
import Synchronization
import Testing

@testable import Reporting

@Suite struct ReporterTests {
    private func event(_ kind: LoopEvent.Kind, _ node: String) -> LoopEvent {
        LoopEvent(kind, at: Session.time(), node: NodeID(node), kind: .step, ms: 5)
    }

    private func live(_ events: [LoopEvent]) -> [String] {
        let sink = Sink()
        let reporter = Reporter(style: .terminal(colour: false, live: true), offset: { _ in 0 }, write: sink.take)
        for event in events { reporter.report(event) }
        reporter.close()
        return sink.writes.map { $0.replacing("\u{1b}", with: "^") }
    }

    @Test func `the live line is erased before a line and drawn again after it`() {
        let log = LoopEvent.log(
            Array("hello\u{1b}[2J\r\r".utf8),
            of: Node(NodeID("a"), .step),
            .stdout,
            at: Session.time()
        )
        let expected = [
            "14:02:11  a   running …\n^[?7l· running a^[?7h\r",
            "\r^[2K14:02:11  b   running …\n^[?7l· running a and b^[?7h\r",
            "\r^[2Ka │ hello\n^[?7l· running a and b^[?7h\r",
            "\r^[2K14:02:11  a   5 ms\n^[?7l· running b^[?7h\r",
            "\r^[2K14:02:11  b   failed: no reason given  5 ms\n",
            "14:02:11  idle\n", "\r^[2K",
        ]
        let events = [event(.started, "a"), event(.started, "b"), log, event(.finished, "a"), event(.failed, "b")]
        #expect(live(events + [LoopEvent(.idle, at: Session.time())]) == expected)
    }

    @Test func `the live line names three and counts the others`() {
        let writes = live(["a", "b", "c", "d\n", "e"].map { event(.started, $0) })
        #expect(writes[4].hasSuffix("\n^[?7l· running a, b, c and 2 more^[?7h\r"))
        #expect(writes[3].hasSuffix("\n^[?7l· running a, b, c and 1 more^[?7h\r"))
    }

    @Test func `closing leaves an empty row`() {
        #expect(live([event(.started, "a")]).last == "\r^[2K")
        #expect(live([event(.started, "a"), event(.finished, "a")]).last == "\r^[2K", "a keyboard's ^C stands there")
        #expect(live([]) == ["\r^[2K"])
        let sink = Sink()
        Reporter(style: .plain, write: sink.take).close()
        #expect(sink.writes.isEmpty)
    }

    @Test func `an event that changes nothing writes nothing`() {
        #expect(live([event(.stale, "a")]) == live([]))
        #expect(live([event(.started, "a"), event(.started, "a"), event(.stale, "b")]).count == 3)
    }

    @Test(arguments: [Style.plain, .json])
    func `for a program there are no control characters but line feeds`(style: Style) {
        let log = LoopEvent.log(
            Array("\u{1b}[31mred\u{1b}[0m\u{7}\r50%\r".utf8),
            of: Session.uiNode,
            .stdout,
            at: Session.time()
        )
        let text = Sink.text(of: Session.events + [log], style)
        let isControl = { (scalar: Unicode.Scalar) in scalar.properties.generalCategory == .control }
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !isControl($0) })
    }

    @Test(arguments: [Style.plain, .json])
    func `every event is written at once, in one piece`(style: Style) {
        let sink = Sink()
        let reporter = Reporter(style: style, write: sink.take)
        reporter.report(event(.started, "a"))
        #expect(sink.writes.count == 1)
        reporter.report(event(.finished, "a"))
        #expect(sink.writes.count == 2)
        #expect(sink.writes.allSatisfy { $0.hasSuffix("\n") })
    }

    @Test func `where nobody reads any more nothing is written`() {
        let sink = Sink(limit: 2)
        let reporter = Reporter(style: .json, write: sink.take)
        for _ in 0..<5 { reporter.report(event(.started, "a")) }
        #expect(sink.writes.count == 2)
    }

    @Test(arguments: [Style.plain, .json, .terminal(colour: true, live: true)])
    func `threads do not get into each other's lines`(style: Style) async {
        let sink = Sink()
        let reporter = Reporter(style: style, offset: { _ in 0 }, write: sink.take)
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask { @concurrent in
                    for line in 0..<100 {
                        let text = Array("\(task) says \(line)".utf8)
                        reporter.report(.log(text, of: Session.uiNode, .stdout, at: Session.time()))
                    }
                }
            }
        }
        let lines = sink.text.split(separator: "\n")
        #expect(lines.count == 800)
        for task in 0..<8 {
            let own = lines.compactMap { $0.firstMatch(of: /([0-9]) says ([0-9]+)/) }.filter { $0.1 == "\(task)" }
            #expect(own.map { String($0.2) } == (0..<100).map(String.init))
        }
    }
}
