/// The layer that tries again: what was not answered, and answers that may be another one later.

/// Waits; throws where the wait is cancelled.
package typealias HTTPPause = @Sendable (Duration) async throws -> Void

package enum Retrying {
    /// A request that is not repeatable is sent again only where the server did not take it (429).
    ///
    /// What took its full time-out is not tried again here.
    package static func around(
        _ send: @escaping HTTPSend,
        attempts: Int = HTTPLimits.attempts,
        chance: @escaping @Sendable () -> Double = { .random(in: 0...1) },
        pause: @escaping HTTPPause
    ) -> HTTPSend {
        { request async throws(HTTPError) in
            var attempt = 1
            var waited = Duration.zero
            while true {
                let result = await result(of: request, send)
                let again = attempt < attempts && mayRepeat(request, result)
                let wait = Backoff.pause(after: attempt, try? result.get(), chance: chance())
                waited += wait
                guard again, !Backoff.isTooLong(waited) else { return try result.get() }
                do { try await pause(wait) } catch { throw HTTPError(.cancelled, request.address, "it was cancelled") }
                attempt += 1
            }
        }
    }

    private static func result(of request: HTTPRequest, _ send: HTTPSend) async -> Result<HTTPResponse, HTTPError> {
        do throws(HTTPError) { return .success(try await send(request)) } catch { return .failure(error) }
    }

    private static func mayRepeat(_ request: HTTPRequest, _ result: Result<HTTPResponse, HTTPError>) -> Bool {
        switch result {
        case .success(let response):
            response.status == 429 || request.isRepeatable && Backoff.isTransient(response.status)
        case .failure(let error):
            error.kind == .unreachable || request.isRepeatable && error.isTransient && error.kind != .timedOut
        }
    }
}
