/// What a client of the control socket asks for: as much of HTTP/1.1 (RFC 9112) as that takes.

package struct ControlRequest: Equatable, Sendable {
    package var method: String
    /// Without a query.
    package var path: String

    package init(_ method: String, _ path: String) { (self.method, self.path) = (method, path) }
}

extension ControlRequest {
    enum Reading: Equatable {
        case more
        case request(ControlRequest)
        case refusal(ControlAnswer)
    }

    /// What so many bytes from the start of a connection are.
    ///
    /// A body is waited for, and means nothing: no request has one.
    static func reading(_ bytes: [UInt8]) -> Reading {
        let text = bytes.prefix(ControlServer.Limits.head)
        guard let first = text.firstIndex(of: 0x0A) else {
            return bytes.count > text.count ? .refusal(.tooLong) : .more
        }
        guard let request = ControlRequest(line: text[..<first]) else { return .refusal(.garbage) }
        guard let end = endOfHead(text, from: first) else {
            return bytes.count > text.count ? .refusal(.tooLong) : .more
        }
        var length = 0
        for line in text[(first + 1)..<end].split(separator: 0x0A) {
            let header = String(decoding: line, as: UTF8.self).split(separator: ":", maxSplits: 1)
            guard let name = header.first?.lowercased(), header.count == 2 else { continue }
            if name == "transfer-encoding" { return .refusal(.unsupported) }
            guard name == "content-length" else { continue }
            guard let value = Int(header[1].filter { !$0.isWhitespace }), value >= 0 else { return .refusal(.garbage) }
            length = value
        }
        if length > ControlServer.Limits.body { return .refusal(.tooLong) }
        return bytes.count - end < length ? .more : .request(request)
    }

    /// A line like `GET /v1/status HTTP/1.1`.
    private init?(line: some Sequence<UInt8>) {
        let words = String(decoding: line.filter { $0 != 0x0D }, as: UTF8.self).split(separator: " ")
        guard words.count == 3, words[2].hasPrefix("HTTP/1."), words[1].hasPrefix("/"),
            words[0].allSatisfy({ $0.isASCII && $0.isUppercase })
        else { return nil }
        self.init(String(words[0]), String(words[1].prefix { $0 != "?" }))
    }

    /// Where what follows the empty line begins.
    private static func endOfHead(_ text: ArraySlice<UInt8>, from first: Int) -> Int? {
        var lineStart = first + 1
        while let end = text[lineStart...].firstIndex(of: 0x0A) {
            if text[lineStart..<end].allSatisfy({ $0 == 0x0D }) { return end + 1 }
            lineStart = end + 1
        }
        return nil
    }
}

/// A status of HTTP, and one JSON object.
package struct ControlAnswer: Equatable, Sendable {
    package var status: Int
    package var body: [UInt8]

    package init(_ status: Int, _ body: [UInt8]) { (self.status, self.body) = (status, body) }

    /// `{"error":"…"}`; a plain sentence, without quotes.
    package init(_ status: Int, error: String) { self.init(status, Array(#"{"error":"\#(error)"}"#.utf8)) }

    static let garbage = Self(400, error: "this is no request of HTTP/1.1")
    static let late = Self(408, error: "the request did not come in time")
    static let tooLong = Self(413, error: "the request is too long")
    static let unsupported = Self(501, error: "a body must have a Content-Length")
    static let foreign = Self(403, error: "only the user who runs imgwatch may ask")
    static let busy = Self(503, error: "imgwatch did not answer in time")

    /// As it goes over the connection, which ends with it.
    var bytes: [UInt8] {
        let lines = [
            "HTTP/1.1 \(status) \(Self.phrases[status] ?? "Refused")", "Content-Type: application/json",
            "Content-Length: \(body.count + 1)", "Connection: close", "", "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8) + body + [0x0A]
    }

    /// Reads ``bytes``; nil where they are something else, or cut off.
    init?(_ bytes: [UInt8]) {
        let separator = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: separator) }) else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        let length = lines.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) }
        guard words.count > 1, words[0] == "HTTP/1.1", let status = Int(words[1]) else { return nil }
        let body = bytes[(end + separator.count)...]
        guard let length, body.count == length, body.last == 0x0A else { return nil }
        self.init(status, Array(body.dropLast()))
    }

    private static let phrases = [
        200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        408: "Request Timeout", 409: "Conflict", 413: "Content Too Large", 501: "Not Implemented",
        503: "Service Unavailable",
    ]
}
