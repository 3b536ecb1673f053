/// A user's environment and files, and what is found in them.

import Foundation
import HTTP
import Rigs
import Synchronization
import Testing

@testable import AWS

/// `{home}` and `{server}` stand for the user's home and the server's address, wherever they are written.
struct Situation: Sendable, CustomTestStringConvertible {
    var name: String
    var variables: [String: String] = [:]
    var config = ""
    var credentials = ""
    /// By their path in the user's home.
    var files: [String: String] = [:]
    /// Of imgwatch's own configuration.
    var profile: String?
    var region: String?

    var testDescription: String { name }

    /// What a test has to say about all of them; a variable that is set to nothing is not set.
    private static let basics = [
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "{home}", "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL_STS": "{server}", "AWS_ENDPOINT_URL_SSO": "{server}",
        "AWS_ENDPOINT_URL_SSO_OIDC": "{server}",
    ]

    /// Writes the files, and gives the environment.
    func set(up folder: RigFolder, _ server: String) throws -> [String: String] {
        func filled(_ text: String) -> String {
            text.replacing("{home}", with: folder.path).replacing("{server}", with: server)
        }
        if !config.isEmpty { try folder.write(".aws/config", filled(config)) }
        if !credentials.isEmpty { try folder.write(".aws/credentials", filled(credentials)) }
        for (name, text) in files { try folder.write(name, filled(text), mode: name.hasSuffix(".sh") ? 0o755 : 0o600) }
        return Self.basics.merging(variables) { $1 }.filter { !$0.value.isEmpty }.mapValues(filled)
    }
}

/// A user at work, with a clock that can be set.
struct Desk: Sendable {
    let folder: RigFolder
    private(set) var parts: AWSParts
    let clock = Clock()
    private let situation: Situation
    private let client: HTTPClient

    init(_ situation: Situation, _ server: String = "http://127.0.0.1:9") throws {
        folder = try RigFolder()
        client = HTTPClient()
        self.situation = situation
        parts = AWSParts(
            environment: try situation.set(up: folder, server),
            send: { [client] request async throws(HTTPError) in try await client.send(request) },
            pause: Patience.pause,
            now: { [clock] in clock.now }
        )
        parts.chance = { 0 }
    }

    func settings() async throws -> AWSSettings {
        try await AWSSettings.load(parts, profile: situation.profile, region: situation.region)
    }

    func chain() async throws -> CredentialChain { CredentialChain(try await settings(), parts) }

    func credentials() async throws -> AWSCredentials { try await chain().credentials() }

    func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)
    }

    /// What it says instead.
    func failure() async throws -> AWSError {
        do {
            let found = try await credentials()
            throw RigFailure("there are credentials, of \(found.provider)")
        } catch let error as AWSError {
            return error
        }
    }
}

/// The time of day, and what is added to it.
final class Clock: Sendable {
    private let added = Mutex(0)
    var now: Int { Int(Date().timeIntervalSince1970) + added.withLock(\.self) }
    func advance(_ seconds: Int) { added.withLock { $0 += seconds } }
}

/// Waits without a clock: a limit is never reached, and what is tried again is tried at once.
enum Patience {
    static let pause: HTTPPause = { duration in
        // No limit of ours is shorter than a second, and no pause between two tries is as long.
        guard duration >= .seconds(1) else { return }
        let (stream, end) = AsyncStream.makeStream(of: Void.self)
        for await _ in stream {}
        withExtendedLifetime(end) {}
        try Task.checkCancellation()
    }
}
