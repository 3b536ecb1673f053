import HTTP
import OCI
import Rigs
import Testing

@testable import Registry

/// What is read, from servers that do it well and others.
@Suite struct RegistryClientTests {
    private static let text = #"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json"}"#
    private static let digest = Digest.sha256(of: Array(text.utf8))

    private func manifest(
        _ reference: String = "1",
        _ answers: @escaping FakeServer.Answers
    ) async throws -> (Result<FetchedManifest?, RegistryError>, FakeServer) {
        let person = try Person()
        let server = FakeServer(answers)
        let client = try server.client(person)
        do throws(RegistryError) { return (.success(try await client.manifest("a/b", reference)), server) } catch {
            return (.failure(error), server)
        }
    }

    @Test(arguments: [(200, nil), (401, 401), (403, 403), (404, 404)])
    func `whether a registry lets us in is asked of its root`(status: Int, refused: Int?) async throws {
        let server = FakeServer { request, _ in request.answer(status, [:], "") }
        let client = try server.client(Person())
        var failure: Int?
        do throws(RegistryError) {
            #expect(try await client.look(at: "a/b").hasPrefix("http"))
        } catch {
            failure = error.status
        }
        #expect(failure == refused)
        #expect(server.lines == ["GET /v2/"])
        #expect(server.requests.first?.scopes == ["repository:a/b:pull"])
    }

    @Test func `a manifest is what its bytes say, and every form of it is asked for`() async throws {
        let (result, server) = try await manifest { request, _ in
            request.answer(200, ["Content-Type": "text/x; y"], Self.text)
        }
        let found = try #require(try result.get())
        #expect(found.descriptor.digest == Self.digest)
        #expect(found.descriptor.size == Self.text.utf8.count)
        #expect(found.descriptor.mediaType == "application/vnd.docker.distribution.manifest.v2+json")
        #expect(server.lines == ["GET /v2/a/b/manifests/1"])
        #expect(server.requests.first?.header("Accept")?.split(separator: ",").count == 4)
        #expect(server.requests.first?.scopes == ["repository:a/b:pull"])
        let plain = try await manifest { request, _ in request.answer(200, ["Content-Type": "text/x; y"], "{}") }.0
            .get()
        #expect(plain?.descriptor.mediaType == "text/x")
    }

    @Test func `what is not there is nil`() async throws {
        #expect(try await manifest { request, _ in request.answer(404) }.0.get() == nil)
    }

    @Test func `what is forbidden is not there for who looks, and not readable for who pulls`() async throws {
        let person = try Person()
        let client = try FakeServer { request, _ in request.answer(403) }.client(person)
        #expect(try await client.manifest("a", "1") == nil)
        #expect(try await client.digest("a", "1") == nil)
        let error = await failure { _ = try await client.manifest("a", "1", isPull: true) }
        #expect(error?.status == 403)
        #expect(error?.remedy.hasPrefix("log in") == true)
    }

    @Test func `one that contradicts its name is asked for again, and then refused`() async throws {
        let other = "sha256:" + String(repeating: "1", count: 64)
        let healed = try await manifest { request, number in
            request.answer(200, ["Docker-Content-Digest": number == 1 ? other : "\(Self.digest)"], Self.text)
        }
        #expect(try healed.0.get()?.descriptor.digest == Self.digest)
        for (reference, header) in [("1", other), (other, "\(Self.digest)"), (other, other), ("1", "\u{1B}[2J")] {
            let (result, server) = try await manifest(reference) { request, _ in
                request.answer(200, ["Docker-Content-Digest": header], Self.text)
            }
            #expect(server.requests.count == 2)
            let error = await failure { () throws(RegistryError) in _ = try result.get() }
            #expect(error?.isTransient == false)
            #expect(error?.reason.contains("\(Self.digest)") == true && error?.reason.contains("\u{1B}") == false)
        }
    }

