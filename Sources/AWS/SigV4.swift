/// Signs requests as AWS wants them (Signature Version 4, header form); pure.
///
/// Source: "Create a signed AWS API request", IAM user guide; AWS's own test suite judges it.

internal import Foundation
internal import Glibc
package import HTTP
internal import OCI

package struct SigV4: Sendable {
    package var credentials: AWSCredentials
    package var region: String
    /// As it stands in the scope: `s3`, `ecr`, `lambda`.
    package var service: String

    package init(_ credentials: AWSCredentials, region: String, service: String) {
        (self.credentials, self.region, self.service) = (credentials, region, service)
    }

    /// The request with date, token and signature on it; `now` is in seconds since 1970.
    ///
    /// Of a body that is a file the caller puts `x-amz-content-sha256` on the request.
    package func signed(_ request: HTTPRequest, now: Int) -> HTTPRequest {
        var request = request
        let date = Self.date(now)
        request.set("X-Amz-Date", date)
        if let token = credentials.sessionToken { request.set("X-Amz-Security-Token", token) }
        let stated = request.headers.first { $0.name.lowercased() == Self.hashHeader }?.value
        let hash = stated ?? Self.hash(of: request.body)
        if service == "s3", stated == nil { request.set(Self.hashHeader, hash) }
        let authorization = authorization(
            method: request.method,
            path: request.address.path,
            query: request.address.query ?? "",
            headers: request.headers + [HTTPHeader("Host", request.address.site)],
            payloadHash: hash,
            date: date
        )
        request.set("Authorization", authorization)
        return request
    }

    static let hashHeader = "x-amz-content-sha256"

    private static func hash(of body: HTTPBody) -> String {
        switch body {
        case .none: Digest.sha256(of: []).hex
        case .bytes(let bytes): Digest.sha256(of: bytes).hex
        case .file: preconditionFailure("the hash of a file is to be stated in \(hashHeader)")
        }
    }

    // MARK: The signature

    /// The value of `Authorization`.
    ///
    /// `path` and `query` are as they stand on the wire, `date` is like `20261127T190000Z`.
    package func authorization(
        method: String,
        path: String,
        query: String,
        headers: [HTTPHeader],
        payloadHash: String,
        date: String
    ) -> String {
        let fields = Self.canonical(headers)
        let names = fields.map(\.name).joined(separator: ";")
        let request = [
            method, canonicalPath(path), Self.canonicalQuery(query),
            fields.map { "\($0.name):\($0.value)\n" }.joined(), names, payloadHash,
        ].joined(separator: "\n")
        let scope = "\(date.prefix(8))/\(region)/\(service)/aws4_request"
        let text = ["AWS4-HMAC-SHA256", date, scope, Digest.sha256(of: Array(request.utf8)).hex]
            .joined(separator: "\n")
        var key = Array("AWS4\(credentials.secretAccessKey)".utf8)
        for part in [String(date.prefix(8)), region, service, "aws4_request", text] {
            key = HMAC.sha256(of: Array(part.utf8), key: key)
        }
        let signature = Digest(bytes: key)?.hex ?? ""
        return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), SignedHeaders=\(names), "
            + "Signature=\(signature)"
    }

    /// What others on the way may change, or what says nothing, is not signed.
    private static let unsigned: Set<String> = [
        "authorization", "connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id",
    ]

    /// Lower case, sorted; values trimmed, their inner spaces one each, those of one name joined.
    private static func canonical(_ headers: [HTTPHeader]) -> [(name: String, value: String)] {
        var values: [String: [String]] = [:]
        for header in headers {
            let name = header.name.lowercased()
            guard !unsigned.contains(name) else { continue }
            let words = header.value.split { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
            values[name, default: []].append(words.joined(separator: " "))
        }
        return values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { name in
            (name, values[name, default: []].joined(separator: ","))
        }
    }

    /// S3 takes the path as it is sent; all others without dots and double slashes, and encoded once more.
    private func canonicalPath(_ path: String) -> String {
        let path = path.isEmpty ? "/" : path
        guard service != "s3" else { return path }
        var segments: [Substring] = []
        for segment in path.split(separator: "/") where segment != "." {
            if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
        }
        let end = path.utf8.last == UInt8(ascii: "/") && !segments.isEmpty ? "/" : ""
        return "/" + segments.map { WebAddress.encoded(String($0)) }.joined(separator: "/") + end
    }

    /// Sorted by encoded name and value; a name alone gets its `=`.
    private static func canonicalQuery(_ query: String) -> String {
        let pairs = query.split(separator: "&").map { pair in
            let equals = pair.firstIndex(of: "=") ?? pair.endIndex
            return (reencoded(pair[..<equals]), reencoded(pair[equals...].dropFirst()))
        }
        let sorted = pairs.sorted { $0.0 == $1.0 ? $0.1 < $1.1 : $0.0 < $1.0 }
        return sorted.map { "\($0)=\($1)" }.joined(separator: "&")
    }

    private static func reencoded(_ text: Substring) -> String {
        WebAddress.encoded(text.removingPercentEncoding ?? String(text))
    }

    // MARK: Dates

    /// As in `20261127T190000Z`.
    package static func date(_ now: Int) -> String {
        var seconds = time_t(now)
        var fields = tm()
        gmtime_r(&seconds, &fields)
        let day = [Int(fields.tm_year) + 1900, Int(fields.tm_mon) + 1, Int(fields.tm_mday)]
        let time = [Int(fields.tm_hour), Int(fields.tm_min), Int(fields.tm_sec)]
        return day.map(twoDigits).joined() + "T" + time.map(twoDigits).joined() + "Z"
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
