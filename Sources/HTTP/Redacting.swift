/// The layer that takes secrets out of what a server says back to us, so that no message can show them.

internal import Synchronization

/// What must not be shown: passwords, tokens, and how they are sent.
package final class Secrets: Sendable {
    private let known = Mutex<Set<String>>([])
    /// A shorter one is no secret, and would hide what is none.
    private static let shortest = 4

    package init() {}

    package func add(_ secret: String) {
        guard secret.utf8.count >= Self.shortest else { return }
        known.withLock { _ = $0.insert(secret) }
    }

    package func redact(_ text: String) -> String {
        let secrets = known.withLock { $0.sorted { $0.utf8.count > $1.utf8.count } }
        return secrets.reduce(text) { text, secret in
            text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
        }
    }
}

package enum Redacting {
    package static func around(_ send: @escaping HTTPSend, _ secrets: Secrets) -> HTTPSend {
        { request async throws(HTTPError) in
            do throws(HTTPError) {
                var response = try await send(request)
                if response.status >= 400 {
                    response.body = Array(secrets.redact(String(decoding: response.body, as: UTF8.self)).utf8)
                    response.headers = response.headers.map { HTTPHeader($0.name, secrets.redact($0.value)) }
                }
                return response
            } catch {
                var error = error
                (error.reason, error.address) = (secrets.redact(error.reason), secrets.redact(error.address))
                throw error
            }
        }
    }
}
