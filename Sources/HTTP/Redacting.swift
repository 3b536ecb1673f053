/// Takes secrets out of what a server says back to us, so that no message can show them.

internal import Synchronization

/// What must not be shown: passwords, tokens, and how they are sent.
package final class Secrets: Sendable {
    private struct Known {
        var lasting: Set<[UInt8]> = []
        /// Tokens, and until when they are to be hidden.
        var passing: [[UInt8]: Duration] = [:]
        /// All of them, the longest first.
        var sorted: [[UInt8]] = []

        mutating func sort() { sorted = lasting.union(passing.keys).sorted { $0.count > $1.count } }
    }

    private let known = Mutex(Known())
    /// A shorter one is no secret, and would hide what is none.
    private static let shortest = 4
    /// Tokens at once; the one that ends first is forgotten first.
    static let mostPassing = 300

    package init() {}

    package func add(_ secret: String) {
        guard secret.utf8.count >= Self.shortest else { return }
        known.withLock { known in
            if known.lasting.insert(Array(secret.utf8)).inserted { known.sort() }
        }
    }

    /// One that is worth nothing any more from a moment on; those of which that is true now are forgotten.
    package func add(_ secret: String, until end: Duration, now: Duration) {
        guard secret.utf8.count >= Self.shortest else { return }
        known.withLock { known in
            known.passing = known.passing.filter { $0.value > now }
            known.passing[Array(secret.utf8)] = end
            while known.passing.count > Self.mostPassing, let first = known.passing.min(by: { $0.value < $1.value }) {
                known.passing[first.key] = nil
            }
            known.sort()
        }
    }

    package func redact(_ text: String) -> String { String(decoding: redact(Array(text.utf8)), as: UTF8.self) }

    /// Of an answer, which may be JSON.
    package func redact(body: [UInt8]) -> [UInt8] { redact(Self.unescaped(body)) }

    /// By bytes: to a `String`, what follows a secret may be a part of its last letter.
    private func redact(_ bytes: [UInt8]) -> [UInt8] {
        known.withLock(\.sorted).reduce(bytes) { bytes, secret in
            var result: [UInt8] = []
            var rest = bytes[...]
            while let place = rest.firstRange(of: secret) {
                result += rest[..<place.lowerBound] + Array("***".utf8)
                rest = rest[place.upperBound...]
            }
            return result.isEmpty ? bytes : result + rest
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
