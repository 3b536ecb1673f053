/// A base from elsewhere as people are told of it: what its name is pinned to, and how old that is.

package struct PinnedBase: Codable, Equatable, Sendable {
    /// As the Dockerfile has it.
    package var reference: String
    /// nil while nobody knows what it is.
    package var digest: String?
    /// When its registry said last that the name means this (RFC 3339, UTC); nil where nobody wrote that down.
    package var confirmed: String?
    /// When it was made, as it says itself; nil where it hides that.
    package var created: String?

    package init(reference: String, digest: String?, confirmed: Timestamp? = nil, created: Timestamp? = nil) {
        (self.reference, self.digest, self.confirmed) = (reference, digest, confirmed?.rfc3339)
        // Who builds reproducibly writes the beginning of time.
        self.created = created.flatMap { $0.milliseconds > 0 ? $0.rfc3339 : nil }
    }

    /// `alpine:3.20 sha256:0123456789ab confirmed 3 days ago, made 2 months ago`.
    package func text(at now: Timestamp) -> String {
        let name = TerminalText.escaped(reference)
        guard let digest else { return "\(name) is not pinned yet" }
        let made = Self.age(created, now).map { ", made \($0)" } ?? ""
        // What is named by its digest can't be anything else.
        if reference.contains("@") { return name + made }
        let pin = TerminalText.escaped(String(digest.prefix(Self.shownDigest)))
        return "\(name) \(pin) confirmed \(Self.age(confirmed, now) ?? "at an unknown time")\(made)"
    }

    private static let shownDigest = "sha256:".count + 12

    private static func age(_ moment: String?, _ now: Timestamp) -> String? {
        moment.flatMap(Timestamp.init(rfc3339:)).map { Formats.age(ms: now.milliseconds - $0.milliseconds) }
    }

    /// A line for each base, with the images that are built on it.
    package static func lines(_ images: [(name: String, bases: [PinnedBase])], at now: Timestamp) -> [String] {
        var users: [String: [String]] = [:]
        var all: [PinnedBase] = []
        for image in images {
            for base in image.bases {
                if users[base.reference] == nil { all.append(base) }
                users[base.reference, default: []].append(TerminalText.escaped(image.name))
            }
        }
        return all.map { "\($0.text(at: now)), for \(Formats.list(users[$0.reference] ?? []))" }
    }
}
