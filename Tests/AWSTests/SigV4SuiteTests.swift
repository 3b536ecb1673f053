import Foundation
import HTTP
import OCI
import Rigs
import Testing

@testable import AWS

@Suite struct SigV4SuiteTests {
    /// Where `scripts/setup test` puts it: AWS's own suite (of aws-c-auth), as botocore's source has it.
    private static let folder: String? = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: Botocore.tools)) ?? []
        let folders = names.filter { $0.hasPrefix("botocore-") }
            .map { "\(Botocore.tools)/\($0)/tests/unit/auth/aws4_testsuite" }
        return folders.first { FileManager.default.fileExists(atPath: $0) }
    }()

    private static let signer = SigV4(
        AWSCredentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            provider: "the suite"
        ),
        region: "us-east-1",
        service: "service"
    )

    @Test(.enabled(if: folder != nil, "scripts/setup test fetches AWS's suite; it is not on this machine"))
    func `AWS's own suite is signed as AWS wants it`() throws {
        let folder = try #require(Self.folder)
        let files = try #require(FileManager.default.subpaths(atPath: folder))
        let cases = files.filter { $0.hasSuffix(".req") }.map { "\(folder)/\($0.dropLast(4))" }
        #expect(cases.count == 34)
        for path in cases {
            func text(_ ending: String) throws -> String {
                try String(contentsOfFile: "\(path).\(ending)", encoding: .utf8)
            }
            let token = try text("creq").split(separator: "\n").first { $0.hasPrefix("x-amz-security-token:") }
            let signed = Self.signed(try text("req"), addedHeader: token)
            let wanted = try text("authz")
            #expect(signed == wanted, "\(path)")
        }
    }

    /// In one case only what is to be signed has the session's token, not the request.
    private static func signed(_ request: String, addedHeader: Substring?) -> String {
        var lines = request.split(separator: "\n", omittingEmptySubsequences: false)[...]
        let first = lines.popFirst() ?? ""
        // The address may hold spaces.
        let method = first.prefix { $0 != " " }
        let target = first.dropFirst(method.count + 1).dropLast(" HTTP/1.1".count)
        let path = target.prefix { $0 != "?" }
        var headers: [HTTPHeader] = []
        while let line = lines.popFirst(), !line.isEmpty {
            if line.first == " " {
                headers[headers.count - 1].value += "\n\(line)"
            } else {
                headers.append(header(line))
            }
        }
        if let added = addedHeader.map(header), !headers.contains(where: { $0.name.lowercased() == added.name }) {
            headers.append(added)
        }
        let body = lines.joined(separator: "\n")
        return signer.authorization(
            method: String(method),
            path: String(path),
            query: String(target.dropFirst(path.count + 1)),
            headers: headers,
            payloadHash: Digest.sha256(of: Array(body.utf8)).hex,
            date: "20150830T123600Z"
        )
    }

    private static func header(_ line: Substring) -> HTTPHeader {
        let name = line.prefix { $0 != ":" }
        return HTTPHeader(String(name), String(line.dropFirst(name.count + 1)))
    }
}
