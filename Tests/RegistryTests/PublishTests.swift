import HTTP
import OCI
import Rigs
import Synchronization
import Testing

@testable import Registry

/// The manifest, against servers that are functions and do not want it.
@Suite struct PublishTests {
    private let image: SmallImage
    private let person: Person

    init() throws { (image, person) = (try SmallImage(["one", "two"]), try Person()) }

    private func server(
        _ refusal: @escaping @Sendable (HTTPRequest, _ number: Int) -> HTTPResponse?
    ) -> FakeServer {
        let manifests = Mutex(0)
        return FakeServer { request, _ in
            if request.method == "PUT", request.address.path.contains("/manifests/") {
                let number = manifests.withLock { number in
                    number += 1
                    return number
                }
                return refusal(request, number) ?? request.answer(201)
            }
            return request.answer(
                ["POST": 202, "PUT": 201][request.method] ?? 404,
                request.method == "POST" ? ["Location": "/u"] : [:]
            )
        }
    }

    private func publish(_ server: FakeServer) async throws -> RegistryError? {
        let client = try server.client(person)
        return await failure { try await client.put(image.push(to: "it", isFresh: true)) }
    }

    private func manifests(_ server: FakeServer) -> Int {
        server.lines.count { $0.hasPrefix("PUT /v2/it/manifests/") }
    }

    private func blobs(_ server: FakeServer) -> Int { server.lines.count { $0.hasPrefix("PUT /u") } }

    @Test(arguments: [(400, "MANIFEST_INVALID"), (415, ""), (400, "UNSUPPORTED"), (404, "MANIFEST_INVALID")])
    func `a kind of manifest that is refused is told at once, with what every registry takes`(
        status: Int,
        code: String
    ) async throws {
        let server = server { request, _ in
            request.answer(status, [:], #"{"errors":[{"code":"\#(code)","message":"no zstd here"}]}"#)
        }
        let error = try #require(try await publish(server))
        #expect(error.reason.hasPrefix("the registry refuses this kind of manifest: publishing it:1: "))
        #expect(error.reason.contains("no zstd here") && error.remedy.contains("compression: gzip"))
        #expect(!error.isTransient)
        #expect((manifests(server), blobs(server)) == (1, 3))
    }

    @Test(arguments: ["NAME_UNKNOWN", ""]) func `a repository that is not there is no lack of blobs`(
        code: String
    ) async throws {
        let digest = image.layers[0].digest
        let server = server { request, _ in
            request.answer(
                404,
                [:],
                #"{"errors":[{"code":"\#(code)","detail":"\#(code.isEmpty ? "" : "\(digest)")"}]}"#
            )
        }
        let error = try #require(try await publish(server))
        #expect(error.remedy.contains("to be made first") && !error.isTransient)
        #expect((manifests(server), blobs(server)) == (1, 3))
        // What it was known to hold may be gone with it.
        let client = try server.client(person)
        for _ in 0..<2 { _ = await failure { try await client.put(image.push(to: "it", isFresh: true)) } }
        #expect((manifests(server), blobs(server)) == (3, 9))
    }

    @Test func `large blobs take turns, before they begin, and small ones pass them by`() async throws {
        let image = try SmallImage((0..<9).map { String(repeating: "\($0)", count: HTTPLimits.largeBody + 1) })
        let small = self.image
        let (held, release) = AsyncStream.makeStream(of: Void.self)
        let begun = Mutex(0)
        let server = FakeServer { request, _ in
            if request.body.length > HTTPLimits.largeBody {
                begun.withLock { $0 += 1 }
                for await _ in held {}
            }
            return request.answer(
                ["POST": 202, "PUT": 201][request.method] ?? 404,
                request.method == "POST" ? ["Location": "/u"] : [:]
            )
        }
        let client = try server.client(person)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in ["a", "b"] { group.addTask { try await client.put(image.push(to: name, isFresh: true)) } }
            _ = try await Waiting.until("large ones are on their way") {
                begun.withLock { $0 == RegistryLimits.transfers } ? true : nil
            }
            try await client.put(small.push(to: "small", isFresh: true))
            #expect(begun.withLock { $0 } == RegistryLimits.transfers)
            let sessions = server.lines.count { $0.hasPrefix("POST") && !$0.contains("/small/") }
            #expect(sessions <= RegistryLimits.transfers + 2)
            release.finish()
            try await group.waitForAll()
        }
    }

    @Test(arguments: ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_INVALID"])
    func `blobs that are named as missing are sent again`(code: String) async throws {
        let digest = image.layers[0].digest
        let server = server { request, number in
            number > 1
                ? nil : request.answer(400, [:], #"{"errors":[{"code":"\#(code)","detail":"\#(digest)"}]}"#)
        }
        #expect(try await publish(server) == nil)
        #expect(manifests(server) == 2)
        #expect(blobs(server) > 3)
    }

    @Test(arguments: [201, 403]) func `what goes to several repositories at once is sent to one, and then mounted`(
        first: Int
    ) async throws {
        let (image, known) = (try SmallImage(["base"]), KnownBlobs(now: person.parts.now))
        let sent = Mutex(0)
        let isCrowded = Mutex(false)
        let server = FakeServer { request, _ in
            let address = request.address.description
            if request.method == "POST" {
                return request.answer(address.contains("mount=") ? 201 : 202, ["Location": "/u"])
            }
            guard request.method == "PUT", address.contains("/u?") else {
                return request.answer(request.method == "PUT" ? 201 : 404)
            }
            let number = sent.withLock { sent in
                sent += 1
                return sent
            }
            // Both blobs are on their way, and the two others wait for each.
            while number <= 2, !isCrowded.withLock(\.self) {
                let isNow = image.blobs.allSatisfy { known.sending.waiting($0.digest) == 2 }
                isCrowded.withLock { $0 = $0 || isNow }
                await Task.yield()
            }
            return request.answer(number <= 2 ? first : 201)
        }
        let client = try server.client(person, known)
        let reports = await withTaskGroup(of: PushReport?.self) { group in
            for repository in ["a", "b", "c"] {
                group.addTask { try? await client.upload(image.push(to: repository, isFresh: true)) }
            }
            return await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
        }
        if first == 201 {
            #expect(reports.map(\.sent.count).reduce(0, +) == 2)
            #expect(reports.map(\.mounted.count).reduce(0, +) == 4)
        } else {
            // One that fails does not take the others with it.
            #expect(reports.count >= 1)
            for blob in image.blobs { #expect(known.repository(with: blob.digest, besides: "") != nil) }
        }
    }

    @Test func `who is not needed any more sends nothing again`() async throws {
        let (image, person) = (image, person)
        let server = FakeServer { request, _ in
            withUnsafeCurrentTask { $0?.cancel() }
            return request.answer(400, [:], #"{"errors":[{"code":"BLOB_UNKNOWN"}]}"#)
        }
        let error = await withTaskGroup(of: RegistryError?.self) { group in
            group.addTask {
                await failure { try await server.client(person).publish(image.push(to: "it"), as: "1") }
            }
            return await group.next() ?? nil
        }
        #expect(error?.isCancelled == true)
        #expect(server.lines == ["PUT /v2/it/manifests/1"])
    }
}
