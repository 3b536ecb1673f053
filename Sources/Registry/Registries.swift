/// The registries that a process speaks to, each with its connections, its credential and what it is known to hold.

internal import Foundation
internal import Graph
package import HTTP

/// What a client needs of its process.
package struct ClientParts: Sendable {
    package var environment: [String: String]
    package var send: HTTPSend
    package var pause: HTTPPause
    /// On a clock that never goes back.
    package var now: @Sendable () -> Duration
    package var secrets = Secrets()
    /// How many milliseconds a credential helper may take; nil for the usual.
    package var helperLimit: Int?

    package init(
        environment: [String: String],
        send: @escaping HTTPSend,
        pause: @escaping HTTPPause,
        now: @escaping @Sendable () -> Duration
    ) {
        (self.environment, self.send, self.pause, self.now) = (environment, send, pause, now)
    }
}

package actor Registries {
    private let parts: ClientParts
    private var clients: [String: RegistryClient] = [:]

    package init(_ parts: ClientParts) { self.parts = parts }

    /// The registry of a reference's host.
    ///
    /// Asks a registry on this machine whether it speaks TLS; others must. Where podman keeps a credential for the
    /// repository of the first use alone, that one counts.
    package func client(for host: String, repository: String) async throws(RegistryError) -> RegistryClient {
        if let client = clients[host] { return client }
        let (trust, isKnown) = Trust(environment: parts.environment).trust(host)
        let name = host == ImageReference.dockerHub ? "registry-1.docker.io" : host
        guard let secure = WebAddress(parsing: "https://\(name)/"), let plain = WebAddress(parsing: "http://\(name)/")
        else { throw RegistryError("\(host) is no address", remedy: "check the name of the registry") }
        var base = secure
        if HostKind(secure.host) == .loopback, !isKnown, try await speaksPlain(plain) { base = plain }
        // Somebody else may have asked meanwhile.
        if let client = clients[host] { return client }
        let client = make(host, base, trust, repository)
        clients[host] = client
        return client
    }

    private func make(_ host: String, _ base: WebAddress, _ trust: HTTPTrust, _ repository: String) -> RegistryClient {
        let store = CredentialStore(environment: parts.environment, helperLimit: parts.helperLimit)
        let retrying = Retrying.around(parts.send, pause: parts.pause)
        let redirecting = Redirecting.around(retrying)
        let authority = RegistryAuthority(
            base,
            trust: trust,
            find: { () throws(RegistryError) in try store.credential(for: host, repository: repository) },
            credentialAt: { host throws(RegistryError) in try store.credential(for: host, repository: "") },
            secrets: parts.secrets,
            now: parts.now,
            send: Redacting.around(redirecting, parts.secrets)
        )
        let whole = Redacting.around(Authenticating.around(redirecting, authority), parts.secrets)
        return RegistryClient(host: host, base: base, trust: trust, send: whole, parts: parts)
    }

    private func speaksPlain(_ address: WebAddress) async throws(RegistryError) -> Bool {
        guard let ping = address.resolving("/v2/") else { return true }
        do throws(HTTPError) {
            let response = try await Retrying.around(parts.send, pause: parts.pause)(HTTPRequest("GET", ping))
            let text = String(decoding: response.body, as: UTF8.self)
            return !(response.status == 400 && text.contains("HTTPS"))
        } catch {
            // A server that wants TLS may hang up on what is none.
            if error.kind == .cut || error.kind == .other { return false }
            throw RegistryError(error)
        }
    }
}
