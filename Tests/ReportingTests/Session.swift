/// A session with one event of every kind, at fixed times: what goldens and docs/events.md show.

import Engine
import Graph
import Project
import Synchronization

@testable import Reporting

enum Session {
    /// 2026-11-21T14:02:11.042Z, and so many milliseconds.
    static func time(_ later: Int64 = 0) -> Timestamp { Timestamp(milliseconds: 1_795_269_731_042 + later) }

    static let uiNode = Node(NodeID("build-ui"), .step)
    static let (ui, server, image, base) = (
        NodeID("build-ui"), NodeID("build-server"), NodeID("server"), NodeID("base")
    )
    static let deploy = NodeID("server/deploy")
    static let key = "3fa9c1e2b04d5f60718293a4b5c6d7e8f9001122334455667788990aabbccdde"
    static let reference = "127.0.0.1:5180/server:git-ff823670d-dirty-3fa9c1e2b04d"
    static let nodes: [LoopEvent.Member] = [
        .init(ui, .step), .init(NodeID("gen-code"), .step), .init(server, .step), .init(base, .image),
        .init(image, .image),
    ]
    static let edit = Cause(
        reason: .inputs,
        paths: ["app/src/cart.rs", "app/src/price.rs"],
        pathCount: 2,
        edges: []
    )
    static let race = Diagnostic(
        id: "race",
        severity: .warning,
        place: Place(file: ".imgwatch", line: 14, column: 3),
        reason: "build-server reads app/generated, which gen-code writes, but does not need gen-code",
        remedy: "add the need",
        fix: "needs: [gen-code]"
    )

    static let events: [LoopEvent] = [
        LoopEvent(
            .ready,
            at: time(-9000),
            project: "shop",
            registry: "http://127.0.0.1:5180",
            nodes: nodes
        ),
        LoopEvent(.changed, at: time(), cause: edit),
        LoopEvent(.stale, at: time(12), node: server, kind: .step, cause: edit),
        LoopEvent(.started, at: time(13), node: server, kind: .step, round: 41, key: "9c1e", cause: edit),
        LoopEvent.log(Array("   Compiling shop v0.1.0\r".utf8), of: Node(server, .step), .stderr, at: time(400)),
        LoopEvent(.finished, at: time(1910), node: server, kind: .step, round: 41, key: "9c1e", ms: 1897),
        LoopEvent(.waiting, at: time(1911), node: image, kind: .image, holds: [.need(ui)]),
        LoopEvent(
            .superseded,
            at: time(2000),
            node: ui,
            kind: .step,
            cause: Cause(
                reason: .inputs,
                paths: ["ui/src/cart.ts"],
                pathCount: 1
            )
        ),
        LoopEvent(
            .pushed,
            at: time(3100),
            node: image,
            kind: .image,
            round: 44,
            key: key,
            ref: reference,
            refs: [reference, "127.0.0.1:5180/server:dev"],
            digest: "sha256:0b1f4a8c5d2e3f60718293a4b5c6d7e8f9001122334455667788990aabbccdde",
            cause: Cause(reason: .need, edges: [server]),
            ms: 18,
            layers: 1,
            bytes: 212_004
        ),
        LoopEvent(
            .reused,
            at: time(3150),
            node: base,
            kind: .image,
            round: 1,
            key: key,
            ref: "127.0.0.1:5180/base:git-ff823670d-77aa01c2d3e4",
            refs: ["127.0.0.1:5180/base:git-ff823670d-77aa01c2d3e4"],
            ms: 3
        ),
        LoopEvent(
            .failed,
            at: time(4000),
            node: ui,
            kind: .step,
            round: 45,
            key: "51d0",
            reason: "the command ended with status 2",
            ms: 803
        ),
        LoopEvent(
            .failed,
            at: time(4000),
            node: base,
            kind: .image,
            round: 45,
            key: key,
            holds: [.backOff],
            reason: "the registry does not answer",
            ms: 1204
        ),
        LoopEvent(.blocked, at: time(4001), node: image, kind: .image, holds: [.need(ui)]),
        LoopEvent(.reloaded, at: time(5000), project: "shop", registry: "http://127.0.0.1:5180", nodes: nodes),
        LoopEvent(.notice, at: time(5001), reason: "the configuration has a mistake", diagnostics: [race]),
        LoopEvent(.idle, at: time(5002)),
    ]
}

/// What a reporter wrote, write by write.
final class Sink: Sendable {
    private let storage = Mutex<[[UInt8]]>([])
    let limit: Int

    /// Takes so many writes, and then nobody reads any more.
    init(limit: Int = .max) { self.limit = limit }

    func take(_ bytes: [UInt8]) -> Bool {
        storage.withLock { writes in
            writes.append(bytes)
            return writes.count < limit
        }
    }

    var writes: [String] { storage.withLock { $0.map { String(decoding: $0, as: UTF8.self) } } }
    var text: String { writes.joined() }

    /// What a session looks like in a style, in UTC.
    static func text(of events: [LoopEvent], _ style: Style) -> String {
        let sink = Sink()
        let reporter = Reporter(style: style, offset: { _ in 0 }, write: sink.take)
        for event in events { reporter.report(event) }
        return sink.text
    }
}
