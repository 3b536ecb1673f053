/// The loop as somebody reads it, line by line.

import Engine
import Graph
import Project
import Testing

@testable import Reporting

@Suite struct TerminalLinesTests {
    @Test func `a session in a file`() {
        let text = """
            imgwatch · shop · 3 steps, 2 images · http://127.0.0.1:5180
            14:02:11  app/src/cart.rs, app/src/price.rs changed
            14:02:11  build-server   running …
            build-server │    Compiling shop v0.1.0
            14:02:12  build-server   1.9 s
            14:02:12  server         waiting for build-ui
            14:02:13  build-ui       superseded: ui/src/cart.ts changed
            14:02:14  server         git-ff823670d-dirty-3fa9c1e2b04d  18 ms · 1 layer, 212 KB · pushed, also as dev
            14:02:14  base           git-ff823670d-77aa01c2d3e4  3 ms · reused
            14:02:15  build-ui       failed: the command ended with status 2  803 ms
            14:02:15  base           failed: the registry does not answer  1.2 s · waiting for its next try
            14:02:15  server         blocked by build-ui
            14:02:16  configuration read again · 3 steps, 2 images
            14:02:16  the configuration has a mistake
            .imgwatch:14:3: warning: build-server reads app/generated, which gen-code writes, \
            but does not need gen-code [race]
              remedy: add the need
              fix: needs: [gen-code]
            14:02:16  idle

            """
        #expect(Sink.text(of: Session.events, .plain) == text)
    }

    @Test func `a session on a terminal, without the live line`() {
        let text = """
            <1>imgwatch<0> · shop · 3 steps, 2 images · http://127.0.0.1:5180
            <2>14:02:11<0>  app/src/cart.rs, app/src/price.rs changed
            <2>14:02:11<0>  <36>build-server<0>   running …
            <36>build-server<0> <33>│<0>    Compiling shop v0.1.0
            <2>14:02:12<0>  <36>build-server<0>   1.9 s
            <2>14:02:12<0>  <36>server<0>         <33>waiting for build-ui<0>
            <2>14:02:13<0>  <36>build-ui<0>       <33>superseded: ui/src/cart.ts changed<0>
            <2>14:02:14<0>  <36>server<0>         <1>git-ff823670d-dirty-3fa9c1e2b04d<0>  \
            18 ms · 1 layer, 212 KB · <32>pushed<0>, also as dev
            <2>14:02:14<0>  <36>base<0>           <1>git-ff823670d-77aa01c2d3e4<0>  3 ms · <32>reused<0>
            <2>14:02:15<0>  <36>build-ui<0>       <31>failed: the command ended with status 2<0>  803 ms
            <2>14:02:15<0>  <36>base<0>           <31>failed: the registry does not answer<0>  1.2 s · \
            <33>waiting for its next try<0>
            <2>14:02:15<0>  <36>server<0>         <33>blocked by build-ui<0>
            <2>14:02:16<0>  configuration read again · 3 steps, 2 images
            <2>14:02:16<0>  <33>the configuration has a mistake<0>
            <1>.imgwatch:14:3<0>: <33>warning<0>: build-server reads app/generated, which gen-code writes, \
            but does not need gen-code<2> [race]<0>
            <2>  remedy:<0> add the need
            <2>  fix:<0> needs: [gen-code]
            <2>14:02:16<0>  <2>idle<0>

            """
        let colours = Sink.text(of: Session.events, .terminal(colour: true, live: false))
        #expect(colours.replacing(/\x{1b}\[([0-9]+)m/) { "<\($0.1)>" } == text)
    }

    @Test func `a broken configuration is told with its places`() {
        let problem = Diagnostic(
            id: "config-unknown-key",
            place: Place(file: ".imgwatch", line: 2, column: 3),
            reason: "there is no key `dockerfil`",
            remedy: "Did you mean `dockerfile`?"
        )
        let event = LoopEvent(.failed, at: Session.time(), reason: "it is broken", diagnostics: [problem])
        let text = """
            14:02:11  failed: it is broken
            .imgwatch:2:3: error: there is no key `dockerfil` [config-unknown-key]
              remedy: Did you mean `dockerfile`?

            """
        #expect(Sink.text(of: [event], .plain) == text)
    }

