/// Stands before a registry, records every request, and spoils those that its rules say.

import Foundation

package final class FaultyProxy: Sendable {
    package struct Request: Decodable, Sendable {
        /// From 1, in the order in which clients connected.
        package var connection: Int
        package var method: String
        /// With its query.
        package var path: String
        /// How many bytes the client sent as the body, without the framing of chunks.
        package var bytes: Int
        /// What the client was answered; nil where it was not (yet).
        package var status: Int?
        /// What the registry answered; nil where it was not asked.
        package var backend: Int?
        /// How many bytes the client was sent, headers and body.
        package var sent: Int
        /// Which of the rules was applied, from 0.
        package var rule: Int?
        /// Seconds of a clock that only goes on.
        package var start: Double
        package var end: Double?
        private var body: Data?
        private var headers: [[String]]

        package func header(_ name: String) -> String? { RequestHeaders.value(of: name, in: headers) }

        /// The body, where it is complete and has no more than 64 KiB.
        package var text: String? { body.map { String(decoding: $0, as: UTF8.self) } }
    }

    package struct Totals: Decodable, Sendable {
        package var requests: Int
        /// Since the start, also after `reset`.
        package var connections: Int
        /// Bytes of the bodies that clients sent.
        package var bodyIn: Int
        /// The same with the heads.
        package var wireIn: Int
        package var wireOut: Int

        enum CodingKeys: String, CodingKey {
            case requests, connections
            case bodyIn = "body_in"
            case wireIn = "wire_in"
            case wireOut = "wire_out"
        }
    }

    private struct Settings: Encodable {
        var origin: String
        var storage: String?
        var rules: [FaultRule]
        var passesRealm: Bool

        enum CodingKeys: String, CodingKey {
            case origin, storage, rules
            case passesRealm = "passes_realm"
        }
    }

    private struct First: Decodable { var port: UInt16 }

    private let process: RigProcess
    /// Kept alive: nothing works without it.
    private let registry: RegistryServer?
    package let port: UInt16

    private init(_ process: RigProcess, _ registry: RegistryServer?) throws {
        (self.process, self.registry) = (process, registry)
        port = try process.first(as: First.self).port
    }

    /// Starts one.
    ///
    /// `passesRealm`: clients are sent through the proxy for their tokens as well; those requests are then for
    /// `/.realm/HOST:PORT/token`.
    package static func start(
        before registry: RegistryServer,
        _ rules: [FaultRule] = [],
        passesRealm: Bool = false
    ) async throws -> FaultyProxy {
        let settings = Settings(
            origin: registry.origin,
            storage: registry.root,
            rules: rules,
            passesRealm: passesRealm
        )
        return try await onThread { try FaultyProxy(RigProcess("proxy", settings), registry) }
    }

    /// Before any server, as `http://127.0.0.1:1`.
    package static func start(beforeOrigin origin: String, _ rules: [FaultRule] = []) async throws -> FaultyProxy {
        let settings = Settings(origin: origin, rules: rules, passesRealm: false)
        return try await onThread { try FaultyProxy(RigProcess("proxy", settings), nil) }
    }

    /// HOST:PORT, as it stands in references.
    package var address: String { "127.0.0.1:\(port)" }

    /// Replaces the rules; their counts begin anew.
    package func setRules(_ rules: [FaultRule]) throws { try process.tell("rules", ["rules": rules]) }

    /// What is held goes on, and until the next `setRules` nothing is held.
    package func release() throws { try process.tell("release") }

    /// Forgets the requests and the rules.
    package func reset() throws { try process.tell("reset") }

    /// In the order in which they came, those that are under way too.
    package func requests() throws -> [Request] { try process.ask("requests", as: [Request].self) }

    /// Those of this method whose path has a match of the regular expression.
    package func requests(_ method: String, _ path: String) throws -> [Request] {
        try requests().filter { $0.method == method && $0.path.range(of: path, options: .regularExpression) != nil }
    }

    package func totals() throws -> Totals { try process.ask("totals", as: Totals.self) }
    package func count() throws -> Int { try totals().requests }
    package func bytesIn() throws -> Int { try totals().bodyIn }

    /// Waits until the requests are as meant, and gives them.
    @discardableResult
    package func wait(for what: String, where isMeant: ([Request]) throws -> Bool) async throws -> [Request] {
        try await Waiting.until(what) {
            let requests = try self.requests()
            return try isMeant(requests) ? requests : nil
        }
    }
}
