/// A request and its response as values, and the one function that all of HTTP is to its users.

/// Sends a request and returns what was answered, whatever its status.
package typealias HTTPSend = @Sendable (HTTPRequest) async throws(HTTPError) -> HTTPResponse

package struct HTTPHeader: Hashable, Sendable {
    package var name: String
    package var value: String
    package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
}

package enum HTTPBody: Sendable {
    case none
    case bytes([UInt8])
    /// A part of a file, in bytes; it must not change while it is sent.
    case file(path: String, offset: Int, length: Int)

    package var length: Int {
        switch self {
        case .none: 0
        case .bytes(let bytes): bytes.count
        case .file(_, _, let length): length
        }
    }

    var isLarge: Bool { length > HTTPLimits.largeBody }
}

/// Where the body of an answer goes.
package enum HTTPSink: Sendable {
    /// Into ``HTTPResponse/body``, as far as ``HTTPRequest/longestBody``.
    case memory
    /// Piece by piece, where the status is one of these; the function says whether to go on. Other bodies go into
    /// memory.
    case stream(ClosedRange<Int>, @Sendable (UnsafeRawBufferPointer) -> Bool)
}

/// Whom a TLS connection trusts, besides the machine's own authorities, and who we are.
package struct HTTPTrust: Hashable, Sendable {
    /// Certificates of authorities, PEM.
    package var authorities: [UInt8]
    /// Paths of PEM files.
    package var clientCertificate: String?
    package var clientKey: String?

    package init(authorities: [UInt8] = [], clientCertificate: String? = nil, clientKey: String? = nil) {
        (self.authorities, self.clientCertificate, self.clientKey) = (authorities, clientCertificate, clientKey)
    }
}

package struct HTTPRequest: Sendable {
    package var method: String
    package var address: WebAddress
    package var headers: [HTTPHeader] = []
    package var body = HTTPBody.none
    package var sink = HTTPSink.memory
    /// What is kept in memory of an answer; a longer one is an error.
    package var longestBody = HTTPLimits.longestBody
    package var trust = HTTPTrust()
    /// What a token must allow for it, where the server wants tokens.
    package var scopes: [String] = []
    /// Whether it may be sent again when nobody knows how far it came.
    package var isRepeatable = true

    package init(_ method: String, _ address: WebAddress) { (self.method, self.address) = (method, address) }

    package mutating func set(_ name: String, _ value: String) {
        headers.removeAll { $0.name.lowercased() == name.lowercased() }
        headers.append(HTTPHeader(name, value))
    }
}

package struct HTTPResponse: Sendable {
    package var status: Int
    package var headers: [HTTPHeader]
    package var body: [UInt8]
    /// What was asked for at last.
    package var address: WebAddress

    package init(status: Int, headers: [HTTPHeader] = [], body: [UInt8] = [], address: WebAddress) {
        (self.status, self.headers, self.body, self.address) = (status, headers, body, address)
    }

    package var isSuccess: Bool { (200..<300).contains(status) }

    /// The first value of a header; names are compared without case.
    package subscript(name: String) -> String? { all(name).first }

    package func all(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}
