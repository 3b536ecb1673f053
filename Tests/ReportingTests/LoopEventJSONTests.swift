/// The loop as a program reads it, object by object.

import Engine
import Foundation
import Graph
import Testing

@testable import Reporting

@Suite struct LoopEventJSONTests {
    @Test func `a session, one object a line`() {
        let nodes = """
            [{"node":"build-ui","kind":"step"},{"node":"gen-code","kind":"step"},\
            {"node":"build-server","kind":"step"},{"node":"base","kind":"image"},{"node":"server","kind":"image"}]
            """
        let edit = """
            {"reason":"inputs changed","paths":["app/src/cart.rs","app/src/price.rs"],"count":2,"edges":[]}
            """
        let project = #""project":"shop","registry":"http://127.0.0.1:5180""#
        let ref = "127.0.0.1:5180/server:git-ff823670d-dirty-3fa9c1e2b04d"
        let base = "127.0.0.1:5180/base:git-ff823670d-77aa01c2d3e4"
        let text = """
            {"event":"ready","version":1,"time":"2026-11-21T14:02:02.042Z",\(project),"nodes":\(nodes)}
            {"event":"changed","time":"2026-11-21T14:02:11.042Z","cause":\(edit)}
            {"event":"stale","time":"2026-11-21T14:02:11.054Z","node":"build-server","kind":"step","cause":\(edit)}
            {"event":"started","time":"2026-11-21T14:02:11.055Z","node":"build-server","kind":"step","round":41,\
            "key":"9c1e","cause":\(edit)}
            {"event":"log","time":"2026-11-21T14:02:11.442Z","node":"build-server","kind":"step","stream":"stderr",\
            "line":"   Compiling shop v0.1.0"}
            {"event":"finished","time":"2026-11-21T14:02:12.952Z","node":"build-server","kind":"step","round":41,\
            "key":"9c1e","ms":1897}
            {"event":"waiting","time":"2026-11-21T14:02:12.953Z","node":"server","kind":"image",\
            "holds":[{"reason":"need","node":"build-ui"}]}
            {"event":"superseded","time":"2026-11-21T14:02:13.042Z","node":"build-ui","kind":"step",\
            "cause":{"reason":"inputs changed","paths":["ui/src/cart.ts"],"count":1,"edges":[]}}
            {"event":"pushed","time":"2026-11-21T14:02:14.142Z","node":"server","kind":"image","round":44,\
            "key":"\(Session.key)","ref":"\(ref)","refs":["\(ref)","127.0.0.1:5180/server:dev"],\
            "digest":"sha256:0b1f4a8c5d2e3f60718293a4b5c6d7e8f9001122334455667788990aabbccdde",\
            "cause":{"reason":"a need changed","paths":[],"count":0,"edges":["build-server"]},\
            "ms":18,"layers":1,"bytes":212004}
            {"event":"reused","time":"2026-11-21T14:02:14.192Z","node":"base","kind":"image","round":1,\
            "key":"\(Session.key)","ref":"\(base)","refs":["\(base)"],"ms":3}
            {"event":"failed","time":"2026-11-21T14:02:15.042Z","node":"build-ui","kind":"step","round":45,\
            "key":"51d0","reason":"the command ended with status 2","ms":803}
            {"event":"failed","time":"2026-11-21T14:02:15.042Z","node":"base","kind":"image","round":45,\
            "key":"\(Session.key)","holds":[{"reason":"back-off"}],"reason":"the registry does not answer","ms":1204}
            {"event":"blocked","time":"2026-11-21T14:02:15.043Z","node":"server","kind":"image",\
            "holds":[{"reason":"need","node":"build-ui"}]}
            {"event":"reloaded","time":"2026-11-21T14:02:16.042Z",\(project),"nodes":\(nodes)}
            {"event":"notice","time":"2026-11-21T14:02:16.043Z","reason":"the configuration has a mistake",\
            "diagnostics":[{"id":"race","severity":"warning","file":".imgwatch","line":14,"column":3,\
            "reason":"build-server reads app/generated, which gen-code writes, but does not need gen-code",\
            "remedy":"add the need","fix":"needs: [gen-code]"}]}
            {"event":"idle","time":"2026-11-21T14:02:16.044Z"}

            """
        #expect(Sink.text(of: Session.events, .json) == text)
    }

    @Test func `ready has a list of nodes also where there are none`() throws {
        #expect(Sink.text(of: [LoopEvent(.ready, at: Session.time())], .json).contains(#""nodes":[]"#))
    }

    @Test func `diagnostics are an object, also where there are none`() {
        let text = """
            {"diagnostics":[{"id":"race","severity":"warning","file":".imgwatch","line":14,"column":3,\
            "reason":"build-server reads app/generated, which gen-code writes, but does not need gen-code",\
            "remedy":"add the need","fix":"needs: [gen-code]"}]}
            """
        #expect(String(decoding: [Session.race].json, as: UTF8.self) == text)
        #expect(String(decoding: [].json, as: UTF8.self) == #"{"diagnostics":[]}"#)
    }

    @Test func `whatever a step prints, the line is one valid object`() throws {
        let bytes = (0...255).map(UInt8.init)
        let event = LoopEvent.log(bytes, of: Session.uiNode, .stdout, at: Session.time())
        #expect(event.json.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        let object = try JSONSerialization.jsonObject(with: Data(event.json)) as? [String: Any]
        #expect(object?["line"] as? String == String(decoding: bytes, as: UTF8.self))
    }
}
