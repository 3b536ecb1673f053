/// The names that end up in image references: node names, aliases, registries, by the rules of the OCI distribution
/// specification 1.1 ("Pulling manifests": `<name>` and `<reference>`).

import Graph

/// Why a text is no name: read after "the name `x`".
struct NameFault: Error, Equatable {
    var reason: String
    var remedy: String
}

enum ReferenceSyntax {
    /// An image's name is one component of a repository's name.
    static func imageNameFault(_ name: String) -> NameFault? {
        if isImageName(name) { return nil }
        if name == "scratch" {
            return NameFault(reason: "means the empty image in a Dockerfile", remedy: "Give the image another name.")
        }
        return NameFault(
            reason: "cannot be part of an image's reference",
            remedy: "Write lower-case letters and digits, with `.`, `_`, `__` or dashes between them, at most 100, "
                + "like `\(suggestedName(for: name))`."
        )
    }

    private static func isImageName(_ text: String) -> Bool {
        text != "scratch" && text.utf8.count <= 100 && ImageReference.isRepositoryComponent(text)
    }

    static func stepNameFault(_ name: String) -> NameFault? {
        let isFirst = { (byte: UInt8) in
            ImageReference.isAlphanumeric(byte | 0x20) || ImageReference.isAlphanumeric(byte)
        }
        if name.utf8.count <= 100, let first = name.utf8.first, isFirst(first),
            name.utf8.allSatisfy({ isFirst($0) || "._-".utf8.contains($0) })
        {
            return nil
        }
        return NameFault(
            reason: "is no name that a command line could carry",
            remedy: "Write letters and digits, with `.`, `_` or `-` behind the first, at most 100."
        )
    }

    /// A name that the rule allows, made of what can be kept of `text`.
    static func suggestedName(for text: String) -> String {
        let bytes = text.lowercased().utf8.split(whereSeparator: { !ImageReference.isAlphanumeric($0) })
        let name = bytes.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
        if isImageName(text) { return text }
        let short = String(name.prefix(100).reversed().drop { $0 == "-" }.reversed())
        return short.isEmpty || short == "scratch" ? "image" : short
    }

    static func aliasFault(_ alias: String) -> NameFault? {
        if !ImageReference.isTag(alias) {
            return NameFault(
                reason: "is no tag",
                remedy: "Write letters, digits, `_`, `.` and `-`, neither of the last two first, at most 128."
            )
        }
        guard TagTemplate.contentPrefixes.contains(where: alias.hasPrefix) else { return nil }
        return NameFault(
            reason: "looks like one of the tags that say an image's content, and those never move",
            remedy: "Choose a name that does not begin with `git-` or `key-`."
        )
    }

    /// `host[:port][/path]`: nil where it is one, else why not.
    static func registryFault(_ text: String) -> NameFault? {
        if let scheme = text.firstRange(of: "://") {
            let rest = String(text[scheme.upperBound...])
            if let next = registryFault(rest) {
                return NameFault(
                    reason: "begins with a protocol, and \(next.reason)",
                    remedy: "Leave the protocol out. \(next.remedy)"
                )
            }
            return NameFault(reason: "begins with a protocol", remedy: "Leave it out: `\(rest)`.")
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if !ImageReference.isHost(parts[0]) {
            return NameFault(
                reason: "does not begin with a host, or a host and a port",
                remedy: "Write it like `registry.example.com/team` or `localhost:5000`."
            )
        }
        if parts[0] != "localhost", !parts[0].contains(where: { ".:".contains($0) }) {
            return NameFault(
                reason: "begins with `\(parts[0])`, which a puller takes for a name on Docker Hub",
                remedy: "Docker Hub is `docker.io/\(text)`; the name of a host without a dot needs its port, like "
                    + "`\(parts[0]):443`."
            )
        }
        if let empty = parts.firstIndex(of: "") {
            return NameFault(
                reason: empty == parts.count - 1 ? "ends in `/`" : "has a `/` right behind another",
                remedy: "Leave that `/` out."
            )
        }
        if let bad = parts.dropFirst().first(where: { !ImageReference.isRepositoryComponent($0) }) {
            return NameFault(
                reason: "has the part `\(bad)`, which cannot be part of a repository's name",
                remedy: "Write lower-case letters and digits, with `.`, `_`, `__` or dashes between them, and no tag."
            )
        }
        return nil
    }
}
