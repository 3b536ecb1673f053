import Foundation
import Rigs
import Testing

/// The registry believes the tokens for as long as they last.
@Suite(.enabled(if: RegistryServer.isInstalled && Curl.isInstalled, "docker-registry or curl is not installed"))
struct TokenServerTests {
    private struct Answer: Decodable {
        var token: String?
        var access_token: String?
        var expires_in: Int?
    }

    private func answer(_ text: String) throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
    }

    /// The status of an upload's beginning with a token for `scope`.
    private func post(
        _ registry: RegistryServer,
        _ tokens: TokenServer,
        _ scope: String,
        user: String?
    ) async throws -> Int {
        let url = "\(tokens.realm)?service=\(tokens.service)&scope=\(scope)"
        let got = try answer(try await Curl.send("GET", url, user.map { ["--user", $0] } ?? []).text)
        let token = try #require(got.token)
        let words = ["--header", "Authorization: Bearer \(token)", "--data", ""]
        return try await Curl.send("POST", "\(registry.origin)/v2/a/blobs/uploads/", words).status
    }

    @Test func `who may, gets what is asked for, for as long as the test says`() async throws {
        let tokens = try await TokenServer.start()
        let registry = try await RegistryServer.start(.token(tokens))
        let scope = "repository:a:pull,push"
        #expect(try await post(registry, tokens, scope, user: "user:password") == 202)
        #expect(try await post(registry, tokens, scope, user: nil) == 401)
        #expect(try await post(registry, tokens, "repository:b:pull,push", user: "user:password") == 401)
        try tokens.set { $0.readers = ["user"] }
        #expect(try await post(registry, tokens, scope, user: "user:password") == 401)
        try tokens.set { ($0.readers, $0.lasts) = ([], -1) }
        #expect(try await post(registry, tokens, scope, user: "user:password") == 401)
        #expect(try tokens.requests().map(\.user) == ["user", nil, "user", "user", "user"])
        #expect(try await Curl.send("GET", tokens.realm, ["--user", "user:wrong"]).status == 401)
    }

    @Test func `a refresh token is as good as a password`() async throws {
        let tokens = try await TokenServer.start()
        try tokens.set { ($0.refresh, $0.announced) = (["refresh-1": "user"], 7) }
        let form = [
            "grant_type=refresh_token", "refresh_token=refresh-1", "service=rig", "scope=repository:a:pull,push",
        ]
        let words = form.flatMap { ["--data-urlencode", $0] }
        let got = try answer(try await Curl.send("POST", tokens.realm, words).text)
        #expect(got.access_token != nil)
        #expect(got.expires_in == 7)
        #expect(try tokens.requests().map(\.scopes) == [["repository:a:pull,push"]])
        try tokens.set { $0.post = false }
        #expect(try await Curl.send("POST", tokens.realm, words).status == 404)
        try tokens.set { ($0.status, $0.headers) = (429, ["Retry-After": "3"]) }
        let refused = try await Curl.send("GET", tokens.realm, ["--include"])
        #expect(refused.status == 429)
        #expect(refused.text.contains("Retry-After: 3"))
    }
}
