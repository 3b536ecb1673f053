/// All that gives credentials in AWS, on one port: EC2's metadata, a container's endpoint, IAM Identity Center, STS.

package final class AWSCredentialServer: Sendable {
    /// What it does; a field that is nil is left as it is.
    package struct Settings: Encodable, Sendable {
        /// Secrets by id, of keys that last; at first `AKIDUSER` with `user-secret`.
        package var keys: [String: String]?
        /// A number that is a part of all that is given out; 1 at first.
        package var generation: Int?
        /// For how many seconds; 3600 at first.
        package var lasts: Int?
        /// False: this is no machine of EC2.
        package var metadata: Bool?
        /// The role that EC2 has: `machine` at first, empty for none.
        package var role: String?
        /// What a container's `Authorization` must be.
        package var containerToken: String?
        /// The token that the portal takes: `portal-1` at first.
        package var portalToken: String?
        /// The one by which it may be renewed, once.
        package var refreshToken: String?
        /// That of the web identity: `web-1` at first.
        package var webToken: String?
        package var externalID: String?
        /// Statuses by kind: `metadata`, `container`, `portal`, `oidc`, `sts`.
        package var faults: [String: Int]?

        package init() {}

        enum CodingKeys: String, CodingKey {
            case keys, generation, lasts, metadata, role, faults
            case containerToken = "container_token"
            case portalToken = "portal_token"
            case refreshToken = "refresh_token"
            case webToken = "web_token"
            case externalID = "external_id"
        }
    }

    package struct Request: Decodable, Sendable {
        package var kind: String
        package var method: String
        package var path: String
        /// The fields of a form, a query or a JSON object.
        package var form: [String: String]
        package var status: Int
        private var headers: [[String]]

        package func header(_ name: String) -> String? { RequestHeaders.value(of: name, in: headers) }
    }

    private struct First: Decodable { var endpoint: String }

    private let process: RigProcess
    /// As `http://127.0.0.1:1`.
    package let endpoint: String

    private init(_ process: RigProcess) throws {
        self.process = process
        endpoint = try process.first(as: First.self).endpoint
    }

    package static func start(_ settings: Settings = Settings()) async throws -> AWSCredentialServer {
        try await onThread { try AWSCredentialServer(RigProcess("aws_credentials", settings)) }
    }

    package func set(_ change: (inout Settings) -> Void) throws {
        var settings = Settings()
        change(&settings)
        try process.tell("settings", ["settings": settings])
    }

    package func requests() throws -> [Request] { try process.ask("requests", as: [Request].self) }

    /// Forgets the requests; the settings stay.
    package func reset() throws { try process.tell("reset") }
}
