/// From the engine's reports to events.

import Engine
import Graph
import Testing

@testable import Reporting

@Suite struct LoopEventTests {
    private let graph = Graph([
        Node(NodeID("ui"), .step), Node(NodeID("server"), .image, needs: [NodeID("ui")]),
        Node(NodeID("server/deploy"), .deploy, needs: [NodeID("server")]),
    ])
    private let ui = NodeID("ui")
    private let server = NodeID("server")
    private let now = Session.time()
    private let run = OperationID(7)

    private func event(_ report: Report) -> LoopEvent? { LoopEvent(report, in: graph, at: now) }

    @Test func `the plan lists the nodes, needs first`() {
        let expected = LoopEvent(
            .ready,
            at: now,
            nodes: [.init(ui, .step), .init(server, .image), .init(NodeID("server/deploy"), .deploy)]
        )
        #expect(event(.planned) == expected)
    }

    @Test func `a node's reports carry its kind and the reasons`() {
        let cause = Cause(reason: .inputs, paths: ["a"], pathCount: 1)
        #expect(event(.stale(ui, cause)) == LoopEvent(.stale, at: now, node: ui, kind: .step, cause: cause))
        #expect(
            event(.waiting(server, [.need(ui), .slot]))
                == LoopEvent(.waiting, at: now, node: server, kind: .image, holds: [.need(ui), .slot])
        )
        #expect(
            event(.superseded(ui, run, cause))
                == LoopEvent(.superseded, at: now, node: ui, kind: .step, cause: cause)
        )
        #expect(
            event(.failed(ui, Failure("no")))
                == LoopEvent(.failed, at: now, node: ui, kind: .step, reason: "no")
        )
        #expect(
            event(.blocked(server, by: [ui]))
                == LoopEvent(.blocked, at: now, node: server, kind: .image, holds: [.need(ui)])
        )
        #expect(event(.recovered(server))?.event == .reused)
        #expect(event(.idle) == LoopEvent(.idle, at: now))
    }

    @Test func `a step's end is told, an image's is its publication`() {
        #expect(event(.finished(ui, run)) == LoopEvent(.finished, at: now, node: ui, kind: .step))
        #expect(event(.finished(NodeID("server/deploy"), run))?.kind == .deploy)
        #expect(event(.finished(server, run)) == nil)
    }

    @Test func `a run that does not count goes round again, and says why`() {
        #expect(event(.uncounted(ui, run))?.event == .superseded)
        #expect(event(.uncounted(ui, run))?.reason == "what it is made from changed while it ran")
    }

    @Test(arguments: [
        (Array("done".utf8), "done"), (Array("done\r".utf8), "done"), (Array("ä".utf8), "ä"),
        ([0x61, 0xff, 0x62], "a\u{fffd}b"), ([0xc3], "\u{fffd}"), ([], ""),
    ])
    func `a line of output is valid text`(bytes: [UInt8], line: String) {
        let event = LoopEvent.log(bytes, of: Node(ui, .step), .stdout, at: now)
        #expect(event == LoopEvent(.log, at: now, node: ui, kind: .step, stream: .stdout, line: line))
    }
}
