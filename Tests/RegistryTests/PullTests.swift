import Foundation
import HTTP
import OCI
import Rigs
import Testing

@testable import Registry

@Suite struct PullTests {
    /// Something to fetch.
    private struct Scene {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 * 7 / 5) }
        let folder: RigFolder
        let layout: ImageLayout
        var blob: Descriptor { Descriptor(mediaType: "x", digest: .sha256(of: bytes), size: bytes.count) }

        init() throws {
            folder = try RigFolder()
            layout = try ImageLayout.open(at: folder.path)
        }

        /// Until nothing half is left.
        func waitForEnd() async throws {
            _ = try await Waiting.until("the end of what is not whole") {
                let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                return names.contains { $0.hasPrefix(".incoming") } ? nil : true
            }
        }

        /// The blob in a registry, as its client pushes it.
        func put(_ client: RegistryClient) async throws {
            let other = try RigFolder()
            let image = try SmallImage([], in: other)
            let path = image.layout.blobPath(blob.digest)
            try Data(bytes).write(to: URL(filePath: path))
            _ = try await BlobUpload(client: client, repository: "it", blob: blob, path: path, neighbour: nil).run()
        }
    }

    @Test(
        .enabled(if: RegistryServer.isInstalled, "docker-registry is not installed"),
        arguments: [
            ([FaultRule.cut(.response(100_000))], ["bytes=1"]), ([.cut(.start)], [nil]), ([.answer(503)], [nil]),
            (
                [.cut(.response(100_000)), .cut(.response(50_000)), .cut(.response(50_000))],
                ["bytes=1", "bytes=1", "bytes=2"]
            ),
            ([.cut(.response(100_000)), .answer(416)], ["bytes=1", nil]),
            ([.cut(.response(100_000)), .answer(404)], ["bytes=1", nil]),
            ([.answer(200, text: "other")], [nil]), ([.cut(.answered)], [nil]),
            ([.answer(429, headers: ["Retry-After": "1"])], [nil]),
        ]
    )
    func `what is cut goes on, and what is wrong begins anew`(rules: [FaultRule], ranges: [String?]) async throws {
        let scene = try Scene()
        let registry = try await RegistryServer.start()
        let proxy = try await FaultyProxy.start(before: registry)
        let person = try Person()
        let client = try await person.client(proxy.address)
        try await scene.put(client)
        try proxy.reset()
        try proxy.setRules(rules.enumerated().map { $1.on("GET", "/blobs/").from($0 + 1) })
        try await client.fetch(scene.blob, from: "it", into: scene.layout)
        #expect(try scene.layout.readBlob(scene.blob) == scene.bytes)
        let sent = try proxy.requests("GET", "/blobs/").map { $0.header("Range") }
        #expect(sent.count == ranges.count + 1)
        for (range, begins) in zip(sent.dropFirst(), ranges) {
            #expect((range == nil) == (begins == nil) && range?.hasPrefix(begins ?? "") != false, "\(sent)")
        }
        // What is there is not asked for.
        try await client.fetch(scene.blob, from: "it", into: scene.layout)
        #expect(try proxy.requests("GET", "/blobs/").count == sent.count)
        try await scene.waitForEnd()
    }

    /// The server, which keeps what it was asked, is gone when this returns, and what was received with it.
    private func fetch(
        _ scene: Scene,
        _ answers: @escaping FakeServer.Answers
    ) async throws -> (error: RegistryError?, requests: Int) {
        let (server, person) = (FakeServer(answers), try Person())
        let client = try server.client(person)
        let error = await failure { try await client.fetch(scene.blob, from: "it", into: scene.layout) }
        return (error, server.requests.count)
    }

    @Test func `what is not there is an error at once, and what never comes right ends`() async throws {
        for (status, kind, count) in [
            (404, nil, 1), (403, nil, 1), (500, nil, 4), (200, nil, 4), (429, nil, 1), (nil, .cut, 4),
            (nil, .untrusted, 1),
        ] as [(Int?, HTTPError.Kind?, Int)] {
            let scene = try Scene()
            let (error, requests) = try await fetch(scene) { (request, _) throws(HTTPError) in
                if let kind { throw HTTPError(kind, request.address, "so it is") }
                return request.answer(status ?? 500, status == 429 ? ["Retry-After": "1000"] : [:])
            }
            #expect(error != nil)
            #expect(requests == count)
            #expect(!scene.layout.hasBlob(scene.blob))
            try await scene.waitForEnd()
        }
    }

    @Test func `all of it came, but for the end of the answer`() async throws {
        let scene = try Scene()
        let server = FakeServer { (request, number) throws(HTTPError) in
            guard number == 1, case .stream(_, let take) = request.sink else { return request.answer(416) }
            #expect(scene.bytes.withUnsafeBytes { take($0) })
            throw HTTPError(.cut, request.address, "the last chunk is missing")
        }
        let person = try Person()
        try await server.client(person).fetch(scene.blob, from: "it", into: scene.layout)
        #expect(scene.layout.hasBlob(scene.blob))
        #expect(server.requests.count == 1)
    }

    @Test(arguments: [
        (HostileRegistry.Mode.wrongContent, false), (.endlessBlob, false), (.shortLength, false), (.ignoresRange, true),
        (.redirectsBlobs, true), (.redirectsToFile, false), (.endlessError, false), (.noDigest, true),
        (.silentBody, false),
    ])
    func `a hostile registry gives what is true, or nothing`(mode: HostileRegistry.Mode, isThere: Bool) async throws {
        let scene = try Scene()
        let registry = try await HostileRegistry.start([.asksBasic])
        var times = HTTPTimes()
        (times.small, times.stallSeconds) = (2000, 1)
        let entry = DockerConfiguration.Entry.password(user: "me", password: "geheim")
        let person = try Person(DockerConfiguration(auths: [registry.address: entry]), times: times)
        let client = try await person.client(registry.address)
        try await scene.put(client)
        try registry.setModes([mode, .asksBasic])
        let error = await failure {
            try await client.fetch(scene.blob, from: "it", into: scene.layout)
        }
        #expect((error == nil) == isThere, "\(String(describing: error))")
        #expect(scene.layout.hasBlob(scene.blob) == isThere)
        try await scene.waitForEnd()
        // What is broken there stays so.
        if mode == .wrongContent {
            #expect(error?.isTransient == false && error?.remedy.contains("push that image again") == true)
        }
        // The other host is another origin.
        let elsewhere = try registry.requests(to: .elsewhere)
        #expect(elsewhere.isEmpty == (mode != .redirectsBlobs))
        #expect(elsewhere.allSatisfy { $0.header("Authorization") == nil })
    }

    /// Gives so many bytes at each request, and then cuts it.
    private func fetch(_ scene: Scene, pieces: Int) async throws -> (error: RegistryError?, ranges: [String?]) {
        let server = FakeServer { (request, _) throws(HTTPError) in
            guard case .stream(_, let take) = request.sink else { return request.answer(500) }
            let start = request.header("Range").flatMap { Int($0.dropFirst("bytes=".count).dropLast()) } ?? 0
            let end = min(start + pieces, scene.bytes.count)
            #expect(scene.bytes[start..<end].withUnsafeBytes { take($0) })
            throw HTTPError(.cut, request.address, "so it is")
        }
        let person = try Person()
        let client = try server.client(person)
        let error = await failure { try await client.fetch(scene.blob, from: "it", into: scene.layout) }
        return (error, server.requests.map { $0.header("Range") })
    }

    @Test func `what gets on is not given up, however often it is cut`() async throws {
        let scene = try Scene()
        let (error, ranges) = try await fetch(scene, pieces: 30_000)
        #expect(error == nil)
        #expect(ranges == [nil] + (1..<10).map { "bytes=\($0 * 30_000)-" })
        #expect(scene.layout.hasBlob(scene.blob))
        let slow = try Scene()
        let (late, few) = try await fetch(slow, pieces: 100)
        #expect(late?.isTransient == true)
        #expect(few == [nil, "bytes=100-", "bytes=200-", "bytes=300-"])
        try await slow.waitForEnd()
    }

    @Test func `what many want at once comes once, and a failure is each one's own`() async throws {
        let (scene, person) = (try Scene(), try Person())
        let known = KnownBlobs(now: person.parts.now)
        let server = FakeServer { (request, number) throws(HTTPError) in
            guard case .stream(_, let take) = request.sink else { return request.answer(500) }
            if number == 1 {
                _ = try? await Waiting.until("all want it") {
                    known.fetching.waiting(scene.blob.digest) == 4 ? true : nil
                }
                return request.answer(404)
            }
            #expect(scene.bytes.withUnsafeBytes { take($0) })
            return request.answer(200)
        }
        let client = try server.client(person, known)
        let errors = await withTaskGroup(of: RegistryError?.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    await failure { try await client.fetch(scene.blob, from: "it", into: scene.layout) }
                }
            }
            return await group.reduce(into: [RegistryError]()) { all, error in error.map { all.append($0) } }
        }
        #expect(errors.map(\.status) == [404])
        #expect(server.requests.count == 2)
        #expect(scene.layout.hasBlob(scene.blob))
    }

    @Test func `a configuration that is too long is not even asked for`() async throws {
        let scene = try Scene()
        let server = FakeServer { request, _ in request.answer(404) }
        let person = try Person()
        let client = try server.client(person)
        for (size, count) in [(RegistryLimits.longestConfiguration + 1, 0), (RegistryLimits.longestConfiguration, 1)] {
            let blob = Descriptor(mediaType: "x", digest: .sha256(of: []), size: size)
            let error = await failure {
                try await client.fetchConfiguration(blob, from: "it", into: scene.layout)
            }
            #expect(error?.isTransient == false)
            #expect(server.requests.count == count)
        }
    }

    @Test func `a server that ignores the range is read from its beginning`() async throws {
        let scene = try Scene()
        let server = FakeServer { (request, number) throws(HTTPError) in
            guard case .stream(let statuses, let take) = request.sink else { return request.answer(500) }
            let bytes = number == 1 ? Array(scene.bytes[..<1000]) : scene.bytes
            // The whole of it comes with 200, which is not what a resumed stream is for.
            if statuses.contains(200) { #expect(bytes.withUnsafeBytes { take($0) }) }
            if number == 1 { throw HTTPError(.cut, request.address, "so") }
            return request.answer(200)
        }
        let person = try Person()
        try await server.client(person).fetch(scene.blob, from: "it", into: scene.layout)
        #expect(server.requests.map { $0.header("Range") } == [nil, "bytes=1000-", nil])
        #expect(scene.layout.hasBlob(scene.blob))
    }
}
