/// Speaks the OCI distribution protocol (1.1) with one registry.

internal import Foundation
internal import Graph
internal import HTTP
package import OCI
internal import Synchronization

/// Safe to use from any thread.
package final class RegistryClient: Sendable {
    /// As it stands in references.
    package let host: String
    /// What `/v2/` is below.
    let base: WebAddress
    let send: HTTPSend
    let pause: HTTPPause
    let known: KnownBlobs
    private let secrets: Secrets
    /// Where there is a file of credentials that can't be read.
    private let brokenCredentials: @Sendable () -> String?
    private let trust: HTTPTrust
    /// Whether the other side's certificate was refused: its authority may be installed meanwhile.
    var isUntrusted: Bool { wasRefused.load(ordering: .relaxed) }
    private let wasRefused = Atomic(false)
    /// Repositories that are pushed to.
    private let targets = Mutex<Set<String>>([])

    init(
        host: String,
        base: WebAddress,
        trust: HTTPTrust,
        known: KnownBlobs,
        send: @escaping HTTPSend,
        brokenCredentials: @escaping @Sendable () -> String?,
        parts: ClientParts
    ) {
        self.brokenCredentials = brokenCredentials
        (self.host, self.base, self.trust, self.known, self.send) = (host, base, trust, known, send)
        (pause, secrets) = (parts.pause, parts.secrets)
    }

    /// From now on all that is asked of the repository carries the right to push, so that one token does.
    package func willPush(to repository: String) { targets.withLock { _ = $0.insert(repository) } }

    /// What the repository was known to hold is not to be relied on any more.
    package func forget(_ repository: String) { known.forget(repository) }

    // MARK: Requests

    /// The path is one below the repository, like `manifests/latest`.
    ///
    /// `mountedFrom` is another repository that must be readable for it.
    func request(
        _ method: String,
        _ repository: String,
        _ path: String,
        mountedFrom: String? = nil
    ) throws(RegistryError) -> HTTPRequest {
        guard let address = base.resolving("/v2/\(repository)/\(path)") else {
            throw RegistryError("\(repository)/\(path) is no address", remedy: "check the name of the registry")
        }
        var request = HTTPRequest(method, address)
        request.trust = trust
        let isRead = ["GET", "HEAD"].contains(method) && !targets.withLock { $0.contains(repository) }
        request.scopes = Self.scopes(repository, isRead: isRead, mountedFrom: mountedFrom)
        return request
    }

    /// Some servers look at the first scope only.
    private static func scopes(_ repository: String, isRead: Bool, mountedFrom: String?) -> [String] {
        let own = "repository:\(repository):\(isRead ? "pull" : "pull,push")"
        return [own] + (mountedFrom.map { ["repository:\($0):pull"] } ?? [])
    }

    func perform(_ request: HTTPRequest) async throws(RegistryError) -> HTTPResponse {
        do throws(HTTPError) {
            return try await send(request)
        } catch {
            var problem = self.error(error)
            // It was waited for long enough; what is large, and may get on in pieces, has another try.
            let mayGetOn = request.method == "PATCH" || request.body.length >= RegistryLimits.chunkedFrom
            if error.kind == .timedOut, !mayGetOn { problem.isPostponed = true }
            throw problem
        }
    }

    func error(_ error: HTTPError) -> RegistryError {
        if error.kind == .untrusted { wasRefused.store(true, ordering: .relaxed) }
        return explained(RegistryError(error, hiding: secrets))
    }

    func error(_ what: String, _ response: HTTPResponse) -> RegistryError {
        explained(RegistryError(what, response, hiding: secrets))
    }

    /// Whoever logged in, and finds out that it does not count, is told why.
    private func explained(_ error: RegistryError) -> RegistryError {
        guard error.status == 401, let place = brokenCredentials() else { return error }
        var error = error
        error.remedy = "\(place) is no JSON and was passed over: mend it, or log in again"
        return error
    }

    /// The same for what is only read.
    func readingError(_ what: String, _ response: HTTPResponse) -> RegistryError {
        var error = error(what, response)
        if error.status == 403 { error.remedy = RegistryError.login }
        return error
    }

    func leaveIfCancelled() throws(RegistryError) {
        if Task.isCancelled { throw error(.notNeeded(base)) }
    }

    /// Asks whether the registry lets us in for reading the repository; throws why not.
    ///
    /// - Returns: The address that was asked, like `https://registry.example.com:443`.
    package func look(at repository: String) async throws(RegistryError) -> String {
        guard let address = base.resolving("/v2/") else {
            throw RegistryError("\(host) is no address", remedy: "check the name of the registry")
        }
        var request = HTTPRequest("GET", address)
        request.trust = trust
        request.scopes = Self.scopes(repository, isRead: true, mountedFrom: nil)
        let response = try await perform(request)
        guard response.isSuccess else { throw readingError("looking at \(host)", response) }
        return base.origin
    }

    // MARK: Blobs

    /// Moves a blob, once at a time.
    ///
    /// - Returns: nil where somebody else was at it; what became of that is to be looked at.
    func alone<Value>(
        with blob: Descriptor,
        _ turns: SharedAnswers<Digest, Void>,
        _ move: () async throws(RegistryError) -> Value
    ) async throws(RegistryError) -> Value? {
        var own: Result<Value, RegistryError>?
        let cancelled = HTTPError.notNeeded(base)
        do throws(HTTPError) {
            try await turns.answer(blob.digest, cancelled: cancelled) { () async throws(HTTPError) in
                do throws(RegistryError) { own = .success(try await move()) } catch {
                    own = .failure(error)
                    // Another one goes on with it; other failures each finds out for itself.
                    if error.isCancelled { throw cancelled }
                }
            }
        } catch {
            throw self.error(error)
        }
        return try own?.get()
    }

    /// Whether the registry says that it has the blob, with its size and its digest.
    func hasBlob(_ blob: Descriptor, in repository: String) async throws(RegistryError) -> Bool {
        let request = try request("HEAD", repository, "blobs/\(blob.digest)")
        let response = try await perform(request)
        // Some answer 403 for what is not there, or know no such question; what we may not is said when it is sent.
        guard response.isSuccess else {
            if response.status != 401, !Backoff.isTransient(response.status) { return false }
            throw error("looking for \(blob.digest)", response)
        }
        let length = response["Content-Length"].flatMap { Int($0) } ?? blob.size
        return !response.contradicts(blob.digest) && length == blob.size
    }

    /// The same, remembered for the next push.
    package func holds(_ blob: Descriptor, in repository: String) async throws(RegistryError) -> Bool {
        if known.contains(blob.digest, in: repository) { return true }
        guard try await hasBlob(blob, in: repository) else { return false }
        known.insert(blob.digest, in: repository)
        return true
    }

    // MARK: Manifests

    /// What a tag or a digest names; nil where it names nothing.
    ///
    /// Some registries answer 403 for what is not there. Who looks before a push takes that for an answer; who pulls is
    /// told to log in.
    package func manifest(
        _ repository: String,
        _ reference: String,
        isPull: Bool = false
    ) async throws(RegistryError) -> FetchedManifest? {
        var problem: RegistryError?
        // An answer that contradicts itself may have been spoilt on its way.
        for _ in 0..<2 {
            var request = try request("GET", repository, "manifests/\(reference)")
            request.set("Accept", FetchedManifest.accepted.joined(separator: ", "))
            request.longestBody = RegistryLimits.longestManifest
            let response = try await perform(request)
            if response.status == 404 || response.status == 403 && !isPull { return nil }
            guard response.isSuccess else { throw readingError("reading \(repository):\(reference)", response) }
            let found = FetchedManifest(response)
            let digest = found.descriptor.digest
            let isAsked = !reference.hasPrefix("sha256:") || reference == "\(digest)"
            if isAsked, !response.contradicts(digest) { return found }
            let other = isAsked ? "says that it is \(response.statedDigest)" : "\(reference) was asked for"
            problem = RegistryError(
                "\(host) answers for \(repository) with \(digest), and \(other)",
                remedy: "see what the registry's own log says; nothing of it was used"
            )
        }
        throw problem ?? RegistryError("no manifest", remedy: "try again")
    }

    /// The digest that a tag shows; nil where there is none that we may see.
    package func digest(_ repository: String, _ tag: String) async throws(RegistryError) -> String? {
        var request = try request("HEAD", repository, "manifests/\(tag)")
        request.set("Accept", FetchedManifest.accepted.joined(separator: ", "))
        let response = try await perform(request)
        if [403, 404].contains(response.status) { return nil }
        if response.isSuccess, let digest = response["Docker-Content-Digest"], Digest(parsing: digest) != nil {
            return digest
        }
        return try await manifest(repository, tag).map { "\($0.descriptor.digest)" }
    }

    /// Asks for the credential and the token that pushes to these repositories will need, before they are needed.
    package func warmUp(_ repositories: [String]) async {
        for repository in repositories {
            willPush(to: repository)
            guard let request = try? request("HEAD", repository, "blobs/\(Digest.sha256(of: []))") else { continue }
            _ = try? await send(request)
        }
    }
}

/// A manifest or an index as the registry sent it; its digest is that of its bytes.
package struct FetchedManifest: Sendable {
    package var descriptor: Descriptor
    package var bytes: [UInt8]

    init(_ response: HTTPResponse) {
        bytes = response.body
        let written = (try? JSON(parsing: bytes, subject: "a manifest"))?["mediaType"]?.text
        let header = response["Content-Type"].map { String($0.prefix { $0 != ";" && $0 != " " }) }
        descriptor = Descriptor(
            mediaType: written ?? header ?? MediaType.manifest,
            digest: .sha256(of: bytes),
            size: bytes.count
        )
    }

    static let accepted = [
        MediaType.manifest, "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
}
