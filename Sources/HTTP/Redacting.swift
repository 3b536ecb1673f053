/// The layer that takes secrets out of what a server says back to us, so that no message can show them.

internal import Synchronization

/// What must not be shown: passwords, tokens, and how they are sent.
package final class Secrets: Sendable {
    private let known = Mutex<Set<[UInt8]>>([])
    /// A shorter one is no secret, and would hide what is none.
    private static let shortest = 4

    package init() {}

    package func add(_ secret: String) {
        guard secret.utf8.count >= Self.shortest else { return }
        known.withLock { _ = $0.insert(Array(secret.utf8)) }
    }

    package func redact(_ text: String) -> String { String(decoding: redact(Array(text.utf8)), as: UTF8.self) }

    /// By bytes: to a `String`, what follows a secret may be a part of its last letter.
    func redact(_ bytes: [UInt8]) -> [UInt8] {
        let secrets = known.withLock { $0.sorted { $0.count > $1.count } }
        return secrets.reduce(bytes) { bytes, secret in
            var result: [UInt8] = []
            var rest = bytes[...]
            while let place = rest.firstRange(of: secret) {
                result += rest[..<place.lowerBound] + Array("***".utf8)
                rest = rest[place.upperBound...]
            }
            return result.isEmpty ? bytes : result + rest
        }
    }
}

package enum Redacting {
    package static func around(_ send: @escaping HTTPSend, _ secrets: Secrets) -> HTTPSend {
        { request async throws(HTTPError) in
            do throws(HTTPError) {
                var response = try await send(request)
                if response.status >= 400 {
                    response.body = secrets.redact(unescaped(response.body))
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

    /// JSON may write any sign as `\u0041`, and `/` as `\/`: what is read out of it later must not be a secret again.
    static func unescaped(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "\\")) else { return bytes }
        var result: [UInt8] = []
        var rest = bytes[...]
        while let slash = rest.firstIndex(of: UInt8(ascii: "\\")), slash + 1 < rest.endIndex {
            result += rest[..<slash]
            let digits = rest[(slash + 1)...].prefix(5)
            rest = rest[slash...]
            if rest[slash + 1] == UInt8(ascii: "/") {
                result.append(UInt8(ascii: "/"))
                rest = rest.dropFirst(2)
            } else if digits.first == UInt8(ascii: "u"),
                let value = UInt8(String(decoding: digits.dropFirst(), as: UTF8.self), radix: 16),
                (0x20..<0x7F).contains(value), !#""\"#.utf8.contains(value)
            {
                result.append(value)
                rest = rest.dropFirst(6)
            } else {
                result += rest.prefix(2)
                rest = rest.dropFirst(2)
            }
        }
        return result + rest
    }
}
