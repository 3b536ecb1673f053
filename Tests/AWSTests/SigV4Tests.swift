/// Signatures, byte for byte as AWS's own clients make them.

import Foundation
import HTTP
import OCI
import Testing

@testable import AWS

@Suite struct SigV4Tests {
    /// A request, who signs it, and what `Authorization` must then be.
    struct Vector: Sendable, CustomTestStringConvertible {
        var method: String
        var url: String
        var headers: [HTTPHeader]
        var body: [UInt8]
        var signer: SigV4
        var date: String
        var authorization: String
        var testDescription: String { "\(method) \(url)" }

        init(_ json: JSON) throws {
            method = try #require(json["method"]?.text)
            url = try #require(json["url"]?.text)
            headers = try #require(json["headers"]?.array).map { header in
                HTTPHeader(header.array?.first?.text ?? "", header.array?.last?.text ?? "")
            }
            body = Array(try #require(Data(base64Encoded: json["body_b64"]?.text ?? "")))
            signer = SigV4(
                AWSCredentials(
                    accessKeyID: try #require(json["ak"]?.text),
                    secretAccessKey: try #require(json["sk"]?.text),
                    sessionToken: json["token"]?.text,
                    provider: "test"
                ),
                region: try #require(json["region"]?.text),
                service: try #require(json["service"]?.text)
            )
            date = try #require(json["date"]?.text)
            authorization = try #require(json["authorization"]?.text)
        }

        var signed: String {
            let origin = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
            let rest = origin.firstIndex(of: "/").map { origin[$0...] } ?? ""
            let path = rest.prefix { $0 != "?" }
            return signer.authorization(
                method: method,
                path: String(path),
                query: String(rest.dropFirst(path.count + 1)),
                headers: headers,
                payloadHash: headers.first { $0.name.lowercased() == SigV4.hashHeader }?.value
                    ?? Digest.sha256(of: body).hex,
                date: date
            )
        }
    }

    static func vectors(_ bytes: [UInt8]?) throws -> [Vector] {
        guard let bytes else { return [] }
        return try #require(try JSON(parsing: bytes, subject: "vectors").array).map { try Vector($0) }
    }

    @Test(.enabled(if: Oracles.sigV4 != nil, "shared/oracles is not on this machine"))
    func `a hundred requests are signed as botocore signs them`() throws {
        let vectors = try Self.vectors(Oracles.sigV4)
        #expect(vectors.count == 100)
        for vector in vectors { #expect(vector.signed == vector.authorization, "\(vector.testDescription)") }
    }

    /// Source: the worked example of "Authenticating Requests (AWS Signature Version 4)", S3 API reference.
    @Test func `the example of S3's own reference comes out`() throws {
        let credentials = AWSCredentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            provider: "test"
        )
        var request = HTTPRequest(
            "GET",
            try #require(WebAddress(parsing: "https://examplebucket.s3.amazonaws.com/test.txt"))
        )
        request.set("Range", "bytes=0-9")
        let signed = SigV4(credentials, region: "us-east-1", service: "s3").signed(request, now: 1_369_353_600)
        let authorization = try #require(signed.headers.last { $0.name == "Authorization" }?.value)
        #expect(authorization.hasSuffix("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"))
    }

    @Test(arguments: [(0, "19700101T000000Z"), (1_369_353_600, "20130524T000000Z"), (951_868_799, "20000229T235959Z")])
    func `dates are written as AWS wants them`(seconds: Int, date: String) {
        #expect(SigV4.date(seconds) == date)
    }
}
