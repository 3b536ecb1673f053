import Foundation
import Rigs
import Testing

/// The proxy changes nothing but what it is told to, and tells what it saw.
@Suite(.enabled(if: RegistryServer.isInstalled && Curl.isInstalled, "docker-registry or curl is not installed"))
struct FaultyProxyTests {
    private func push(_ images: OCILayoutFixture, _ proxy: FaultyProxy, _ registry: RegistryServer) async throws {
        try await Skopeo().push(images.reference(to: "it"), to: registry, as: "it:1", through: proxy.address)
    }

    @Test(.enabled(if: Skopeo.isInstalled, "skopeo is not installed"))
    func `a push goes through it, and all of it is on record`() async throws {
        let registry = try await RegistryServer.start(.token(try await TokenServer.start()))
        let proxy = try await FaultyProxy.start(before: registry, passesRealm: true)
        let images = try await OCILayoutFixture.make(["it": .large(megabytes: 3, layers: 2)])
        try await push(images, proxy, registry)
        #expect(registry.digest(of: "1", in: "it") == (try images.digest(of: "it")))
        let manifests = try proxy.requests("PUT", "^/v2/it/manifests/1$")
        #expect(manifests.map(\.status) == [201])
        #expect(manifests.first?.text?.contains("layers") == true)
        #expect(manifests.first?.header("authorization")?.hasPrefix("Bearer ") == true)
        #expect(try !proxy.requests("GET", "^/.realm/127.0.0.1:[0-9]+/token").isEmpty)
        let size = registry.blobs.compactMap { registry.blob($0)?.count }.reduce(0, +)
        #expect(try proxy.bytesIn() == size)
        let totals = try proxy.totals()
        #expect(totals.requests == (try proxy.requests().count))
        #expect(totals.wireIn > size && totals.connections > 0)
        try proxy.reset()
        #expect(try proxy.count() == 0)
    }

    @Test func `a rule is for the requests that it names, in their turn`() async throws {
        let registry = try await RegistryServer.start()
        let busy = FaultRule.answer(429, headers: ["Retry-After": "1"], text: "slowly")
        let proxy = try await FaultyProxy.start(before: registry, [busy.on("GET", "^/v2/$").from(2).times(2)])
        var statuses: [Int] = []
        for method in ["GET", "GET", "HEAD", "GET", "GET"] {
            statuses.append(try await Curl.send(method, "http://\(proxy.address)/v2/").status)
        }
        #expect(statuses == [200, 429, 200, 429, 200])
        #expect(try proxy.requests().map(\.backend) == [200, nil, 200, nil, 200])
        #expect(try proxy.requests().map(\.rule) == [nil, 0, nil, 0, nil])
    }

    /// What curl says when the connection breaks: 52 nothing came, 18 not all of it, 55 sending failed, 56 receiving.
    @Test func `connections are cut where the rule says`() async throws {
        let registry = try await RegistryServer.start()
        let proxy = try await FaultyProxy.start(before: registry)
        let url = "http://\(proxy.address)/v2/a/blobs/uploads/"
        for (rule, exits) in [
            (FaultRule.cut(.start), [52]), (.cut(.start, isReset: true), [56]), (.cut(.answered), [52]),
            (.cut(.answered, isReset: true), [56]),
        ] {
            try proxy.setRules([rule])
            #expect(exits.contains(Int(try await Curl.send("POST", url, ["--data", ""]).exit)))
            #expect(try proxy.requests().last?.status == nil)
        }
        // The registry did what nobody was told of.
        #expect(registry.openUploads(in: "a") == 2)
        try proxy.setRules([.cut(.response(1)).on("GET")])
        let half = try await Curl.send("GET", "http://\(proxy.address)/v2/")
        #expect(half.exit == 18 && half.text == "{")
        let folder = try RigFolder()
        let file = try folder.write("body", String(repeating: "x", count: 5_000_000))
        try proxy.setRules([.cut(.request(1_000_000), isReset: true).on("POST")])
        let sent = try await Curl.send("POST", url, ["--header", "Expect:", "--data-binary", "@" + file])
        #expect([52, 55, 56].contains(sent.exit))
        #expect((1_000_000..<5_000_000).contains(try proxy.requests().last?.bytes ?? 0))
    }