    private func line(_ event: LoopEvent) -> String {
        Sink.text(of: [event], .plain).replacing("14:02:11  ", with: "").replacing("\n", with: "")
    }

    @Test(arguments: [
        ([], 0, "files changed"), (["a"], 1, "a changed"), (["a", "b"], 2, "a, b changed"),
        (["a", "b", "c"], 3, "a, b and 1 more changed"), (["a", "b", "c"], 16, "a, b and 14 more changed"),
        (["a"], 5, "a and 4 more changed"), (["a\u{1b}[2J"], 1, #"a\u{1b}[2J changed"#),
    ])
    func `many changed paths are two and a number`(paths: [String], count: Int, text: String) {
        let cause = Cause(reason: .inputs, paths: paths, pathCount: count)
        #expect(line(LoopEvent(.changed, at: Session.time(), cause: cause)) == text)
    }

    @Test(arguments: [
        (Cause.Reason.inputs, "running …"), (.neverRan, "running …"), (.need, "running …"),
        (.oncePerStart, "running …"), (.outputs, "running … (outputs changed)"),
        (.definition, "running … (definition changed)"), (.references, "running … (references missing)"),
        (.retry, "running … (retry)"), (.uncounted, "running … (its last run did not count)"),
    ])
    func `a start says why where no line above does`(reason: Cause.Reason, text: String) {
        let event = LoopEvent(
            .started,
            at: Session.time(),
            node: NodeID("a"),
            kind: .step,
            cause: Cause(reason: reason)
        )
        #expect(line(event) == "a   \(text)")
    }

    @Test(arguments: [
        ("127.0.0.1:5180/a:git-1", 0, nil, "git-1  pushed"), ("localhost:5000/a", nil, nil, "localhost:5000/a  pushed"),
        ("r/a:1", 2, 2_000_000, "1  2 layers, 2.0 MB · pushed"), ("r/a:1", 1, nil, "1  1 layer · pushed"),
        (nil, nil, nil, "pushed"),
    ])
    func `a publication shows its tag and what it cost`(ref: String?, layers: Int?, bytes: Int?, text: String) {
        let event = LoopEvent(
            .pushed,
            at: Session.time(),
            node: NodeID("a"),
            kind: .image,
            ref: ref,
            refs: ref.map { [$0] } ?? [],
            layers: layers,
            bytes: bytes
        )
        #expect(line(event) == "a   \(text)")
    }

    @Test func `reasons and holds are read as sentences`() {
        let node = NodeID("a")
        let waiting = LoopEvent(
            .waiting,
            at: Session.time(),
            node: node,
            holds: [.need(NodeID("b")), .writer(path: "x\ny"), .git]
        )
        #expect(line(waiting) == #"a   waiting for b, x\ny to be closed and git"#)
        let superseded = LoopEvent(
            .superseded,
            at: Session.time(),
            node: node,
            cause: Cause(reason: .need, edges: [NodeID("b")])
        )
        #expect(line(superseded) == "a   superseded: b changed")
        let uncounted = LoopEvent(.superseded, at: Session.time(), node: node, reason: "it changed")
        #expect(line(uncounted) == "a   superseded: it changed")
        #expect(line(LoopEvent(.superseded, at: Session.time(), node: node)) == "a   superseded")
        #expect(line(LoopEvent(.failed, at: Session.time(), node: node, reason: "x\ty\nz")) == #"a   failed: x\ty"#)
        #expect(line(LoopEvent(.finished, at: Session.time(), node: node)) == "a   done")
    }

    @Test func `an image's start has a line where nothing else shows it`() {
        let start = LoopEvent(.started, at: Session.time(), node: NodeID("a"), kind: .image)
        #expect(line(start) == "a   building …")
        #expect(!Sink.text(of: [start], .terminal(colour: false, live: true)).contains("building"))
    }

    /// One try that fails, and what is told of others meanwhile.
    private func failedTry(_ reason: String, _ cause: Cause.Reason = .inputs) -> [LoopEvent] {
        let (base, app) = (NodeID("base"), NodeID("app"))
        return [
            LoopEvent(.waiting, at: Session.time(), node: app, holds: [.need(base)]),
            LoopEvent(.started, at: Session.time(), node: base, kind: .image, cause: Cause(reason: cause)),
            LoopEvent(.failed, at: Session.time(), node: base, holds: [.backOff], reason: reason),
            LoopEvent(.blocked, at: Session.time(), node: app, holds: [.need(base)]),
            LoopEvent(.idle, at: Session.time()),
        ]
    }

    @Test func `an outage is told once, and again after an edit, after a retry, and when the reason is another`() {
        let first = """
            14:02:11  base   building …
            14:02:11  base   failed: down · waiting for its next try
            14:02:11  app    blocked by base
            14:02:11  idle

            """
        let waiting = "14:02:11  app    waiting for base\n"
        let nodes = [LoopEvent.Member(NodeID("base"), .image), .init(NodeID("app"), .image)]
        let ready = [LoopEvent(.ready, at: Session.time(), nodes: nodes)]
        func text(_ events: [LoopEvent]) -> String {
            Sink.text(of: ready + events, .plain).replacing("imgwatch · 2 images\n", with: "")
        }
        let outage = failedTry("down") + failedTry("down") + failedTry("down")
        #expect(text(outage) == waiting + first)
        let edit = LoopEvent(.changed, at: Session.time(), cause: Session.edit)
        #expect(text(outage + [edit] + failedTry("down")).hasSuffix(" changed\n" + waiting + first))
        #expect(text(outage + failedTry("down", .retry)).contains("idle\n14:02:11  base   building … (retry)\n"))
        #expect(
            text(outage + failedTry("refused")).hasSuffix(
                "failed: refused · waiting for its next try\n14:02:11  idle\n"
            )
        )
        let pushed = LoopEvent(.pushed, at: Session.time(), node: NodeID("base"), kind: .image, ref: "r/base:1")
        #expect(text(outage + [pushed]).hasSuffix("idle\n14:02:11  base   1  pushed\n"))
    }

