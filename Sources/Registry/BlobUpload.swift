/// Gets one blob into a repository: mounted from a neighbour, or sent whole, or in pieces.

internal import HTTP
internal import OCI

struct BlobUpload {
    let client: RegistryClient
    let repository: String
    let blob: Descriptor
    /// The file that holds it.
    let path: String
    /// Another repository of the same registry that has it.
    var neighbour: String?

    enum Way: Sendable { case mounted, sent }

    /// Sends it anew as long as what went wrong may pass.
    func run() async throws(RegistryError) -> Way {
        var attempt = 1
        var isChunked = false
        while true {
            do throws(RegistryError) {
                // What was answered with an error, or not at all, may be there nevertheless.
                if attempt > 1, try await client.hasBlob(blob, in: repository) { return .sent }
                return try await once(isChunked: isChunked)
            } catch {
                guard error.isRepeated, attempt < RegistryLimits.attempts else { throw error }
                let isBroken = error.status == nil || error.status == 404
                isChunked = isChunked || isBroken && blob.size >= RegistryLimits.chunkedFrom
                try await client.wait(after: attempt)
                attempt += 1
            }
        }
    }

    private func once(isChunked: Bool) async throws(RegistryError) -> Way {
        guard let session = try await start() else { return .mounted }
        if isChunked || session.shortestChunk > 0 {
            try await sendInPieces(session)
            return .sent
        }
        var request = session.request("PUT", client, completing: blob)
        request.body = .file(path: path, offset: 0, length: blob.size)
        let response = try await client.perform(request)
        if response.status == 413, let again = try await start(mounting: false) {
            try await sendInPieces(again)
        } else {
            try check(response)
        }
        return .sent
    }

    // MARK: Sessions

    /// nil where the blob could be mounted: then nothing needs to be sent.
    private func start(mounting: Bool = true) async throws(RegistryError) -> UploadSession? {
        if mounting, let neighbour {
            let (isThere, session) = try await client.mount(blob, in: repository, from: neighbour)
            if isThere { return nil }
            if let session { return session }
        }
        let request = try client.request("POST", repository, "blobs/uploads/")
        let response = try await client.perform(request)
        guard response.status == 202 else { throw client.error("starting an upload to \(repository)", response) }
        return try UploadSession(response, like: request, client)
    }

    private func check(_ response: HTTPResponse) throws(RegistryError) {
        guard response.status == 201 || response.status == 204 else {
            var error = client.error("sending \(blob.digest) to \(repository)", response)
            // The session is gone, or the bytes were spoilt on their way: another may do. Whom the registry let begin,
            // it believes no more because the token has expired meanwhile.
            if Self.isBroken(response) { error.isWorthAnother = true }
            throw error
        }
        guard !response.contradicts(blob.digest) else {
            var error = RegistryError(
                "\(client.host) took \(blob.digest) for \(response.statedDigest)",
                remedy: "see what the registry's own log says; nothing was published"
            )
            error.isWorthAnother = true
            throw error
        }
    }

    private static func isBroken(_ response: HTTPResponse) -> Bool { [400, 401, 404, 416].contains(response.status) }

    // MARK: Pieces

    private func sendInPieces(_ first: UploadSession) async throws(RegistryError) {
        var session = first
        var sent = 0
        var (failures, furthest) = (0, 0)
        while sent < blob.size {
            let length = min(max(RegistryLimits.chunk, session.shortestChunk), blob.size - sent)
            var request = session.request("PATCH", client)
            request.body = .file(path: path, offset: sent, length: length)
            request.set("Content-Type", "application/octet-stream")
            request.set("Content-Range", "\(sent)-\(sent + length - 1)")
            do throws(RegistryError) {
                let response = try await client.perform(request)
                guard response.status == 202 || response.status == 201 else {
                    var error = client.error("sending a piece of \(blob.digest) to \(repository)", response)
                    if Self.isBroken(response) { error.isWorthAnother = true }
                    throw error
                }
                session = try session.next(response, like: request, client)
                sent += length
                if sent > furthest { (failures, furthest) = (0, sent) }
            } catch {
                failures += 1
                guard error.isRepeated, failures < RegistryLimits.attempts else { throw error }
                try await client.wait(after: failures)
                (session, sent) = try await progress(of: session)
                // A connection that is cut now and then gets on all the same.
                if sent >= furthest + RegistryLimits.progress { (failures, furthest) = (0, sent) }
            }
        }
        try check(try await client.perform(session.request("PUT", client, completing: blob)))
    }

