import Engine
import Graph
import Project
import Testing

@testable import Reporting

@Suite struct LoopStatusTextTests {
    @Test func `each node has a line that says how it is and why`() {
        #expect(
            LoopStatus.shop.text(colour: false) == """
                imgwatch · shop · up, process 4711, for 1 min 3 s · http://127.0.0.1:5180
                  working: 1 failed, 1 blocked, 1 running, 1 fresh
                  git is at work: what it changes is waited for
                  the configuration is broken; the last good one stays in force:
                    .imgwatch:14:3: error: a step has no key `inptus` [config-unknown-key]
                      remedy: Did you mean `inputs`?

                  build-ui      step   failed   the command exited with status 2
                  build-server  step   running  for 1.9 s · inputs changed: app/src/cart.rs, app/src/price.rs
                  base          image  fresh    127.0.0.1:5180/base:git-ff823670d-77aa01c2d3e4
                  server        image  blocked  by build-ui · last: git-ff823670d-dirty-3fa9c1e2b04d
                """
        )
    }

    @Test func `colours are for terminals, and change no column`() {
        let coloured = LoopStatus.shop.text(colour: true)
        #expect(coloured.contains("\u{1b}["))
        #expect(coloured.replacing(/\u{1b}\[\d+m/, with: "") == LoopStatus.shop.text(colour: false))
    }

    @Test func `of many files the first ones are named`() {
        var status = LoopStatus.shop
        status.nodes[1].cause = .init(Cause(reason: .inputs, paths: ["a", "b", "c"], pathCount: 20))
        #expect(status.text(colour: false).contains("for 1.9 s · inputs changed: a, b and 18 more\n"))
    }

    @Test func `bases from elsewhere stand below, with their age`() {
        var status = LoopStatus.shop
        status.nodes[2].bases = [PinnedBase(reference: "alpine:3", digest: "sha256:0", confirmed: Session.time())]
        #expect(status.text(colour: false).hasSuffix("\n\n  on alpine:3 sha256:0 confirmed just now, for base"))
    }

    @Test func `what is tried again says so`() {
        var status = LoopStatus.shop
        status.nodes[0].holds = [.init(.backOff)]
        #expect(status.text(colour: false).contains("exited with status 2 · waiting for its next try\n"))
    }

    @Test func `a long reason stands below its row`() {
        var status = LoopStatus.shop
        status.nodes[0].reason = """
            the registry localhost:5000 does not answer: Failed to connect to localhost port 5000 after 0 ms: Could \
            not connect to server; look whether it runs
            """
        status.nodes[0].holds = [.init(.backOff)]
        let rows = """
              build-ui      step   failed   waiting for its next try
                  the registry localhost:5000 does not answer: Failed to connect to localhost port 5000
                  after 0 ms: Could not connect to server; look whether it runs
              build-server
            """
        #expect(status.text(colour: false).contains(rows))
    }

    @Test func `a name moves no cursor`() {
        var status = LoopStatus.shop
        status.project = "a\u{1b}[2J"
        status.nodes[0].reason = "b\u{1b}[2J"
        #expect(!status.text(colour: false).contains("\u{1b}"))
    }
}

extension LoopStatus {
    /// The status in docs/commands.md.
    static let shop = LoopStatus(
        pid: 4711,
        command: "up",
        project: "shop",
        file: "/home/me/shop/.imgwatch",
        registry: "http://127.0.0.1:5180",
        since: Session.time(-63_000),
        now: Session.time(),
        activity: .working,
        git: .busy,
        diagnostics: [mistake],
        nodes: nodes
    )

    private static let mistake = Diagnostic(
        id: "config-unknown-key",
        place: Place(file: ".imgwatch", line: 14, column: 3),
        reason: "a step has no key `inptus`",
        remedy: "Did you mean `inputs`?"
    )

    private static var nodes: [Entry] {
        var ui = Entry(Session.uiNode, .failed)
        (ui.reason, ui.key) = ("the command exited with status 2", "51d0")
        var server = Entry(Node(Session.server, .step), .running)
        (server.since, server.ms, server.key) = (Session.time(-1897).rfc3339, 1897, "9c1e")
        server.cause = Reason(Session.edit)
        var base = Entry(Node(Session.base, .image), .fresh)
        (base.key, base.ref) = (Session.key, "127.0.0.1:5180/base:git-ff823670d-77aa01c2d3e4")
        base.refs = ["127.0.0.1:5180/base:git-ff823670d-77aa01c2d3e4", "127.0.0.1:5180/base:dev"]
        base.digest = "sha256:0b1f4a8c5d2e3f60718293a4b5c6d7e8f9001122334455667788990aabbccdde"
        var image = Entry(Node(Session.image, .image), .blocked)
        (image.ref, image.refs) = (Session.reference, [Session.reference])
        image.wait(for: [.need(Session.ui)])
        return [ui, server, base, image]
    }
}
