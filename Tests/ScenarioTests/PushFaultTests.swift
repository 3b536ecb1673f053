import Foundation
import Rigs
import Testing

/// Whatever request of a push goes wrong: it is tried again or told, the next one works, nothing is half published.
@Suite(.serialized, .enabled(if: Pushes.isPossible, Pushes.why)) struct PushFaultTests {
    private struct Fault: Sendable {
        var name: String
        var rule: FaultRule

        static let all = [
            Fault(name: "error", rule: .answer(500, text: "no")),
            Fault(name: "busy", rule: .answer(429, headers: ["Retry-After": "0"])),
            Fault(name: "wait", rule: .answer(429, headers: ["Retry-After": "1"])),
            Fault(name: "cut", rule: .cut(.start)), Fault(name: "half", rule: .cut(.request(40), isReset: true)),
            Fault(name: "untold", rule: .cut(.answered)), Fault(name: "early", rule: .answer(503, isEarly: true)),
        ]
    }

    /// Each a registry and a proxy of its own, some at once: they mostly wait.
    private static func eachFault(
        _ body: @escaping @Sendable (Fault, RegistryServer, FaultyProxy) async throws -> Void
    )
        async throws
    {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for fault in Fault.all {
                group.addTask {
                    let registry = try await RegistryServer.start()
                    try await body(fault, registry, FaultyProxy.start(before: registry))
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `any request of a first push may fail`() async throws {
        try await Self.eachFault { fault, registry, proxy in
            let count = try await Self.firstPush(fault, 0, registry, proxy)
            #expect((6...14).contains(count), "a first push is \(count) requests")
            for nth in 1...count { _ = try await Self.firstPush(fault, nth, registry, proxy) }
        }
    }

    /// The n-th request is spoilt; none for 0.
    ///
    /// - Returns: How many requests it was.
    private static func firstPush(
        _ fault: Fault,
        _ nth: Int,
        _ registry: RegistryServer,
        _ proxy: FaultyProxy
    ) async throws -> Int {
        let name = "\(fault.name)-\(nth)"
        let project = try Pushes.project("\(proxy.address)/\(name)")
        try proxy.reset()
        if nth > 0 { try proxy.setRules([fault.rule.from(nth)]) }
        let loop = try RunningLoop(project)
        let line = try await loop.publication(of: "app", from: 0)
        for failure in loop.lines where failure.event == "failed" { #expect(!failure.reason.isEmpty, "\(name)") }
        #expect(try await loop.end() == 0)
        let requests = try proxy.requests()
        // What is only prepared in the background may be spared: then there is no n-th.
        if nth > 0 { #expect(requests.contains { $0.rule == 0 } || requests.count < nth, "\(name) spoilt nothing") }
        try requests.checkOrder()
        let walk = try await RegistryWalk(registry)
        try await walk.check(name)
        let image = try walk.image("\(name)/app", line.tag)
        #expect(image.digest == line.digest)
        #expect(try walk.files(of: image) == ["lib.txt": "lib\n", "app.txt": "one\n"])
        return requests.count
    }

    @Test func `any request of a push after an edit may fail`() async throws {
        try await Self.eachFault { fault, registry, proxy in
            let project = try Pushes.project(proxy.address)
            let loop = try RunningLoop(project)
            try await loop.publication(of: "app", from: 0)
            for nth in 1...5 {
                try proxy.setRules([fault.rule.from(nth)])
                let mark = loop.mark
                try project.write("app.txt", "\(fault.name) \(nth)\n")
                let line = try await loop.publication(of: "app", from: mark)
                let walk = try await RegistryWalk(registry)
                let files = try walk.files(of: walk.image("app", line.tag))
                #expect(files["app.txt"] == "\(fault.name) \(nth)\n")
            }
            try await RegistryWalk(registry).check(fault.name)
            let requests = try proxy.requests()
            try requests.checkOrder()
            #expect(requests.filter { $0.rule != nil }.count == 5, "\(fault.name): \(requests.summary)")
            #expect(try await loop.end() == 0)
        }
    }

    private struct Trouble: Sendable, CustomTestStringConvertible {
        var name: String
        var rules: [FaultRule]
        /// A part of what is said.
        var reason: String
        /// Nothing but an edit ends it.
        var isFinal = false
        /// The registry wants to be left alone for longer than anybody waits here.
        var isPatient = false
        var testDescription: String { name }
    }

    private static let wrong = "sha256:" + String(repeating: "0", count: 64)
    private static let troubles = [
        Trouble(name: "errors", rules: [.answer(500).on("PUT", "/manifests/").always], reason: "500"),
        Trouble(
            name: "patience",
            rules: [.answer(429, headers: ["Retry-After": "3600"]).on("PUT", "/manifests/").always],
            reason: "left alone for 3600 s",
            isPatient: true
        ),
        Trouble(name: "cuts", rules: [FaultRule.cut(.answered).on("PUT", "/manifests/").always], reason: "Empty reply"),
        Trouble(name: "uploads", rules: [.answer(503).on("POST").always], reason: "503"),
        Trouble(
            name: "refusal",
            rules: [.answer(403, text: #"{"errors":[{"code":"DENIED","message":"not you"}]}"#).on("POST").always],
            reason: "DENIED not you",
            isFinal: true
        ),
        Trouble(
            name: "digests",
            rules: [FaultRule.rewrite(["Docker-Content-Digest": wrong]).on("PUT|HEAD", "/manifests/").always],
            reason: wrong
        ),
    ]

    @Test func `what does not pass at once is told, and passes when the registry is well again`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for trouble in Self.troubles { group.addTask { try await Self.endure(trouble) } }
            try await group.waitForAll()
        }
    }

    private static func endure(_ trouble: Trouble) async throws {
        let registry = try await RegistryServer.start()
        let proxy = try await FaultyProxy.start(before: registry)
        let project = try Pushes.project(proxy.address)
        let loop = try RunningLoop(project)
        try await loop.publication(of: "app", from: 0)
        try proxy.setRules(trouble.rules)
        var mark = loop.mark
        try project.write("app.txt", "two\n")
        let failed = try await loop.wait(from: mark, for: "failed", node: "app")
        #expect(failed.reason.contains(trouble.reason), "\(trouble.name): \(failed.reason)")
        #expect(failed.reason.contains("; "), "\(trouble.name) has no remedy: \(failed.reason)")
        #expect(failed.fields["holds"].map { "\($0)".contains("back-off") } == (trouble.isFinal ? nil : true))
        if trouble.isPatient {
            let app = try project.imgwatch("status", "--json").objects("nodes").first { $0["node"] as? String == "app" }
            #expect((app?["holds"] as? [[String: Any]])?.map { $0["reason"] as? String } == ["back-off"])
        }
        if trouble.isFinal { try await loop.settle(from: mark) }
        try proxy.setRules([])
        mark = loop.mark
        if trouble.isFinal { try project.write("app.txt", "three\n") }
        if trouble.isPatient { #expect(try project.imgwatch("retry").status == 0) }
        let line = try await loop.publication(of: "app", from: mark)
        let walk = try await RegistryWalk(registry)
        try await walk.check(trouble.name)
        let files = try walk.files(of: walk.image("app", line.tag))
        #expect(files["app.txt"] == (trouble.isFinal ? "three\n" : "two\n"), "\(trouble.name)")
        #expect(try await loop.end() == 0)
    }

    @Test func `a plan after a push that failed says so, and names the tag that is still published`() async throws {
        let registry = try await RegistryServer.start()
        let proxy = try await FaultyProxy.start(before: registry)
        let project = try Pushes.project(proxy.address)
        let first = try project.imgwatch("build", "--json")
        let tag = try #require(first.events.first { $0.event == "pushed" && $0.node == "app" }?.tag)
        try project.write("app.txt", "two\n")
        try proxy.setRules([.answer(500).on("PUT", "/manifests/").always])
        #expect(try project.imgwatch("build").status == 1)
        let plan = try project.imgwatch("plan", "--json").objects("nodes").first { $0["node"] as? String == "app" }
        #expect(plan?["reason"] as? String == "runs: its last run did not count")
        #expect(plan?["old"] as? String == tag)
        // Nor is an image that a registry does not show one that never was.
        try proxy.setRules([])
        #expect(try project.imgwatch("build").status == 0)
        try proxy.setRules([.answer(500).always])
        try project.write("app.txt", "three\n")
        let away = try project.imgwatch("plan", "--json").objects("nodes").first { $0["node"] as? String == "app" }
        #expect(away?["reason"] as? String == "runs: references missing")
        #expect((away?["old"] as? String)?.hasPrefix("git-") == true)
    }

    @Test func `a blob that vanishes just before its manifest comes is sent again`() async throws {
        let registry = try await RegistryServer.start()
        let proxy = try await FaultyProxy.start(before: registry)
        let project = try Pushes.project(proxy.address)
        let loop = try RunningLoop(project)
        try await loop.publication(of: "app", from: 0)
        for (edit, blob) in [FaultRule.Blob.configuration, .firstLayer, .lastLayer].enumerated() {
            try proxy.setRules([.drop(blob).on("PUT", "/manifests/")])
            let mark = loop.mark
            try project.write("app.txt", "\(edit)\n")
            let line = try await loop.publication(of: "app", from: mark)
            #expect(loop.lines.dropFirst(mark).allSatisfy { $0.event != "failed" }, "blob \(edit)")
            let walk = try await RegistryWalk(registry)
            #expect(try walk.files(of: walk.image("app", line.tag)) == ["lib.txt": "lib\n", "app.txt": "\(edit)\n"])
        }
        #expect(try await loop.end() == 0)
    }
}
