/// Speaks to a token server (distribution specification's token authentication, docker's OAuth2 variant of it).

internal import HTTP
internal import OCI

struct Token: Sendable {
    var value: String
    /// In seconds from the answer on.
    var lifetime: Int
}

/// A realm, and what it is asked for.
struct TokenRequest: Sendable {
    var realm: WebAddress
    var service: String?
    var scopes: [String]
    var credential: Credential
    var trust: HTTPTrust

    private static let client = "imgwatch"
    /// Where the answer does not say it.
    private static let lifetime = 60
    private static let longestLifetime = 86400

    func send(_ send: HTTPSend) async throws(HTTPError) -> Token {
        if case .identityToken(let refresh) = credential {
            let response = try await send(exchange(refresh))
            // A server that does not know this way may know the other.
            if ![404, 405].contains(response.status) { return try token(of: response) }
        }
        return try token(of: try await send(question()))
    }

    private func question() throws(HTTPError) -> HTTPRequest {
        var parameters = service.map { [(name: "service", value: $0)] } ?? []
        parameters += scopes.map { (name: "scope", value: $0) }
        if case .password(let user, _) = credential { parameters.append((name: "account", value: user)) }
        guard let address = realm.adding(parameters) else { throw HTTPError(.forbidden, realm, "it is no address") }
        var request = HTTPRequest("GET", address)
        request.trust = trust
        if let basic = credential.basic { request.set("Authorization", basic) }
        return request
    }

    private func exchange(_ refresh: String) -> HTTPRequest {
        let fields = [
            ("grant_type", "refresh_token"), ("service", service ?? ""), ("client_id", Self.client),
            ("scope", scopes.joined(separator: " ")), ("refresh_token", refresh),
        ]
        let form = fields.map { "\($0)=\(WebAddress.encoded($1))" }.joined(separator: "&")
        var request = HTTPRequest("POST", realm)
        request.trust = trust
        request.set("Content-Type", "application/x-www-form-urlencoded")
        request.body = .bytes(Array(form.utf8))
        return request
    }

    private func token(of response: HTTPResponse) throws(HTTPError) -> Token {
        guard response.isSuccess else {
            let kind: HTTPError.Kind =
                switch response.status {
                case 401, 403: .denied
                case let status where Backoff.isTransient(status): .busy
                default: .other
                }
            var error = HTTPError(kind, realm, "no token is given: it answered \(response.status)")
            error.retryAfter = Backoff.postponement(response)
            throw error
        }
        let json = try? JSON(parsing: response.body, subject: "a token")
        let values = ["token", "access_token"].compactMap { json?[$0]?.text }
        guard let value = values.first(where: { !$0.isEmpty }),
            !value.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F })
        else {
            throw HTTPError(.other, realm, "its answer holds no token")
        }
        let lifetime = json?["expires_in"]?.integer ?? Self.lifetime
        return Token(value: value, lifetime: min(max(lifetime, 0), Self.longestLifetime))
    }
}
