import Foundation
import HTTP
import OCI
import Rigs
import Synchronization
import Testing

@testable import Registry

/// One blob, against servers that are functions, and against a real one that is cut off.
@Suite struct BlobUploadTests {
    /// A registry's part in uploads: it keeps what it gets, and a test says what it does otherwise.
    private final class Uploads: Sendable {
        typealias Change = @Sendable (HTTPRequest, Int, Int) throws(HTTPError) -> HTTPResponse?

        let got = Mutex<[UInt8]>([])
        /// How many bytes of a piece come through before the connection is cut.
        let limit: Int

        init(limit: Int) { self.limit = limit }

        /// The change gets the request, its number, and how many bytes are there; nil: as it should be.
        static func start(limit: Int = .max, _ change: @escaping Change) -> (Uploads, FakeServer) {
            let uploads = Uploads(limit: limit)
            let server = FakeServer { (request, number) throws(HTTPError) in
                if let other = try change(request, number, uploads.got.withLock(\.count)) { return other }
                return try uploads.answer(request)
            }
            return (uploads, server)
        }

        func answer(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
            let location = "/v2/it/blobs/uploads/1?_state=a%2Fb"
            switch request.method {
            case "POST":
                got.withLock { $0 = [] }
                return request.answer(202, ["Location": location])
            case "PATCH":
                take(request)
                if request.body.length > limit { throw HTTPError(.cut, request.address, "so it is") }
                return request.answer(202, ["Location": location])
            case "PUT":
                take(request)
                return request.answer(201)
            case "GET":
                let last = max(0, got.withLock(\.count) - 1)
                return request.answer(204, ["Location": location, "Range": "0-\(last)"])
            default: return request.answer(404)
            }
        }

        func take(_ request: HTTPRequest) {
            guard case .file(let path, let offset, let length) = request.body else { return }
            let bytes = FileManager.default.contents(atPath: path) ?? Data()
            got.withLock { $0 += bytes[offset..<offset + min(length, limit)] }
        }
    }

    private let folder: RigFolder
    private let person: Person
    private let path: String

    init() throws {
        folder = try RigFolder()
        person = try Person()
        path = folder.path + "/blob"
    }