    @Test func `an early answer does not wait for the body`() async throws {
        let registry = try await RegistryServer.start()
        let proxy = try await FaultyProxy.start(before: registry, [.answer(503, isEarly: true)])
        let folder = try RigFolder()
        let file = try folder.write("body", String(repeating: "x", count: 5_000_000))
        let words = ["--header", "Expect:", "--data-binary", "@" + file]
        #expect(try await Curl.send("POST", "http://\(proxy.address)/v2/a/blobs/uploads/", words).status == 503)
    }

    @Test func `what is held goes on when it is released`() async throws {
        let registry = try await RegistryServer.start()
        let proxy = try await FaultyProxy.start(before: registry, [.hold(afterRegistry: true).on("GET")])
        async let answer = Curl.send("GET", "http://\(proxy.address)/v2/", seconds: 100)
        try await proxy.wait(for: "the registry's answer") { $0.first?.backend == 200 }
        #expect(try proxy.requests().first?.status == nil)
        try proxy.release()
        #expect(try await answer.status == 200)
    }

    @Test func `answers are rewritten, redirected, or without an end`() async throws {
        let registry = try await RegistryServer.start()
        let other = try await HostileRegistry.start()
        let proxy = try await FaultyProxy.start(before: registry)
        let url = "http://\(proxy.address)/v2/"
        try proxy.setRules([.rewrite(["Docker-Content-Digest": "sha256:0", "Content-Type": nil])])
        let text = try await Curl.send("GET", url, ["--include"]).text
        #expect(text.contains("Docker-Content-Digest: sha256:0") && !text.contains("Content-Type"))
        try proxy.setRules([.redirect(to: other.elsewhere)])
        let words = ["--location", "--header", "Authorization: Basic eDp5"]
        #expect(try await Curl.send("GET", url, words).status == 200)
        let arrived = try other.requests(to: .elsewhere)
        #expect(arrived.map(\.path) == ["/v2/"])
        #expect(arrived.first?.header("authorization") == nil)
        try proxy.setRules([.endless])
        #expect(try await Curl.send("GET", url, ["--output", "/dev/null"], seconds: 1).exit == 28)
        try proxy.setRules([.delay(seconds: 0.01)])
        #expect(try await Curl.send("GET", url).status == 200)
    }

    @Test func `a token wears out`() async throws {
        let tokens = try await TokenServer.start()
        let registry = try await RegistryServer.start(.token(tokens))
        let proxy = try await FaultyProxy.start(before: registry, [.unauthorized.whenUsed(moreThan: 2).always])
        let token = try await Curl.send("GET", "\(tokens.realm)?service=rig&scope=repository:a:pull", [])
        let found = try #require(token.text.firstMatch(of: /"token": "([^"]+)"/)).1
        var statuses: [Int] = []
        for _ in 0..<4 {
            let words = ["--header", "Authorization: Bearer \(found)"]
            statuses.append(try await Curl.send("GET", "http://\(proxy.address)/v2/a/tags/list", words).status)
        }
        #expect(statuses == [404, 404, 401, 401])
    }

    @Test(.enabled(if: Skopeo.isInstalled, "skopeo is not installed"))
    func `the registry loses a blob before it gets the manifest`() async throws {
        let registry = try await RegistryServer.start()
        let images = try await OCILayoutFixture.make(["it": .file("it\n")])
        for blob in [FaultRule.Blob.firstLayer, .configuration] {
            let proxy = try await FaultyProxy.start(before: registry, [.drop(blob).on("PUT", "/manifests/")])
            await #expect(throws: RigFailure.self) { try await push(images, proxy, registry) }
            #expect(try proxy.requests("PUT", "/manifests/").first?.status == 400)
            try await push(images, proxy, registry)
        }
    }
}
