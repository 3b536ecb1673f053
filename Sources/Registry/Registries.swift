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
    /// Passwords of registries that docker's and podman's files need not know: asked for before these.
    package var passwords: RegistryPasswords?

    package init(
        environment: [String: String],
        send: @escaping HTTPSend,
        pause: @escaping HTTPPause,
        now: @escaping @Sendable () -> Duration
    ) {
        (self.environment, self.send, self.pause, self.now) = (environment, send, pause, now)
    }
}

/// The password of a registry's host; nil for hosts of which nothing is known.
///
/// `refused` is what was given before and is not taken any more.
package typealias RegistryPasswords =
    @Sendable (_ host: String, _ refused: Credential?) async throws(RegistryError) -> Credential?

package actor Registries {
    /// What all have in common who speak to one host.
    private struct Site {
        var base: WebAddress
        var trust: HTTPTrust
        var known: KnownBlobs
    }

    private struct Name: Hashable {
        var host: String
        var rest: String
    }

    private let parts: ClientParts
    private let store: CredentialStore
    private var sites: [String: Site] = [:]
    private let asking = SharedAnswers<String, Bool>()
    /// Under which name a repository's credential stands.
    private var places: [Name: String] = [:]
    private var clients: [Name: RegistryClient] = [:]

    package init(_ parts: ClientParts) {
        self.parts = parts
        store = CredentialStore(environment: parts.environment, helperLimit: parts.helperLimit)
    }

    /// The registry of a reference's host, with the credential of the repository: those that podman keeps by namespace
    /// have a client each, and what the registry holds is known to all of them.
    ///
    /// Asks a registry on this machine whether it speaks TLS; others must.
    package func client(for host: String, repository: String) async throws(RegistryError) -> RegistryClient {
        forgetUntrusted(host)
        let site = try await site(host)
        let name = Name(host: host, rest: repository)
        let place = places[name] ?? store.place(of: repository, at: host)
        places[name] = place
        let own = Name(host: host, rest: place)
        let client = clients[own] ?? make(host, site, repository)
        clients[own] = client
        return client
    }

    /// Where the credential for a repository is looked for first; nil where none is known.
    package nonisolated func credentialSource(of repository: String, at host: String) -> String? {
        store.source(of: repository, at: host)
    }

    private func forgetUntrusted(_ host: String) {
        let own = clients.filter { $0.key.host == host }
        guard own.values.contains(where: { $0.isUntrusted }) else { return }
        sites[host] = nil
        for name in own.keys { clients[name] = nil }
    }

    private func site(_ host: String) async throws(RegistryError) -> Site {
        if let site = sites[host] { return site }
        let (trust, isKnown) = Trust(environment: parts.environment).trust(host)
        let name = host == ImageReference.dockerHub ? "registry-1.docker.io" : host
        guard let secure = WebAddress(parsing: "https://\(name)/"), let plain = WebAddress(parsing: "http://\(name)/")
        else { throw RegistryError("\(host) is no address", remedy: "check the name of the registry") }
        var base = secure
        if HostKind(secure.host) == .loopback, !isKnown {
            let cancelled = HTTPError.notNeeded(plain)
            do throws(HTTPError) {
                let isPlain = try await asking.answer(host, cancelled: cancelled) { () async throws(HTTPError) in
                    try await speaksPlain(plain)
                }
                if isPlain { base = plain }
            } catch {
                throw RegistryError(error, hiding: parts.secrets)
            }
        }
        // Somebody else may have asked meanwhile.
        if let site = sites[host] { return site }
        let site = Site(base: base, trust: trust, known: KnownBlobs(now: parts.now))
        sites[host] = site
        return site
    }

    private func make(_ host: String, _ site: Site, _ repository: String) -> RegistryClient {
        let store = store
        let retrying = Retrying.around(parts.send, pause: parts.pause)
        let redirecting = Redirecting.around(retrying)
        let authority = RegistryAuthority(
            site.base,
            trust: site.trust,
            find: { refused, isOver throws(RegistryError) in
                try store.find(for: host, repository: repository, insteadOf: refused, isOver: isOver)
            },
            credentialAt: { host, refused, isOver throws(RegistryError) in
                try store.find(for: host, repository: "", insteadOf: refused, isOver: isOver).credential
            },
            password: password(of: host),
            secrets: parts.secrets,
            now: parts.now,
            send: redirecting
        )
        return RegistryClient(
            host: host,
            base: site.base,
            trust: site.trust,
            known: site.known,
            send: Authenticating.around(redirecting, authority),
            brokenCredentials: store.broken,
            parts: parts
        )
    }

    private func password(of host: String) -> RegistryAuthority.Password? {
        guard let passwords = parts.passwords else { return nil }
        return { (refused: Credential?) async throws(RegistryError) -> Credential? in
            try await passwords(host, refused)
        }
    }

    private func speaksPlain(_ address: WebAddress) async throws(HTTPError) -> Bool {
        guard let ping = address.resolving("/v2/") else { return true }
        do throws(HTTPError) {
            let response = try await Retrying.around(parts.send, pause: parts.pause)(HTTPRequest("GET", ping))
            let text = String(decoding: response.body, as: UTF8.self)
            return !(response.status == 400 && text.contains("HTTPS"))
        } catch {
            // A server that wants TLS may hang up on what is none, and so does one that is just starting.
            if [.cut, .other].contains(error.kind), await speaksTLS(address) { return false }
            throw error
        }
    }

    private func speaksTLS(_ address: WebAddress) async -> Bool {
        guard let ping = WebAddress(parsing: "https://\(address.host):\(address.port)/v2/") else { return false }
        do throws(HTTPError) {
            _ = try await parts.send(HTTPRequest("GET", ping))
            return true
        } catch {
            // Whom we do not trust speaks it, too.
            return error.kind == .untrusted
        }
    }
}