    /// How far the registry says that it came.
    private func progress(of session: UploadSession) async throws(RegistryError) -> (UploadSession, Int) {
        let request = session.request("GET", client)
        let response = try await client.perform(request)
        guard response.isSuccess, let last = response["Range"]?.split(separator: "-").last.flatMap({ Int($0) }),
            last < blob.size
        else {
            var error = client.error("asking how far \(blob.digest) came", response)
            error.isWorthAnother = true
            throw error
        }
        // An upload of which nothing came answers 0-0, as one of a single byte does.
        return (try session.next(response, like: request, client), last == 0 ? 0 : last + 1)
    }
}

/// An upload that was begun: where the next request goes.
struct UploadSession {
    var location: WebAddress
    var shortestChunk: Int
    private var template: HTTPRequest

    init(_ response: HTTPResponse, like request: HTTPRequest, _ client: RegistryClient) throws(RegistryError) {
        guard let location = response["Location"] else {
            throw RegistryError(
                "\(client.host) began an upload and does not say where",
                remedy: "see what the registry's own log says"
            )
        }
        do throws(HTTPError) {
            self.location = try Redirecting.target(of: location, from: request.address)
        } catch {
            throw client.error(error)
        }
        shortestChunk = response["OCI-Chunk-Min-Length"].flatMap { Int($0) } ?? 0
        template = request
        template.headers = []
        template.body = .none
        template.isRepeatable = false
    }

    /// What follows from the answer to one of its requests; how short a piece may be is said only once.
    func next(
        _ response: HTTPResponse,
        like request: HTTPRequest,
        _ client: RegistryClient
    ) throws(RegistryError) -> UploadSession {
        var next = try UploadSession(response, like: request, client)
        next.shortestChunk = max(shortestChunk, next.shortestChunk)
        return next
    }

    /// Credentials are put on it only where it goes to the registry itself.
    func request(_ method: String, _ client: RegistryClient, completing blob: Descriptor? = nil) -> HTTPRequest {
        var request = template
        request.method = method
        request.address = location
        if let blob {
            request.address = location.adding([(name: "digest", value: "\(blob.digest)")]) ?? location
            request.set("Content-Type", "application/octet-stream")
        }
        if !location.hasSameOrigin(as: client.base) { request = Redirecting.withoutCredentials(request) }
        return request
    }
}

extension RegistryClient {
    /// Asks for a blob of another repository, without a byte of it here; whatever goes wrong with that, it can be sent.
    ///
    /// A registry that does not do it may begin an upload instead.
    func mount(
        _ blob: Descriptor,
        in repository: String,
        from neighbour: String
    ) async throws(RegistryError) -> (isThere: Bool, session: UploadSession?) {
        let path = "blobs/uploads/?mount=\(blob.digest)&from=\(WebAddress.encoded(neighbour))"
        let request = try request("POST", repository, path, mountedFrom: neighbour)
        guard let response = try? await send(request) else { return (false, nil) }
        if response.status == 201, !response.contradicts(blob.digest) { return (true, nil) }
        return (false, response.status == 202 ? try? UploadSession(response, like: request, self) : nil)
    }

    func wait(after attempt: Int) async throws(RegistryError) {
        do {
            try await pause(Backoff.pause(after: attempt, nil, chance: .random(in: 0...1)))
        } catch {
            throw self.error(.notNeeded(base))
        }
    }
}
