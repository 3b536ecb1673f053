/// How this process comes to AWS: who it is there, in which region, by which addresses; looked up when it is needed.

import AWS
import Foundation
import HTTP
import OCI
import Project
import Registry
import Synchronization

/// One region and one profile.
actor CloudAccess {
    private let region: String?
    private let profile: String?
    private let parts: AWSParts
    private var made: Made?
    private var password: ECR.Password?
    /// Who needs the password while it is asked for, waits for that answer.
    private var asking: Task<Result<ECR.Password, AWSError>, Never>?

    private struct Made {
        var client: AWSClient
        var settings: AWSSettings
    }

    init(region: String?, profile: String?, _ parts: AWSParts) {
        (self.region, self.profile, self.parts) = (region, profile, parts)
    }

    func client() async throws(AWSError) -> AWSClient { try await access().client }

    func bucket(_ name: String) async throws(AWSError) -> S3Bucket {
        let access = try await access()
        return S3Bucket(name, client: access.client, isPathStyle: try access.settings.isPathStyle(name))
    }

    private func access() async throws(AWSError) -> Made {
        if let made { return made }
        let settings = try await AWSSettings.load(parts, profile: profile, region: region)
        // Somebody else may have been here meanwhile.
        if let made { return made }
        let client = settings.client(parts, CredentialChain(settings, parts))
        let new = Made(client: client, settings: settings)
        made = new
        return new
    }

    // MARK: ECR

    /// The registry's password; nil where the registry is not one of these credentials'.
    func password(of host: String, insteadOf refused: Credential?) async throws(AWSError) -> Credential? {
        let client = try await client()
        if let password, password.isFresh(now: client.now), password.credential != refused {
            return password.fits(host) ? password.credential : nil
        }
        let asked = asking ?? Task { await Self.ask(client) }
        asking = asked
        let result = await asked.value
        if asking == asked { asking = nil }
        let new = try result.get()
        password = new
        return new.fits(host) ? new.credential : nil
    }

    private static func ask(_ client: AWSClient) async -> Result<ECR.Password, AWSError> {
        do throws(AWSError) { return .success(try await ECR(client).password()) } catch { return .failure(error) }
    }
}

extension ECR.Password {
    fileprivate var credential: Credential { .password(user: user, password: password) }

    /// A little before its end: what carries it takes its time, too.
    fileprivate func isFresh(now: Int) -> Bool { expiration.map { Double(now) < $0 - Self.margin } ?? true }
    private static let margin: Double = 30

    /// One password opens all registries of ECR that the credentials reach; one of a stand-in, its own alone.
    fileprivate func fits(_ host: String) -> Bool { ECR.region(of: host) != nil || host == self.host }
}

/// All of AWS that a process uses.
final class CloudServices: Sendable {
    private struct Place: Hashable {
        var region: String?
        var profile: String?
    }
    private struct State {
        var settings: CloudSettings?
        var accesses: [Place: CloudAccess] = [:]
    }
    private let parts: AWSParts
    private let state = Mutex(State())
    var secrets: Secrets { parts.secrets }

    init(_ environment: [String: String], _ http: HTTPClient, _ settings: CloudSettings?) {
        parts = AWSParts(
            environment: environment,
            send: { request async throws(HTTPError) in try await http.send(request) },
            pause: { try await Task.sleep(for: $0) },
            now: { Int(Date().timeIntervalSince1970) }
        )
        state.withLock { $0.settings = settings }
    }

    /// What the configuration says now.
    var settings: CloudSettings? {
        get { state.withLock(\.settings) }
        set { state.withLock { $0.settings = newValue } }
    }

    /// The project's own, or that of another region.
    func access(region: String? = nil) -> CloudAccess {
        state.withLock { state in
            let place = Place(region: region ?? state.settings?.region, profile: state.settings?.profile)
            let access = state.accesses[place] ?? CloudAccess(region: place.region, profile: place.profile, parts)
            state.accesses[place] = access
            return access
        }
    }

    /// For ``ClientParts/passwords``: registries of ECR, and one of this machine that stands in for it.
    func password(of host: String, insteadOf refused: Credential?) async throws(RegistryError) -> Credential? {
        let region = ECR.region(of: host)
        guard region != nil || settings != nil && Self.isLoopback(host) else { return nil }
        do throws(AWSError) {
            return try await access(region: region).password(of: host, insteadOf: refused)
        } catch {
            throw RegistryError(error)
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        WebAddress(parsing: "https://\(host)/").map { HostKind($0.host) == .loopback } ?? false
    }
}

extension RegistryError {
    init(_ error: AWSError) {
        self.init(error.reason, remedy: error.remedy, isTransient: error.isTransient)
        (isCancelled, retryAfter) = (error.isCancelled, error.retryAfter)
    }
}

extension ImageProblem {
    init(_ error: AWSError) { self.init(RegistryError(error)) }
}
