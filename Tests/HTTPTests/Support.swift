/// What these tests share: addresses that are known to be some, servers that are functions, pauses that are recorded.

import Synchronization
import Testing

@testable import HTTP

func address(_ text: String) throws -> WebAddress { try #require(WebAddress(parsing: text), "\(text)") }

/// Stands for a server: it answers by a function, and remembers what it was asked.
final class FakeServer: Sendable {
    typealias Answers = @Sendable (_ request: HTTPRequest, _ number: Int) throws(HTTPError) -> HTTPResponse

    private let answers: Answers
    private let seen = Mutex<[HTTPRequest]>([])

    init(_ answers: @escaping Answers) { self.answers = answers }

    var requests: [HTTPRequest] { seen.withLock { $0 } }

    /// The number of a request is counted from 1.
    var send: HTTPSend {
        { request async throws(HTTPError) in
            let number = self.seen.withLock { seen in
                seen.append(request)
                return seen.count
            }
            return try self.answers(request, number)
        }
    }
}

final class Pauses: Sendable {
    private let seen = Mutex<[Duration]>([])
    private let isCancelled: Bool

    init(isCancelled: Bool = false) { self.isCancelled = isCancelled }

    var all: [Duration] { seen.withLock { $0 } }

    var pause: HTTPPause {
        { duration in
            self.seen.withLock { $0.append(duration) }
            if self.isCancelled { throw CancellationError() }
        }
    }
}

func response(
    _ status: Int,
    _ headers: [String: String] = [:],
    _ body: String = "",
    from text: String = "http://a.example/"
)
    -> HTTPResponse
{
    guard let address = WebAddress(parsing: text) else { preconditionFailure("\(text) is no address") }
    return HTTPResponse(
        status: status,
        headers: headers.map { HTTPHeader($0.key, $0.value) },
        body: Array(body.utf8),
        address: address
    )
}

func kind(_ body: () async throws(HTTPError) -> HTTPResponse) async -> HTTPError.Kind? {
    do throws(HTTPError) {
        _ = try await body()
        return nil
    } catch {
        return error.kind
    }
}
