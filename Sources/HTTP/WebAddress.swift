/// Addresses of requests, taken apart by the very parser that will connect to them: what is checked is what is asked.

internal import CCurl

/// An `http` or `https` address; never with a user or a password in it.
package struct WebAddress: Hashable, Sendable, CustomStringConvertible {
    /// As it is sent: percent-encoded, without a fragment.
    package let description: String
    /// `http` or `https`.
    package let scheme: String
    /// Lower case; an IPv6 address in brackets.
    package let host: String
    package let port: Int
    /// Begins with `/`.
    package let path: String
    package let query: String?

    /// nil where the text is no address of the web, or holds a user or a password.
    package init?(parsing text: String) {
        guard let handle = URLHandle(), handle.set(text) else { return nil }
        self.init(handle)
    }

    private init?(_ handle: borrowing URLHandle) {
        guard let scheme = handle.part(CURLUPART_SCHEME), ["http", "https"].contains(scheme),
            let host = handle.part(CURLUPART_HOST), !host.isEmpty,
            let port = handle.part(CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap({ Int($0) }),
            let path = handle.part(CURLUPART_PATH), handle.part(CURLUPART_USER) == nil,
            handle.part(CURLUPART_PASSWORD) == nil, handle.removeFragment(), let text = handle.part(CURLUPART_URL)
        else { return nil }
        // Another alphabet's letters and digits may turn into this machine's name where the connection is made.
        guard host.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        (self.scheme, self.host, self.port, self.path) = (scheme, host.lowercased(), port, path)
        query = handle.part(CURLUPART_QUERY)
        description = text
    }

    /// What a `Location` header means, seen from here.
    package func resolving(_ location: String) -> WebAddress? {
        guard let handle = URLHandle(), handle.set(description), handle.set(location) else { return nil }
        return WebAddress(handle)
    }

    /// The same with parameters behind those that are there; names and values are encoded here.
    package func adding(_ parameters: [(name: String, value: String)]) -> WebAddress? {
        let added = parameters.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
        guard !added.isEmpty else { return self }
        let separator = description.contains("?") ? (description.hasSuffix("?") ? "" : "&") : "?"
        return WebAddress(parsing: description + separator + added)
    }

    /// The same over TLS, where nothing but the scheme tells its place from that of the other address.
    func secured(like other: WebAddress) -> WebAddress? {
        guard scheme == "http", host == other.host, port == 80 || port == other.port else { return nil }
        let origin = "https://\(host)" + (other.port == 443 ? "" : ":\(other.port)")
        return WebAddress(parsing: origin + path + (query.map { "?" + $0 } ?? ""))
    }

    /// For messages: parameters may be secrets, as in addresses that are signed.
    package var shown: String {
        let end = description.firstIndex(of: "?") ?? description.endIndex
        return String(description[..<end])
    }

    package var origin: String { "\(scheme)://\(host):\(port)" }

    /// As the place stands in references, and in the names of credentials and certificates: `host`, or `host:port`.
    package var site: String { port == (scheme == "https" ? 443 : 80) ? host : "\(host):\(port)" }

    package func hasSameOrigin(as other: WebAddress) -> Bool {
        (scheme, host, port) == (other.scheme, other.host, other.port)
    }

    /// What may stand in a parameter as it is; the rest as `%XX`.
    package static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}

/// Owns one `CURLU`.
private struct URLHandle: ~Copyable {
    private let pointer: OpaquePointer

    init?() {
        guard let pointer = curl_url() else { return nil }
        self.pointer = pointer
    }

    deinit { curl_url_cleanup(pointer) }

    /// A relative address is resolved against the one that is there.
    func set(_ text: String) -> Bool {
        guard !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else { return false }
        return curl_url_set(pointer, CURLUPART_URL, text, UInt32(CURLU_DISALLOW_USER)) == CURLUE_OK
    }

    func removeFragment() -> Bool { curl_url_set(pointer, CURLUPART_FRAGMENT, nil, 0) == CURLUE_OK }

    func part(_ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(pointer, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
