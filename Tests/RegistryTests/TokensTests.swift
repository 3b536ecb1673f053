import HTTP
import Testing

@testable import Registry

@Suite struct TokensTests {
    private func ask(
        _ credential: Credential,
        realm: String = "https://auth.example/token",
        scopes: [String] = ["repository:a:pull,push", "repository:b:pull"],
        _ answers: @escaping FakeServer.Answers
    ) async throws -> (Result<Token, HTTPError>, [HTTPRequest]) {
        let server = FakeServer(answers)
        let trust = HTTPTrust(authorities: [1])
        let request = TokenRequest(
            realm: try address(realm),
            service: "a service",
            scopes: scopes,
            credential: credential,
            trust: trust
        )
        let result: Result<Token, HTTPError>
        do throws(HTTPError) { result = .success(try await request.send(server.send)) } catch {
            result = .failure(error)
        }
        #expect(server.requests.allSatisfy { $0.trust == trust })
        return (result, server.requests)
    }

    @Test func `a password is shown by Basic, and the realm's own parameters stay`() async throws {
        let (result, requests) = try await ask(
            .password(user: "me&", password: "p"),
            realm: "https://auth.example/token?tenant=x"
        ) { request, _ in request.answer(200, [:], #"{"token":"t","expires_in":300}"#) }
        #expect(try result.get().value == "t")
        #expect(try result.get().lifetime == 300)
        #expect(
            requests.map { "\($0.method) \($0.address)" } == [
                "GET https://auth.example/token?tenant=x&service=a%20service&scope=repository%3Aa%3Apull%2Cpush"
                    + "&scope=repository%3Ab%3Apull&account=me%26"
            ]
        )
        #expect(requests.first?.header("Authorization") == "Basic bWUmOnA=")
    }

    @Test func `who is nobody shows nothing`() async throws {
        let (_, requests) = try await ask(.none) { request, _ in request.answer(200, [:], #"{"access_token":"t"}"#) }
        #expect(requests.first?.header("Authorization") == nil)
        #expect(requests.first?.address.query?.contains("account") == false)
    }

    @Test func `an identity token is exchanged, in the body alone`() async throws {
        let (result, requests) = try await ask(.identityToken("i/d")) { request, _ in
            request.answer(200, [:], #"{"access_token":"t"}"#)
        }
        #expect(try result.get().value == "t")
        #expect(requests.map(\.method) == ["POST"])
        #expect(requests.first?.address.query == nil)
        guard case .bytes(let bytes)? = requests.first?.body else { throw CancellationError() }
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "grant_type=refresh_token&service=a%20service&client_id=imgwatch"
                + "&scope=repository%3Aa%3Apull%2Cpush%20repository%3Ab%3Apull&refresh_token=i%2Fd"
        )
    }

    @Test(arguments: [(404, 2), (405, 2), (401, 1)]) func `a server that has no such way may have the other`(
        status: Int,
        count: Int
    ) async throws {
        let (_, requests) = try await ask(.identityToken("i")) { request, _ in
            request.method == "POST" ? request.answer(status) : request.answer(200, [:], #"{"token":"t"}"#)
        }
        #expect(requests.count == count)
    }

    @Test(arguments: [
        (#"{"token":"t"}"#, "t", 60), (#"{"access_token":"a","expires_in":10}"#, "a", 10),
        (#"{"token":"","access_token":"a"}"#, "a", 60), (#"{"token":"t","expires_in":-5}"#, "t", 0),
        (#"{"token":"t","expires_in":9223372036854775807}"#, "t", 86400), (#"{"token":"t","expires_in":1.5}"#, "t", 60),
    ])
    func `an answer holds a token for a while`(text: String, value: String, lifetime: Int) async throws {
        let token = try await ask(.none) { request, _ in request.answer(200, [:], text) }.0.get()
        #expect((token.value, token.lifetime) == (value, lifetime))
    }

    @Test func `how long a busy server wants to be left alone is told`() async throws {
        let result = try await ask(.none) { request, _ in request.answer(429, ["Retry-After": "300"]) }.0
        #expect { _ = try result.get() } throws: { ($0 as? HTTPError)?.retryAfter == .seconds(300) }
    }

    @Test(arguments: [
        (200, "", HTTPError.Kind.other), (200, "{}", .other), (200, #"{"token":""}"#, .other),
        (200, #"{"token":5}"#, .other),
        (200, #"{"token":"a\r\nX: b"}"#, .other), (200, #"{"token":"é"}"#, .other), (401, "", .denied),
        (403, "", .denied),
        (404, "", .other), (500, "", .busy), (503, "", .busy), (429, "", .busy), (302, "", .other),
    ])
    func `anything else is an error that does not repeat it`(
        status: Int,
        text: String,
        kind: HTTPError.Kind
    ) async throws {
        let result = try await ask(.none) { request, _ in request.answer(status, [:], text) }.0
        #expect {
            _ = try result.get()
        } throws: {
            ($0 as? HTTPError)?.kind == kind && ($0 as? HTTPError)?.address == "https://auth.example/token"
        }
    }
}
