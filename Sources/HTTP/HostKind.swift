/// Which addresses lie in this machine or in a private network: a stranger's answer must not send us there.

package enum HostKind: Equatable, Sendable {
    /// This machine.
    case loopback
    /// A private, link-local or otherwise special network, as far as the text says so.
    case local
    case open

    /// Of a host as it stands in an address; names are not looked up.
    package init(_ host: String) {
        let name = host.lowercased()
        if name == "localhost" || name.hasSuffix(".localhost") {
            self = .loopback
        } else if let bytes = Self.fourBytes(name) {
            self = Self.kind(bytes)
        } else if name.hasPrefix("[") {
            self = Self.kind(ofVersion6: String(name.dropFirst().prefix { $0 != "]" && $0 != "%" }))
        } else {
            self = .open
        }
    }

    private static func fourBytes(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { UInt8($0) }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    private static func kind(_ bytes: [UInt8]) -> HostKind {
        switch (bytes[0], bytes[1]) {
        case (127, _): .loopback
        case (0, _), (10, _), (172, 16...31), (192, 168), (169, 254), (100, 64...127), (224..., _): .local
        default: .open
        }
    }

    private static func kind(ofVersion6 text: String) -> HostKind {
        if text == "::1" { return .loopback }
        if let last = text.split(separator: ":").last, let bytes = fourBytes(last) { return kind(bytes) }
        let isLocal =
            text == "::" || text.hasPrefix("::ffff:")
            || ["fc", "fd", "fe8", "fe9", "fea", "feb", "ff"].contains(where: text.hasPrefix)
        return isLocal ? .local : .open
    }
}