    @Test func `of several that a node waits for, it is not told again which are left`() {
        let (a, b, c) = (NodeID("a"), NodeID("b"), NodeID("c"))
        func wait(_ holds: [Hold]) -> LoopEvent { LoopEvent(.waiting, at: Session.time(), node: c, holds: holds) }
        let waits = [wait([.need(a), .need(b)]), wait([.need(b)])]
        let both = "14:02:11  c   waiting for a and b\n"
        #expect(Sink.text(of: waits, .plain) == both)
        #expect(Sink.text(of: waits + [wait([.git])], .plain) == both + "14:02:11  c   waiting for git\n")
        let edit = LoopEvent(.changed, at: Session.time(), cause: Session.edit)
        #expect(
            Sink.text(of: waits + [edit, wait([.need(b)])], .plain).hasSuffix("changed\n14:02:11  c   waiting for b\n")
        )
    }

    @Test func `the header counts only kinds that there are`() {
        let nodes = [LoopEvent.Member(NodeID("a"), .image), .init(NodeID("a/deploy"), .deploy)]
        #expect(
            line(LoopEvent(.ready, at: Session.time(), project: "x\ny", nodes: nodes))
                == #"imgwatch · x\ny · 1 image, 1 deploy"#
        )
        #expect(line(LoopEvent(.ready, at: Session.time())) == "imgwatch")
    }

    @Test func `names line up, also those that no list announced`() {
        let events = ["ab", "abcd", "a"].map { LoopEvent(.finished, at: Session.time(), node: NodeID($0), ms: 1) }
        let text = """
            14:02:11  ab   1 ms
            14:02:11  abcd   1 ms
            14:02:11  a      1 ms

            """
        #expect(Sink.text(of: events, .plain) == text)
    }
}
