import Testing

@testable import HTTP

@Suite struct RetryingTests {
    enum Outcome: Sendable { case status(Int), failure(HTTPError.Kind) }

    private func attempts(
        _ outcome: Outcome,
        isRepeatable: Bool,
        headers: [String: String] = [:]
    ) async throws -> (Int, [Duration]) {
        let server = FakeServer { (request, _) throws(HTTPError) in
            switch outcome {
            case .status(let status): return response(status, headers)
            case .failure(let kind): throw HTTPError(kind, request.address, "so it is")
            }
        }
        let pauses = Pauses()
        var request = HTTPRequest(isRepeatable ? "GET" : "PATCH", try address("http://a.example/"))
        request.isRepeatable = isRepeatable
        let send = Retrying.around(server.send, attempts: 3, chance: { 0.5 }, pause: pauses.pause)
        _ = await kind { () async throws(HTTPError) in try await send(request) }
        return (server.requests.count, pauses.all)
    }

    @Test(arguments: [
        (Outcome.status(200), 1, 1), (.status(404), 1, 1), (.status(401), 1, 1), (.status(429), 3, 3),
        (.status(503), 3, 1),
        (.status(500), 3, 1), (.status(408), 3, 1), (.failure(.unreachable), 3, 3), (.failure(.cut), 3, 1),
        (.failure(.timedOut), 1, 1), (.failure(.untrusted), 1, 1), (.failure(.tooLong), 1, 1),
        (.failure(.cancelled), 1, 1),
        (.failure(.forbidden), 1, 1), (.failure(.refused), 1, 1), (.failure(.other), 1, 1),
    ])
    func `what may pass is tried again, and what may have been done already is not`(
        outcome: Outcome,
        repeatable: Int,
        other: Int
    ) async throws {
        #expect(try await attempts(outcome, isRepeatable: true).0 == repeatable)
        #expect(try await attempts(outcome, isRepeatable: false).0 == other)
    }

    @Test func `the pauses grow, or are what the server wants, unless that is too long`() async throws {
        #expect(try await attempts(.status(503), isRepeatable: true).1 == [.milliseconds(50), .milliseconds(100)])
        let asked = try await attempts(.status(429), isRepeatable: false, headers: ["Retry-After": "3"])
        #expect(asked.1 == [.seconds(3), .seconds(3)])
        let long = try await attempts(.status(429), isRepeatable: true, headers: ["Retry-After": "3600"])
        #expect(long == (1, []))
    }

    @Test func `the last answer is the one that counts`() async throws {
        let server = FakeServer { _, number in response(number == 3 ? 201 : 503) }
        let send = Retrying.around(server.send, pause: Pauses().pause)
        #expect(try await send(HTTPRequest("GET", address("http://a.example/"))).status == 201)
        #expect(server.requests.count == 3)
    }

    @Test func `who is cancelled during a pause says so`() async throws {
        let server = FakeServer { _, _ in response(503) }
        let send = Retrying.around(server.send, pause: Pauses(isCancelled: true).pause)
        let request = HTTPRequest("GET", try address("http://a.example/"))
        #expect(await kind { () async throws(HTTPError) in try await send(request) } == .cancelled)
        #expect(server.requests.count == 1)
    }
}