    private func upload(
        _ server: FakeServer,
        size: Int,
        neighbour: String? = nil
    ) async throws -> (way: BlobUpload.Way?, error: RegistryError?, bytes: [UInt8]) {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 251) }
        try Data(bytes).write(to: URL(filePath: path))
        let blob = Descriptor(mediaType: "x", digest: .sha256(of: bytes), size: size)
        let upload = try BlobUpload(
            client: server.client(person),
            repository: "it",
            blob: blob,
            path: path,
            neighbour: neighbour
        )
        do throws(RegistryError) { return (try await upload.run(), nil, bytes) } catch { return (nil, error, bytes) }
    }

    private func methods(_ server: FakeServer) -> String { server.requests.map(\.method).joined(separator: " ") }

    @Test(arguments: [0, 1, 100]) func `two requests send a blob, behind the parameters of its Location`(
        size: Int
    ) async throws {
        let (uploads, server) = Uploads.start { _, _, _ in nil }
        let (way, error, bytes) = try await upload(server, size: size)
        #expect(way == .sent && error == nil)
        #expect(uploads.got.withLock { $0 } == bytes)
        let digest = WebAddress.encoded("\(Digest.sha256(of: bytes))")
        #expect(
            server.lines == ["POST /v2/it/blobs/uploads/", "PUT /v2/it/blobs/uploads/1?_state=a%2Fb&digest=\(digest)"]
        )
    }

    @Test(arguments: [
        ("http://registry.example/u?x=y", "http://registry.example/u?x=y&digest"),
        ("u", "http://registry.example/v2/it/blobs/uploads/u?digest"),
        ("https://cdn.example/u", "https://cdn.example/u?digest"),
        ("//cdn.example:8080/u", "http://cdn.example:8080/u?digest"),
    ])
    func `a Location is anywhere`(location: String, meant: String) async throws {
        let (_, server) = Uploads.start { request, _, _ in
            request.method == "POST" ? request.answer(202, ["Location": location]) : nil
        }
        #expect(try await upload(server, size: 9).way == .sent)
        #expect(server.requests.last?.address.description.hasPrefix(meant) == true)
        #expect(server.requests.last?.isRepeatable == false)
    }

    @Test(arguments: [nil, "file:///etc/passwd", "http://127.0.0.1/u", "http://me:x@registry.example/u"] as [String?])
    func `but not everywhere`(location: String?) async throws {
        let (_, server) = Uploads.start { request, _, _ in request.answer(202, location.map { ["Location": $0] } ?? [:])
        }
        let error = try await upload(server, size: 9).error
        #expect(error?.isTransient == false)
        #expect(methods(server) == "POST")
    }

    @Test func `where it leads is told without secrets`() async throws {
        person.parts.secrets.add("geheim")
        let (_, server) = Uploads.start { request, _, _ in
            request.answer(202, ["Location": "http://127.0.0.1/geheim/u"])
        }
        let error = try await upload(server, size: 9).error
        #expect(error?.reason.contains("http://127.0.0.1/***/u") == true)
        let (_, echo) = Uploads.start { request, _, _ in request.answer(200, [:], #"it is \u0067eheim"#) }
        #expect(try await upload(echo, size: 9).error?.reason.hasSuffix("answered 200: it is ***") == true)
    }

    @Test func `a blob is mounted`() async throws {
        let (_, server) = Uploads.start { request, _, _ in request.answer(201) }
        let (way, _, bytes) = try await upload(server, size: 9, neighbour: "team/base")
        #expect(way == .mounted)
        #expect(server.lines == ["POST /v2/it/blobs/uploads/?mount=\(Digest.sha256(of: bytes))&from=team%2Fbase"])
        #expect(server.requests.first?.scopes == ["repository:it:pull,push", "repository:team/base:pull"])
    }

    @Test(arguments: [400, 401, 403, 404, 405, 500, 200, 0, 1]) func `a mount that fails is an upload`(
        status: Int
    ) async throws {
        let (uploads, server) = Uploads.start { (request, number, _) throws(HTTPError) in
            guard number == 1 else { return nil }
            // It says that it is there, and that it is something else.
            if status == 0 { return request.answer(201, ["Docker-Content-Digest": "\(Digest.sha256(of: [7]))"]) }
            if status == 1 { throw HTTPError(.cut, request.address, "so it is") }
            return request.answer(status)
        }
        let (way, error, bytes) = try await upload(server, size: 9, neighbour: "base")
        #expect(way == .sent && error == nil)
        #expect(uploads.got.withLock { $0 } == bytes)
        #expect(methods(server) == "POST POST PUT")
    }

    @Test func `a mount that begins an upload instead is that upload`() async throws {
        let (_, server) = Uploads.start { _, _, _ in nil }
        #expect(try await upload(server, size: 9, neighbour: "base").way == .sent)
        #expect(methods(server) == "POST PUT")
    }

    @Test(arguments: [500, 502, 400, 404, 416]) func `what went wrong is asked after, and begun anew`(
        status: Int
    ) async throws {
        let (uploads, server) = Uploads.start { request, number, _ in number == 2 ? request.answer(status) : nil }
        let (way, _, bytes) = try await upload(server, size: 9)
        #expect(way == .sent)
        #expect(methods(server) == "POST PUT HEAD POST PUT")
        #expect(uploads.got.withLock { $0 } == bytes)
    }

    @Test(arguments: [400, 401, 404, 416]) func `what no session makes better is tried here, and by nobody outside`(
        status: Int
    ) async throws {
        let (_, server) = Uploads.start { request, _, _ in request.method == "PUT" ? request.answer(status) : nil }
        let error = try await upload(server, size: 9).error
        #expect((error?.status, error?.isTransient) == (status, false))
        #expect(server.requests.count { $0.method == "PUT" } == RegistryLimits.attempts)
    }

    @Test func `what was answered by nothing may be there`() async throws {
        let (_, server) = Uploads.start { (request, number, _) throws(HTTPError) in
            if request.method == "HEAD" { return request.answer(200) }
            if number == 2 { throw HTTPError(.cut, request.address, "so it is") }
            return nil
        }
        #expect(try await upload(server, size: 9).way == .sent)
        #expect(methods(server) == "POST PUT HEAD")
    }

    @Test(arguments: [
        (403, 1, "POST PUT"), (429, 1, "POST PUT"),
        (500, 4, "POST PUT HEAD POST PUT HEAD POST PUT HEAD POST PUT"),
    ])
    func `what does not pass is told`(status: Int, attempts: Int, sequence: String) async throws {
        let (_, server) = Uploads.start { request, _, _ in request.method == "PUT" ? request.answer(status) : nil }
        let error = try await upload(server, size: 9).error
        #expect(error?.status == status)
        #expect(methods(server) == sequence)
    }

    @Test func `a large blob gets there over a connection that is cut again and again`() async throws {
        let (uploads, server) = Uploads.start(limit: 1 << 20) { (request, _, _) throws(HTTPError) in
            // Whole it never comes.
            guard request.method == "PUT", request.body.length > 0 else { return nil }
            throw HTTPError(.cut, request.address, "so it is")
        }
        let (way, error, bytes) = try await upload(server, size: RegistryLimits.chunkedFrom + 1000)
        #expect(way == .sent, "\(String(describing: error))")
        #expect(uploads.got.withLock { $0 == bytes })
        #expect(server.requests.count { $0.method == "POST" } == 2)
    }

    @Test func `a registry that took it for another is not believed`() async throws {
        let other = Digest.sha256(of: [7])
        let (_, server) = Uploads.start { request, _, _ in
            request.method == "PUT" ? request.answer(201, ["Docker-Content-Digest": "\(other)"]) : nil
        }
        let error = try await upload(server, size: 9).error
        #expect(error?.reason.contains("\(other)") == true)
        #expect(error?.isTransient == false)
        #expect(server.requests.count { $0.method == "PUT" } == RegistryLimits.attempts)
    }

    // MARK: Pieces

    private static let large = RegistryLimits.chunk * 2 + 1000

    private func pieces(_ server: FakeServer) -> [String] {
        server.requests.filter { $0.method == "PATCH" }.compactMap { $0.header("Content-Range") }
    }

    @Test func `a registry that wants pieces gets them, none shorter than it says`() async throws {
        let shortest = RegistryLimits.chunk + 7
        let (uploads, server) = Uploads.start { request, number, _ in
            number == 1 ? request.answer(202, ["Location": "/u", "OCI-Chunk-Min-Length": "\(shortest)"]) : nil
        }
        let (way, _, bytes) = try await upload(server, size: Self.large)
        #expect(way == .sent)
        #expect(uploads.got.withLock { $0 } == bytes)
        // Only the last one may be shorter.
        #expect(
            pieces(server) == [
                "0-\(shortest - 1)", "\(shortest)-\(2 * shortest - 1)", "\(2 * shortest)-\(Self.large - 1)",
            ]
        )
        #expect(methods(server) == "POST PATCH PATCH PATCH PUT")
    }

    @Test func `what is too large as a whole is sent in pieces`() async throws {
        let (uploads, server) = Uploads.start { request, _, _ in
            request.body.length > RegistryLimits.chunk ? request.answer(413) : nil
        }
        let (way, _, bytes) = try await upload(server, size: Self.large)
        #expect(way == .sent)
        #expect(uploads.got.withLock { $0 } == bytes)
        #expect(methods(server) == "POST PUT POST PATCH PATCH PATCH PUT")
        let (_, small) = Uploads.start { request, _, _ in request.body.length > 0 ? request.answer(413) : nil }
        #expect(try await upload(small, size: 9).error?.status == 413)
    }

    @Test(arguments: ["416", "503", "cut before", "cut after"]) func `a piece that fails goes on where the registry is`(
        fault: String
    ) async throws {
        let failed = Mutex(false)
        let (uploads, server) = Uploads.start { _, _, _ in nil }
        let faulty = FakeServer { (request, number) throws(HTTPError) in
            if number == 1 { return request.answer(202, ["Location": "/u", "OCI-Chunk-Min-Length": "1"]) }
            let isSecond = request.method == "PATCH" && uploads.got.withLock(\.count) == RegistryLimits.chunk
            guard isSecond, failed.withLock({ was in !exchange(&was, true) }) else {
                return try uploads.answer(request)
            }
            if fault == "cut after" { uploads.take(request) }
            if let status = Int(fault) { return request.answer(status) }
            throw HTTPError(.cut, request.address, "so it is")
        }
        #expect(server.requests.isEmpty)
        let (way, error, bytes) = try await upload(faulty, size: Self.large)
        #expect(way == .sent, "\(String(describing: error))")
        #expect(uploads.got.withLock { $0 } == bytes)
        #expect(
            methods(faulty)
                == (fault == "cut after" ? "POST PATCH PATCH GET PATCH PUT" : "POST PATCH PATCH GET PATCH PATCH PUT")
        )
    }

    @Test func `0-0 is nothing, and a session that is gone is begun anew`() async throws {
        let state = Mutex(0)
        let (uploads, _) = Uploads.start { _, _, _ in nil }
        let server = FakeServer { (request, number) throws(HTTPError) in
            if request.method == "POST" {
                _ = try uploads.answer(request)
                return request.answer(202, ["Location": "/u", "OCI-Chunk-Min-Length": "1"])
            }
            if request.method == "PATCH" {
                let count = state.withLock { state in
                    state += 1
                    return state
                }
                if count == 1 { throw HTTPError(.cut, request.address, "so it is") }
                if count == 2 { return request.answer(404) }
            }
            if request.method == "GET", state.withLock({ $0 }) == 2 { return request.answer(404) }
            return try uploads.answer(request)
        }
        let (way, error, bytes) = try await upload(server, size: Self.large)
        #expect(way == .sent, "\(String(describing: error))")
        #expect(uploads.got.withLock { $0 } == bytes)
        #expect(methods(server) == "POST PATCH GET PATCH GET HEAD POST PATCH PATCH PATCH PUT")
        #expect(pieces(server).prefix(3).allSatisfy { $0.hasPrefix("0-") })
    }

    @Test func `a registry that never gets on is given up`() async throws {
        let (_, server) = Uploads.start { request, number, _ in
            switch request.method {
            case "POST": request.answer(202, ["Location": "/u", "OCI-Chunk-Min-Length": "1"])
            case "GET": request.answer(204, ["Location": "/u", "Range": "0-0"])
            case "PATCH":
                request.answer(request.header("Content-Range")?.hasPrefix("0-") == true ? 202 : 416, ["Location": "/u"])
            default: request.answer(404)
            }
        }
        #expect(try await upload(server, size: Self.large).error != nil)
        #expect(server.requests.count < 60)
    }

    @Test func `uploads that lead elsewhere take no credentials along`() async throws {
        let registry = try await HostileRegistry.start([.asksBasic, .redirectsUploads])
        let entry = DockerConfiguration.Entry.password(user: "me", password: "geheim")
        let mine = try Person(DockerConfiguration(auths: [registry.address: entry]))
        let client = try await mine.client(registry.address)
        let image = try SmallImage(["a"])
        try await client.put(image.push(to: "it"))
        let elsewhere = try registry.requests(to: .elsewhere)
        #expect(elsewhere.map(\.method) == ["PUT", "PUT"])
        #expect(elsewhere.allSatisfy { $0.header("Authorization") == nil })
        #expect(try registry.requests(to: .main).contains { $0.header("Authorization") != nil })
        #expect(try registry.manifests().contains("it:1"))
    }
}

/// Sets a value, and gives the one before.
private func exchange(_ value: inout Bool, _ new: Bool) -> Bool {
    defer { value = new }
    return value
}
