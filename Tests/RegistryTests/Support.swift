/// What these tests share: somebody with a home who pushes and pulls, small images, and servers that are functions.

import Foundation
import HTTP
import OCI
import Rigs
import Synchronization
import Testing

@testable import Registry

func address(_ text: String) throws -> WebAddress { try #require(WebAddress(parsing: text), "\(text)") }

/// Who pushes and pulls, with a home, a clock and connections of their own; pauses are recorded and take no time.
final class Person: Sendable {
    let home: RigFolder
    let http: HTTPClient
    let parts: ClientParts
    let registries: Registries
    private let seconds: Clock
    private let waits: Waits

    final class Clock: Sendable {
        let now = Mutex(Duration.zero)
    }

    final class Waits: Sendable {
        let all = Mutex<[Duration]>([])
    }

    init(
        _ configuration: DockerConfiguration? = nil,
        _ environment: [String: String] = [:],
        times: HTTPTimes = HTTPTimes()
    ) throws {
        home = try RigFolder()
        http = HTTPClient(times)
        let (http, clock, waits) = (http, Clock(), Waits())
        (seconds, self.waits) = (clock, waits)
        let variables = ["HOME": home.path, "PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        var parts = ClientParts(
            environment: variables,
            send: { request async throws(HTTPError) in try await http.send(request) },
            pause: { pause in
                waits.all.withLock { $0.append(pause) }
                try Task.checkCancellation()
            },
            now: { clock.now.withLock { $0 } }
        )
        parts.helperLimit = 20_000
        self.parts = parts
        registries = Registries(parts)
        try configuration?.write(to: home.path + "/.docker")
    }

    var pauses: [Duration] { waits.all.withLock { $0 } }
    func pass(_ duration: Duration) { seconds.now.withLock { $0 += duration } }

    func client(_ host: String, _ repository: String = "it") async throws -> RegistryClient {
        try await registries.client(for: host, repository: repository)
    }
}

/// An image in a layout of its own.
final class SmallImage: Sendable {
    let layout: ImageLayout
    let layers: [Descriptor]
    let configuration: Descriptor
    let manifest: Descriptor
    private let folder: RigFolder

    var blobs: [Descriptor] { layers + [configuration] }

    /// The texts are what each of the layers holds; no registry looks into them.
    init(_ texts: [String], in folder: RigFolder? = nil) throws {
        let own = try folder ?? RigFolder()
        self.folder = own
        layout = try ImageLayout.open(at: own.path)
        let layout = layout
        layers = try texts.map {
            try layout.writeBlob(Array($0.utf8), mediaType: "application/vnd.oci.image.layer.v1.tar")
        }
        configuration = try layout.writeBlob(
            Array(#"{"architecture":"amd64","os":"linux","of":"\#(texts.joined().prefix(40))"}"#.utf8),
            mediaType: "application/vnd.oci.image.config.v1+json"
        )
        let bytes = Manifest(configuration: configuration, layers: layers).encoded()
        manifest = try layout.writeBlob(bytes, mediaType: MediaType.manifest)
    }

    func push(to repository: String, isFresh: Bool = false) -> Push {
        var push = Push(manifest, from: layout, to: repository) { [self] blob throws(RegistryError) in
            // As long as there is a push, its image is there.
            _ = self
            throw RegistryError("\(blob.digest) is not here", remedy: "none")
        }
        if isFresh { push.fresh = Set(blobs.map(\.digest)) }
        return push
    }
}

extension RegistryClient {
    @discardableResult
    func put(_ push: Push, as tags: [String] = ["1"]) async throws(RegistryError) -> PushReport {
        let report = try await upload(push)
        for tag in tags { try await publish(push, as: tag) }
        return report
    }
}

extension RegistryServer {
    /// Whether a tag shows exactly this image, and all of it is there.
    func holds(_ image: SmallImage, _ tag: String, in repository: String) -> Bool {
        digest(of: tag, in: repository) == "\(image.manifest.digest)"
            && image.blobs.allSatisfy { blob("\($0.digest)")?.count == $0.size }
    }
}

/// What a call throws; nil where it goes well.
func failure(_ body: () async throws -> Void) async -> RegistryError? {
    do {
        try await body()
        return nil
    } catch let error as RegistryError {
        return error
    } catch {
        Issue.record(error)
        return nil
    }
}

/// Stands for a server: it answers by a function, and remembers what it was asked.
final class FakeServer: Sendable {
    typealias Answers = @Sendable (_ request: HTTPRequest, _ number: Int) async throws(HTTPError) -> HTTPResponse

    private let answers: Answers
    private let seen = Mutex<[HTTPRequest]>([])

    init(_ answers: @escaping Answers) { self.answers = answers }

    var requests: [HTTPRequest] { seen.withLock { $0 } }
    /// Method and path with parameters.
    var lines: [String] { requests.map { "\($0.method) \($0.address.path)\($0.address.query.map { "?" + $0 } ?? "")" } }

    /// The number of a request is counted from 1.
    var send: HTTPSend {
        { request async throws(HTTPError) in
            let number = self.seen.withLock { seen in
                seen.append(request)
                return seen.count
            }
            return try await self.answers(request, number)
        }
    }

    func client(_ person: Person, _ known: KnownBlobs? = nil) throws -> RegistryClient {
        let base = try address("http://registry.example/")
        return RegistryClient(
            host: "registry.example",
            base: base,
            trust: HTTPTrust(),
            known: known ?? KnownBlobs(now: person.parts.now),
            send: send,
            brokenCredentials: { nil },
            parts: person.parts
        )
    }
}

extension HTTPRequest {
    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }

    func answer(_ status: Int, _ headers: [String: String] = [:], _ body: String = "") -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: headers.map { HTTPHeader($0.key, $0.value) },
            body: Array(body.utf8),
            address: address
        )
    }
}
