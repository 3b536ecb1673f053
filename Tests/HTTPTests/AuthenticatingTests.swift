import Testing

@testable import HTTP

@Suite struct AuthenticatingTests {
    private struct Known: Authority {
        var first: String?
        var second: String?

        func authorization(for request: HTTPRequest) async throws(HTTPError) -> String? { first }

        func authorization(
            for request: HTTPRequest,
            refused: String?,
            with response: HTTPResponse
        ) async throws(HTTPError) -> String? {
            #expect(refused == first)
            return second
        }
    }

    private func send(_ authority: Known, taken: String?) async throws -> (Int, [String?]) {
        let server = FakeServer { request, _ in
            response(request.headers.first { $0.name == "Authorization" }?.value == taken ? 200 : 401)
        }
        let answer = try await Authenticating.around(server.send, authority)(
            HTTPRequest("GET", address("http://a.example/"))
        )
        return (answer.status, server.requests.map { $0.headers.first { $0.name == "Authorization" }?.value })
    }

    @Test func `what is taken is asked for once`() async throws {
        #expect(try await send(Known(), taken: nil) == (200, [nil]))
        #expect(try await send(Known(first: "a"), taken: "a") == (200, ["a"]))
    }

    @Test func `what is refused is tried once more, with something better`() async throws {
        #expect(try await send(Known(second: "b"), taken: "b") == (200, [nil, "b"]))
        #expect(try await send(Known(first: "a", second: "b"), taken: "b") == (200, ["a", "b"]))
        #expect(try await send(Known(first: "a", second: "b"), taken: "c") == (401, ["a", "b"]))
        #expect(try await send(Known(first: "a"), taken: "c") == (401, ["a"]))
    }
}
