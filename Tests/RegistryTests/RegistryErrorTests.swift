import Foundation
import HTTP
import OCI
import Testing

@testable import Registry

@Suite struct RegistryErrorTests {
    private let secrets = Secrets()

    private func error(_ status: Int, _ body: String, _ headers: [String: String] = [:]) throws -> RegistryError {
        let request = HTTPRequest("GET", try address("https://a.example/v2/x?token=geheim"))
        return RegistryError("reading x", request.answer(status, headers, body), hiding: secrets)
    }

    @Test func `the registry's words are in it, with its codes and digests`() throws {
        let digest = Digest.sha256(of: [1])
        let body = #"{"errors":[{"code":"A","message":"one","detail":"\#(digest)"},{"code":"B"},{"message":"three"}]}"#
        let found = try error(400, body)
        #expect(found.reason == "reading x: https://a.example/v2/x answered 400: A one; B; three")
        #expect(found.codes == ["A", "B"])
        #expect(found.digests == [digest])
        #expect((found.status, found.isTransient, found.isCancelled) == (400, false, false))
    }

    @Test(arguments: [
        ("", ""), ("plain  words\r\n\tand more", ": plain words and more"),
        ("\u{1B}[2J\u{7}red\u{202E}desrever\u{9B}\u{0}\u{FEFF}", ": [2J red desrever"),
        (#"{"errors":[{"code":"\u001b[31m","message":"a\u202eb\u2028c"}]}"#, ": [31m a b c"),
        (String(repeating: "x", count: 1000), ": " + String(repeating: "x", count: 300)), (#"{"errors":[]}"#, ""),
    ])
    func `they are one short line without tricks`(body: String, shown: String) throws {
        #expect(try error(500, body).reason == "reading x: https://a.example/v2/x answered 500" + shown)
    }

    @Test(arguments: [
        (401, [:], false, false), (403, [:], false, false), (404, [:], false, false), (429, [:], true, true),
        (500, [:], true, false), (503, ["Retry-After": "1"], true, false), (503, ["Retry-After": "2"], true, true),
    ])
    func `some may pass, at once or later`(status: Int, headers: [String: String], passes: Bool, later: Bool) throws {
        let found = try error(status, "", headers)
        #expect((found.isTransient, found.isPostponed) == (passes, later))
        #expect(!found.remedy.isEmpty && !found.remedy.hasSuffix("."))
    }

    @Test(arguments: [
        (HTTPError.Kind.unreachable, true), (.untrusted, false), (.timedOut, true), (.cut, true), (.tooLong, false),
        (.refused, false), (.forbidden, false), (.busy, true), (.denied, false), (.cancelled, false), (.other, false),
    ])
    func `what got no answer says where, why, and what to do`(kind: HTTPError.Kind, passes: Bool) throws {
        let problem = HTTPError(kind, try address("https://a.example/v2/x?token=geheim"), "so it is")
        let found = RegistryError(problem, hiding: secrets)
        #expect(found.reason == "https://a.example/v2/x: so it is")
        #expect((found.isTransient, found.isCancelled) == (passes, kind == .cancelled))
        #expect(found.status == (kind == .denied ? 401 : nil))
        #expect(!found.remedy.isEmpty && !found.remedy.hasSuffix("."))
    }

    @Test(arguments: [
        (429, ["Retry-After": "5"], 5), (503, ["Retry-After": "500"], 500), (429, [:], nil),
        (500, ["Retry-After": "5"], nil),
    ])
    func `how long the registry wants to be left alone is told`(
        status: Int,
        headers: [String: String],
        seconds: Int?
    ) throws {
        #expect(try error(status, "", headers).retryAfter == seconds.map { .seconds($0) })
    }

    @Test func `a remedy that is known counts, and plain HTTP is recognised`() throws {
        let place = try address("https://a.example/v2/")
        let own = HTTPError(.other, place, "it failed", remedy: "do this")
        #expect(RegistryError(own, hiding: secrets).remedy == "do this")
        for words in ["ssl3_get_record:wrong version number", "SSL routines::packet length too long"] {
            let plain = RegistryError(HTTPError(.untrusted, place, words), hiding: secrets)
            #expect(plain.remedy.contains("plain HTTP, which is for loopback alone"))
        }
    }

    @Test(arguments: [
        ("no alternative certificate subject name matches target host name 'a.example'", "for this name"),
        ("certificate has expired", "clock"), ("unable to get local issuer", "certs.d/a.example:5443/ca.crt"),
    ])
    func `what is wrong with a certificate is told by its own remedy`(reason: String, remedy: String) throws {
        let error = HTTPError(.untrusted, try address("https://a.example:5443/v2/"), reason)
        #expect(RegistryError(error, hiding: secrets).remedy.contains(remedy))
    }

    @Test func `whom a token server does not know must not knock again and again`() throws {
        #expect(
            RegistryError(HTTPError(.denied, try address("https://a.example/"), "no"), hiding: secrets).status == 401
        )
    }

    @Test(arguments: [200, 302, 400]) func `whatever was answered, no secret is in it`(status: Int) throws {
        secrets.add("geheim")
        let found = try error(status, #"{"errors":[{"code":"geheim","message":"\u0067eheim"}]}"#)
        #expect(found.reason.hasSuffix("answered \(status): *** ***"))
        #expect(found.codes == ["***"])
        let text = RegistryError(
            HTTPError(.other, try address("https://a.example/geheim"), "geheim", remedy: "geheim"),
            hiding: secrets
        )
        #expect((text.reason, text.remedy) == ("https://a.example/***: ***", "***"))
    }

    @Test func `a digest that is none of any is not shown`() throws {
        let request = HTTPRequest("GET", try address("https://a.example/"))
        let (one, other) = (Digest.sha256(of: [1]), Digest.sha256(of: [2]))
        #expect(!request.answer(201).contradicts(one))
        #expect(!request.answer(201, ["Docker-Content-Digest": "\(one)"]).contradicts(one))
        #expect(request.answer(201, ["Docker-Content-Digest": "\(other)"]).contradicts(one))
        #expect(request.answer(201, ["Docker-Content-Digest": "\(other)"]).statedDigest == "\(other)")
        #expect(request.answer(201, ["Docker-Content-Digest": "\u{1B}geheim"]).statedDigest == "something else")
    }

    @Test func `digests are found wherever they stand`() {
        let (one, other) = (Digest.sha256(of: [1]), Digest.sha256(of: [2]))
        #expect(Digest.all(in: Array("x\(one)y sha256:12 sha256:\(other) sha256:".utf8)) == [one, other])
    }
}
