/// Gives the tokens that a registry wants, for as long as the test says, and records who asked for which scopes.

package final class TokenServer: Sendable {
    /// What it does; a field that is nil is left as it is.
    package struct Settings: Encodable, Sendable {
        /// Passwords by user; at first `user` with `password`.
        package var users: [String: String]?
        /// Those of the users who may only pull.
        package var readers: [String]?
        /// Users by refresh token.
        package var refresh: [String: String]?
        /// Whether who shows nothing may pull; true at first.
        package var anonymous: Bool?
        /// The `expires_in` that it says: 300 seconds at first.
        package var announced: Int?
        /// Seconds for which the registry takes a token: 300 at first; 0 for a token that has expired.
        package var lasts: Int?
        /// In which fields the token is: `token` at first, or `access_token`, or both.
        package var fields: [String]?
        /// False: 404 for POST, as of servers that know GET only.
        package var post: Bool?
        /// Only the first scope is looked at, as some servers do.
        package var oneScope: Bool?
        /// Another than 200: the answer to everything, with these headers.
        package var status: Int?
        package var headers: [String: String]?

        package init() {}

        enum CodingKeys: String, CodingKey {
            case users, readers, refresh, anonymous, announced, lasts, fields, post, status, headers
            case oneScope = "one_scope"
        }
    }

    package struct Request: Decodable, Sendable {
        package var method: String
        package var path: String
        package var scopes: [String]
        /// Who it was; nil for nobody, and for whom it did not believe.
        package var user: String?
        package var body: String
        package var status: Int?
        private var headers: [[String]]

        package func header(_ name: String) -> String? { RequestHeaders.value(of: name, in: headers) }
    }

    private struct First: Decodable {
        var realm: String
        var service: String
        var issuer: String
        var rootcertbundle: String
    }

    private let process: RigProcess
    package let realm: String
    package let service: String
    let issuer: String
    let certificate: String

    private init(_ process: RigProcess) throws {
        let first = try process.first(as: First.self)
        (self.process, realm, service) = (process, first.realm, first.service)
        (issuer, certificate) = (first.issuer, first.rootcertbundle)
    }

    package static func start(_ settings: Settings = Settings()) async throws -> TokenServer {
        try await onThread { try TokenServer(RigProcess("tokens", settings)) }
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
