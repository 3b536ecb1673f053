/// Who we are to one registry: its credential, found once, and the tokens that it was exchanged for.

internal import Foundation
package import HTTP
internal import Synchronization

package actor RegistryAuthority: Authority {
    /// Blocks, until it is over; finds another one than that which was refused, where there is one.
    typealias Find =
        @Sendable (_ refused: Credential?, _ isOver: () -> Bool) throws(RegistryError) -> FoundCredential
    typealias CredentialAt =
        @Sendable (_ host: String, _ refused: Credential?, _ isOver: () -> Bool) throws(RegistryError) -> Credential

    typealias Password = @Sendable (_ refused: Credential?) async throws(RegistryError) -> Credential?

    private enum Scheme {
        case unknown
        case basic
        case bearer(realm: WebAddress, service: String?)
    }

    private let registry: WebAddress
    private let trust: HTTPTrust
    private let find: Find
    private let credentialAt: CredentialAt
    private let password: Password?
    /// What ``password`` gave last, and what of it was refused.
    private var given: Credential?
    private var refusedGiven: Credential?
    private let send: HTTPSend
    private let secrets: Secrets
    private let now: @Sendable () -> Duration
    private var scheme = Scheme.unknown
    private var credential: FoundCredential?
    /// The one before.
    private var refused: Credential?
    private var renewed: Duration?
    /// When it was looked for last.
    private var found: Duration?
    private var failure: HTTPError?
    private var strangers: [String: Credential] = [:]
    private var tokens: [[String]: (value: String, until: Duration)] = [:]
    private let asking = SharedAnswers<[String], String>()
    private let finding = SharedAnswers<String, FoundCredential>()

    /// Finds the registry's credential by `find`, once, and again where it is refused.
    ///
    /// `credentialAt` finds what the user keeps for another host: a realm elsewhere. `now` is of a clock that never
    /// goes back.
    init(
        _ registry: WebAddress,
        trust: HTTPTrust,
        find: @escaping Find,
        credentialAt: @escaping CredentialAt,
        password: Password? = nil,
        secrets: Secrets,
        now: @escaping @Sendable () -> Duration,
        send: @escaping HTTPSend
    ) {
        (self.registry, self.trust, self.find, self.credentialAt) = (registry, trust, find, credentialAt)
        (self.secrets, self.now, self.send, self.password) = (secrets, now, send, password)
    }

    package func authorization(for request: HTTPRequest) async throws(HTTPError) -> String? {
        guard request.address.hasSameOrigin(as: registry) else { return nil }
        switch scheme {
        case .unknown: return nil
        case .basic: return try await ownCredential().basic
        case .bearer: return try await bearer(request.scopes)
        }
    }

    package func authorization(
        for request: HTTPRequest,
        refused: String?,
        with response: HTTPResponse
    ) async throws(HTTPError) -> String? {
        // Neither another host nor one that the registry redirects to has a say in how we speak to the registry.
        guard request.address.hasSameOrigin(as: registry), response.address.hasSameOrigin(as: registry) else {
            return nil
        }
        // Who was nobody may have logged in since.
        if credential?.credential == Credential.none, found.map({ now() - $0 >= RegistryLimits.nobody }) ?? true {
            drop()
            tokens = [:]
        }
        if response.status == 403 {
            if let renewed = try await renewed(insteadOf: refused, response) { return renewed }
            return try await newer(insteadOf: refused)
        }
        let challenges = Challenge.all(in: response)
        if let challenge = challenges.first(where: { $0.scheme == "bearer" }) {
            guard let realm = challenge.parameters["realm"].flatMap({ WebAddress(parsing: $0) }) else {
                throw HTTPError(.forbidden, registry, "it asks for a token and names no realm")
            }
            scheme = .bearer(realm: realm, service: challenge.parameters["service"])
            let asked = challenge.parameters["scope"]?.split(separator: " ").map(String.init) ?? []
            let scopes = request.scopes.isEmpty ? asked : request.scopes
            if let refused { forget(refused) }
            let bearer = try await bearer(scopes)
            return bearer == refused ? nil : bearer
        }
        if challenges.contains(where: { $0.scheme == "basic" }) {
            scheme = .basic
            // One that was found before may have expired: the helper may give a newer one.
            if refused != nil, credential?.credential.basic == refused { drop() }
            if let refused, given?.basic == refused { refusedGiven = given }
            let basic = try await ownCredential().basic
            return basic == refused ? nil : basic
        }
        return nil
    }

    /// A 403 may mean that a helper's credential has expired, and mostly means that it does not allow what was asked
    /// for: the helper is asked again, but not each time.
    private func newer(insteadOf refused: String?) async throws(HTTPError) -> String? {
        guard case .basic = scheme, let refused else { return nil }
        let known = credential
        if known?.credential.basic == refused {
            let isOften = renewed.map { now() - $0 < RegistryLimits.renewal } ?? false
            guard known?.isFromHelper == true, !isOften else { return nil }
            renewed = now()
            drop()
        }
        do throws(HTTPError) {
            let basic = try await ownCredential().basic
            return basic == refused ? nil : basic
        } catch {
            if credential == nil { credential = known }
            // The refusal itself says more than a helper that fails now.
            guard error.kind == .cancelled else { return nil }
            throw error
        }
    }

    /// A password that has ended is refused with a 403 that says so (ECR).
    private func renewed(insteadOf refused: String?, _ response: HTTPResponse) async throws(HTTPError) -> String? {
        guard let refused, let given, given.basic == refused,
            String(decoding: response.body, as: UTF8.self).contains("expired")
        else { return nil }
        refusedGiven = given
        let basic = try await ownCredential().basic
        return basic == refused ? nil : basic
    }

    private func drop() { (refused, credential) = (credential?.credential, nil) }

    /// A token that was refused, and no newer one that came in its place meanwhile.
    private func forget(_ authorization: String) {
        tokens = tokens.filter { "Bearer \($0.value.value)" != authorization }
    }

    // MARK: Tokens

    private func bearer(_ scopes: [String]) async throws(HTTPError) -> String? {
        guard case .bearer(let realm, let service) = scheme else { return nil }
        if case .registryToken(let token) = try await ownCredential() { return "Bearer \(token)" }
        if let token = valid(scopes) { return token }
        let cancelled = HTTPError.notNeeded(realm)
        return try await asking.answer(scopes, cancelled: cancelled) { () async throws(HTTPError) in
            // Somebody may have got it meanwhile.
            if let token = valid(scopes) { return token }
            let token = try await token(realm, service, scopes)
            let (now, lifetime) = (now(), Duration.seconds(token.lifetime))
            // What carries it, or says it back, may still be on its way when it is over.
            secrets.add(token.value, until: now + lifetime + RegistryLimits.hiding, now: now)
            tokens = tokens.filter { $0.value.until > now }
            // A little before its end: the request that carries it takes its time, too.
            tokens[scopes] = (token.value, now + lifetime * 0.9)
            return "Bearer \(token.value)"
        }
    }

    private func valid(_ scopes: [String]) -> String? {
        tokens[scopes].flatMap { $0.until > now() ? "Bearer \($0.value)" : nil }
    }

    private func token(_ realm: WebAddress, _ service: String?, _ scopes: [String]) async throws(HTTPError) -> Token {
        if let fault = RealmCheck.fault(of: realm, for: registry) {
            throw HTTPError(.forbidden, realm, "\(registry.shown) asks for a token from there, and \(fault)")
        }
        var request = TokenRequest(
            realm: realm,
            service: service,
            scopes: scopes,
            credential: try await credential(for: realm),
            trust: realm.host == registry.host ? trust : HTTPTrust(authorities: trust.authorities)
        )
        do throws(HTTPError) {
            return try await request.send(send)
        } catch {
            // Who may not read a neighbour is refused for that scope, and nothing is wrong with the credential.
            guard error.kind == .denied, request.credential != .none, scopes.count == 1 else { throw error }
            // It may have expired, and the helper may give a newer one.
            if credential?.credential == request.credential { drop() }
            strangers[realm.origin] = nil
            let newer = try await credential(for: realm, insteadOf: request.credential)
            guard newer != request.credential else { throw error }
            request.credential = newer
        }
        return try await request.send(send)
    }

    // MARK: Credentials

    /// A stranger's realm gets none of the registry's; what the user keeps for that very host may go there.
    private func credential(
        for realm: WebAddress,
        insteadOf refused: Credential? = nil
    ) async throws(HTTPError) -> Credential {
        if RealmCheck.belongs(realm, to: registry) { return try await ownCredential() }
        if let own = await strangersCredential(realm, insteadOf: refused) { return own }
        guard try await ownCredential() == .none else {
            throw HTTPError(
                .forbidden,
                realm,
                "\(registry.shown) asks for its credentials there, which is another domain: they were not sent",
                remedy: "if this place is to be trusted, log in to it by its own name, as with `docker login "
                    + "\(realm.site)`"
            )
        }
        return .none
    }

    private func strangersCredential(_ realm: WebAddress, insteadOf refused: Credential?) async -> Credential? {
        if let known = strangers[realm.origin] { return known }
        let host = realm.site
        let credentialAt = credentialAt
        let found = await Self.offload { isOver throws(RegistryError) in try credentialAt(host, refused, isOver) }
        guard let own = try? found.get(), own != .none else { return nil }
        for secret in own.secrets { secrets.add(secret) }
        strangers[realm.origin] = own
        return own
    }

    private func ownCredential() async throws(HTTPError) -> Credential {
        var problem: RegistryError?
        if let password {
            do throws(RegistryError) {
                if let password = try await password(refusedGiven) {
                    for secret in password.secrets { secrets.add(secret) }
                    given = password
                    return password
                }
            } catch {
                if error.isCancelled { throw .notNeeded(registry) }
                problem = error
            }
        }
        let stored = try await storedCredential()
        guard stored == .none, let problem else { return stored }
        throw HTTPError(problem.isTransient ? .busy : .other, registry, problem.reason, remedy: problem.remedy)
    }

    private func storedCredential() async throws(HTTPError) -> Credential {
        if let credential { return credential.credential }
        // Who asks right after it could not be found hears the same.
        if let failure, let found, now() - found < RegistryLimits.nobody { throw failure }
        let cancelled = HTTPError.notNeeded(registry)
        let answer = try await finding.answer("", cancelled: cancelled) { () async throws(HTTPError) in
            if let credential { return credential }
            let (find, refused) = (find, refused)
            switch await Self.offload({ isOver throws(RegistryError) in try find(refused, isOver) }) {
            case .success(let answer):
                for secret in answer.credential.secrets { secrets.add(secret) }
                (credential, failure, found) = (answer, nil, now())
                return answer
            case .failure(let error) where error.isCancelled: throw cancelled
            case .failure(let error):
                let failure = HTTPError(
                    error.isTransient ? .busy : .other,
                    registry,
                    error.reason,
                    remedy: error.remedy
                )
                (self.failure, found) = (failure, now())
                throw failure
            }
        }
        return answer.credential
    }

    /// The work is told when its task is cancelled.
    private static func offload<Value: Sendable>(
        _ work: @escaping @Sendable (_ isOver: () -> Bool) throws(RegistryError) -> Value
    ) async -> Result<Value, RegistryError> {
        let isOver = Flag()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue(label: "credential").async {
                    let result = Result { () throws(RegistryError) in
                        try work { isOver.isRaised.load(ordering: .relaxed) }
                    }
                    continuation.resume(returning: result)
                }
            }
        } onCancel: {
            isOver.isRaised.store(true, ordering: .relaxed)
        }
    }
}

private final class Flag: Sendable {
    let isRaised = Atomic(false)
}
