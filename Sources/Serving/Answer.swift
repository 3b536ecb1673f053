/// What a request gets, before HEAD takes the body off.

import FlyingFox
import Foundation
import OCI

struct Answer {
    enum Body {
        case bytes([UInt8])
        case blob(BlobBody)
    }
    var status: HTTPStatusCode
    var headers = HTTPHeaders([HTTPHeader("Docker-Distribution-Api-Version"): "registry/2.0"])
    var body: Body
    /// The body's bytes, also where HEAD does not read them.
    var length: Int

    private init(status: HTTPStatusCode, body: Body, length: Int) {
        (self.status, self.body, self.length) = (status, body, length)
    }

    init(json: JSON) { self.init(json: json.encoded(), status: .ok) }

    init(_ refusal: Refusal, headers: [HTTPHeader: String] = [:]) {
        let phrases: [Int: HTTPStatusCode] = [400: .badRequest, 405: .methodNotAllowed, 500: .internalServerError]
        self.init(json: refusal.body, status: phrases[refusal.status] ?? .notFound)
        for (header, value) in headers { self.headers[header] = value }
    }

    init(status: HTTPStatusCode, _ body: BlobBody) {
        self.init(status: status, body: .blob(body), length: body.count)
    }

    /// `bytes` may be left out for HEAD.
    init(manifest: Descriptor, _ bytes: [UInt8]) {
        self.init(status: .ok, body: .bytes(bytes), length: manifest.size)
        headers[.contentType] = manifest.mediaType
        headers[HTTPHeader("Docker-Content-Digest")] = manifest.digest.description
    }

    private init(json: [UInt8], status: HTTPStatusCode) {
        self.init(status: status, body: .bytes(json), length: json.count)
        headers[.contentType] = "application/json"
    }

    func response(isHead: Bool) -> HTTPResponse {
        var headers = headers
        headers[.contentLength] = String(length)
        switch body {
        case _ where isHead: return HTTPResponse(statusCode: status, headers: headers)
        case .bytes(let bytes): return HTTPResponse(statusCode: status, headers: headers, body: Data(bytes))
        case .blob(let body):
            return HTTPResponse(statusCode: status, headers: headers, body: HTTPBodySequence(body))
        }
    }
}
