/// The layer that says who we are: it puts credentials on requests, and asks for better ones when they are refused.

/// Where credentials come from.
package protocol Authority: Sendable {
    /// The value of the header `Authorization`; nil where none is known to be needed.
    func authorization(for request: HTTPRequest) async throws(HTTPError) -> String?
    /// What to send instead after a 401 or a 403; nil where there is nothing better.
    func authorization(
        for request: HTTPRequest,
        refused: String?,
        with response: HTTPResponse
    ) async throws(HTTPError) -> String?
}

package enum Authenticating {
    package static func around(_ send: @escaping HTTPSend, _ authority: any Authority) -> HTTPSend {
        { request async throws(HTTPError) in
            let first = try await authority.authorization(for: request)
            let response = try await send(authorized(request, first))
            guard [401, 403].contains(response.status) else { return response }
            guard let second = try await authority.authorization(for: request, refused: first, with: response) else {
                return response
            }
            return try await send(authorized(request, second))
        }
    }

    private static func authorized(_ request: HTTPRequest, _ value: String?) -> HTTPRequest {
        guard let value else { return request }
        var request = request
        request.set("Authorization", value)
        return request
    }
}
