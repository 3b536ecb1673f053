/// What people write to name an image in some registry, made complete by Docker's rules (`distribution/reference`):
/// `alpine` is `docker.io/library/alpine:latest`.

package struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    /// The registry: a host, and a port where one was written; `docker.io` for Docker Hub.
    package var host: String
    /// The repository in the registry, like `library/alpine`.
    package var repository: String
    /// nil only where there is a digest.
    package var tag: String?
    /// As `sha256:<64 hex digits>`; stronger than the tag.
    package var digest: String?

    package init(host: String, repository: String, tag: String? = nil, digest: String? = nil) {
        (self.host, self.repository, self.tag, self.digest) = (host, repository, tag, digest)
    }

    package static let dockerHub = "docker.io"

    /// The repository with its registry, as it stands before the tag.
    package var name: String { "\(host)/\(repository)" }

    /// Complete: what was left out is written.
    package var description: String {
        name + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// nil where the text names no image.
    package init?(parsing text: String) {
        var rest = Substring(text)
        if let at = rest.lastIndex(of: "@") {
            let digest = String(rest[rest.index(after: at)...])
            guard Self.isDigest(digest) else { return nil }
            self.digest = digest
            rest = rest[..<at]
        } else {
            digest = nil
        }
        let slash = rest.lastIndex(of: "/") ?? rest.startIndex
        if let colon = rest[slash...].lastIndex(of: ":") {
            let tag = String(rest[rest.index(after: colon)...])
            guard Self.isTag(tag) else { return nil }
            self.tag = tag
            rest = rest[..<colon]
        } else {
            tag = digest == nil ? "latest" : nil
        }
        // Docker takes such a text for the identity of an image.
        guard !(rest.utf8.count == 64 && rest.utf8.allSatisfy(Self.isHex)) else { return nil }
        guard let (host, repository) = Self.split(rest), repository.utf8.count + host.utf8.count < 255 else {
            return nil
        }
        (self.host, self.repository) = (host, repository)
    }

    /// What people call Docker Hub: by its name, and by those of the servers behind it.
    private static let hubNames = [dockerHub, "index.docker.io", "registry-1.docker.io"]

    /// The first part is a host where it could be none of Docker Hub's users.
    private static func split(_ name: Substring) -> (host: String, repository: String)? {
        var parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        var host = dockerHub
        if parts.count > 1,
            parts[0].contains(".") || parts[0].contains(":") || parts[0] == "localhost"
                || parts[0].lowercased() != parts[0]
        {
            host = parts.removeFirst()
            guard isHost(host) else { return nil }
            // A host is the same one in any case, and all else is left as it is written.
            if hubNames.contains(host.lowercased()) { host = dockerHub }
        }
        guard !parts.isEmpty, parts.allSatisfy({ isRepositoryComponent($0) }) else { return nil }
        if host == dockerHub, parts.count == 1 { parts.insert("library", at: 0) }
        return (host, parts.joined(separator: "/"))
    }
}

// MARK: - Grammar

extension ImageReference {
    /// Whether it is a host, or a host and a port.
    package static func isHost(_ text: some StringProtocol) -> Bool {
        if text.hasPrefix("[") { return isVersion6(text) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let isName = parts[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { isAlphanumeric($0) || isUpper($0) || $0 == UInt8(ascii: "-") }
        }
        return isName && (parts.count == 1 || parts.count == 2 && isPort(parts[1]))
    }

    private static func isPort(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } && (Int(text).map { (1...65535).contains($0) } ?? false)
    }

    /// Whether it is an address like `[::1]`, with or without a port.
    private static func isVersion6(_ text: some StringProtocol) -> Bool {
        let parts = text.dropFirst().split(separator: "]", maxSplits: 1, omittingEmptySubsequences: false)
        let isAddress =
            parts[0].contains(":")
            && parts[0].utf8.allSatisfy { byte in
                isHex(byte) || (0x41...0x46).contains(byte) || byte == UInt8(ascii: ":")
            }
        guard isAddress, parts.count == 2 else { return false }
        return parts[1].isEmpty || parts[1].first == ":" && isPort(parts[1].dropFirst())
    }

    /// Whether it is `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
    package static func isRepositoryComponent(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last) else {
            return false
        }
        let separators = bytes.split(whereSeparator: isAlphanumeric)
        return separators.allSatisfy { run in
            run.allSatisfy { $0 == UInt8(ascii: "-") } || run.elementsEqual(".".utf8) || run.elementsEqual("_".utf8)
                || run.elementsEqual("__".utf8)
        }
    }

    /// Whether it is `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
    package static func isTag(_ text: some StringProtocol) -> Bool {
        let isWord = { (byte: UInt8) in isAlphanumeric(byte) || isUpper(byte) || byte == UInt8(ascii: "_") }
        guard let first = text.utf8.first, isWord(first), text.utf8.count <= 128 else { return false }
        return text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    private static func isDigest(_ text: String) -> Bool {
        let prefix = "sha256:"
        guard text.hasPrefix(prefix), text.utf8.count == prefix.utf8.count + 64 else { return false }
        return text.utf8.dropFirst(prefix.utf8.count).allSatisfy(isHex)
    }

    private static func isHex(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) }

    package static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }

    package static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
}