    @Test func `a tag's digest is read by HEAD, or else out of the manifest`() async throws {
        for header in ["\(Self.digest)", nil, "nonsense"] {
            let server = FakeServer { request, _ in
                request.answer(
                    200,
                    request.method == "HEAD" ? header.map { ["Docker-Content-Digest": $0] } ?? [:] : [:],
                    request.method == "HEAD" ? "" : Self.text
                )
            }
            let person = try Person()
            #expect(try await server.client(person).digest("a", "1") == "\(Self.digest)")
            #expect(server.requests.count == (header == "\(Self.digest)" ? 1 : 2))
        }
        let person = try Person()
        #expect(try await FakeServer { request, _ in request.answer(404) }.client(person).digest("a", "1") == nil)
        let broken = try FakeServer { request, _ in request.answer(500) }.client(person)
        #expect(
            await failure { _ = try await broken.digest("a", "1") }?.status == 500
        )
    }

    @Test(arguments: [
        (200, [:], true), (404, [:], false), (403, [:], false), (200, ["Content-Length": "7"], true),
        (200, ["Content-Length": "8"], false), (200, ["Docker-Content-Digest": "sha256:1"], false), (500, [:], nil),
        (401, [:], nil),
    ])
    func `a blob is there where all that is said of it fits`(
        status: Int,
        headers: [String: String],
        isThere: Bool?
    ) async throws {
        let person = try Person()
        let client = try FakeServer { request, _ in request.answer(status, headers) }.client(person)
        let blob = Descriptor(mediaType: "x", digest: .sha256(of: [1]), size: 7)
        let found = try? await client.hasBlob(blob, in: "a")
        #expect(found == isThere)
    }

    @Test func `what is pushed to is asked with one right, and mounts with another`() async throws {
        let person = try Person()
        let client = try FakeServer { request, _ in request.answer(200) }.client(person)
        #expect(try client.request("GET", "a", "x").scopes == ["repository:a:pull"])
        #expect(try client.request("POST", "a", "x").scopes == ["repository:a:pull,push"])
        client.willPush(to: "a")
        #expect(try client.request("HEAD", "a", "x").scopes == ["repository:a:pull,push"])
        #expect(try client.request("GET", "b", "x").scopes == ["repository:b:pull"])
        let mount = try client.request("POST", "a", "x", mountedFrom: "b")
        #expect(mount.scopes == ["repository:a:pull,push", "repository:b:pull"])
        await client.warmUp(["c"])
        #expect(try client.request("GET", "c", "x").scopes == ["repository:c:pull,push"])
    }

    /// Each ends within its limits: of bytes, and of time.
    @Test(arguments: [
        HostileRegistry.Mode.endlessManifest, .endlessToken, .endlessError, .silent, .silentBody, .hugeLength, .garbage,
        .headerFlood, .longHeader, .redirectsInCircles, .redirectsToFile, .fileRealm, .foreignRealm, .neverContent,
    ])
    func `from a hostile registry nothing is read, and no secret is shown`(mode: HostileRegistry.Mode) async throws {
        let registry = try await HostileRegistry.start()
        var times = HTTPTimes()
        times.small = 1000
        let entry = DockerConfiguration.Entry.password(user: "me", password: "geheim")
        let person = try Person(DockerConfiguration(auths: [registry.address: entry]), times: times)
        let client = try await person.client(registry.address)
        try await client.put(SmallImage(["a"]).push(to: "it"))
        try registry.setModes([mode])
        let error = await failure { _ = try await client.manifest("it", "1") }
        let shown = try #require(error).reason + (error?.remedy ?? "")
        #expect(!shown.contains("geheim") && !shown.contains("bWU6Z2VoZWlt"))
        #expect(shown.unicodeScalars.allSatisfy { $0.value >= 32 })
        // Another name of this machine is another host, too: it is named, and hears nothing.
        #expect(try registry.requests(to: .elsewhere).isEmpty)
        if mode == .foreignRealm { #expect(shown.contains(registry.elsewhere)) }
    }

    @Test(.enabled(if: RegistryServer.isInstalled && Skopeo.isInstalled, "docker-registry or skopeo is not installed"))
    func `Docker's manifests, indexes and their images are fetched`() async throws {
        let registry = try await RegistryServer.start()
        let images = try await OCILayoutFixture.make(["both": .platforms, "one": .file("it\n")])
        try await Skopeo().push(images.reference(to: "both"), to: registry, as: "both:1")
        try await Skopeo().push(images.reference(to: "one"), to: registry, as: "one:1", isDocker: true)
        let person = try Person()
        let client = try await person.client(registry.address)
        let folder = try RigFolder()
        let layout = try ImageLayout.open(at: folder.path)
        let index = try #require(try await client.manifest("both", "1"))
        #expect("\(index.descriptor.digest)" == (try images.digest(of: "both")))
        #expect(index.descriptor.mediaType == "application/vnd.oci.image.index.v1+json")
        let inner = try #require(try JSON(parsing: index.bytes, subject: "it")["manifests"]?.array)
        #expect(inner.count == 2)
        for digest in inner.compactMap({ $0["digest"]?.text }) {
            #expect("\(try #require(try await client.manifest("both", digest)).descriptor.digest)" == digest)
        }
        let docker = try #require(try await client.manifest("one", "1"))
        #expect(docker.descriptor.mediaType == "application/vnd.docker.distribution.manifest.v2+json")
        let content = try Manifest(decoding: docker.bytes)
        for blob in content.layers + [content.configuration] {
            try await client.fetch(blob, from: "one", into: layout)
            #expect(try layout.readBlob(blob) == registry.blob("\(blob.digest)"))
        }
    }
}
