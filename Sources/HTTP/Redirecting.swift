/// The layer that follows redirects of what is only read, and shows no credential to another host.

package enum Redirecting {
    private static let codes = [301, 302, 303, 307, 308]
    private static let credentials = ["authorization", "cookie", "proxy-authorization"]

    package static func around(_ send: @escaping HTTPSend) -> HTTPSend {
        { request async throws(HTTPError) in
            var request = request
            for _ in 0...HTTPLimits.mostRedirects {
                let response = try await send(request)
                guard codes.contains(response.status), ["GET", "HEAD"].contains(request.method) else { return response }
                guard let location = response["Location"] else { return response }
                let next = try target(of: location, from: request.address)
                if !next.hasSameOrigin(as: request.address) { request = withoutCredentials(request) }
                request.address = next
            }
            throw HTTPError(.forbidden, request.address, "it redirects more than \(HTTPLimits.mostRedirects) times")
        }
    }

    package static func withoutCredentials(_ request: HTTPRequest) -> HTTPRequest {
        var request = request
        request.headers.removeAll { credentials.contains($0.name.lowercased()) }
        request.trust.clientCertificate = nil
        request.trust.clientKey = nil
        return request
    }

    /// Where a `Location` leads to, if that is a place to go to from here: not out of TLS, and into no private network
    /// from outside of it.
    ///
    /// A proxy that does not tell the server behind it that it speaks TLS makes that one write `http`: on the very same
    /// host TLS is kept.
    package static func target(of location: String, from address: WebAddress) throws(HTTPError) -> WebAddress {
        guard var next = address.resolving(location) else {
            throw HTTPError(.forbidden, address, "its Location is no address")
        }
        if address.scheme == "https", let secure = next.secured(like: address) { next = secure }
        if next.hasSameOrigin(as: address) { return next }
        if address.scheme == "https", next.scheme != "https" {
            let remedy =
                "let the proxy before the registry send `X-Forwarded-Proto: https`, or set the registry's own address; "
                + "nothing was sent to the other place"
            throw HTTPError(.forbidden, address, "it leads from https to \(next.shown)", remedy: remedy)
        }
        let (here, there) = (HostKind(address.host), HostKind(next.host))
        guard there == .open || there == here || next.host == address.host else {
            throw HTTPError(.forbidden, address, "it leads into a private network, to \(next.shown)")
        }
        return next
    }
}
