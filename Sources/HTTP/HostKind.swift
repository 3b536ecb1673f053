/// Which addresses lie in this machine or in a private network: a stranger's answer must not send us there.

internal import Glibc

package enum HostKind: Equatable, Sendable {
    /// This machine.
    case loopback
    /// A private, link-local or otherwise special network, as far as the text says so.
    case local
    case open

    /// Of a host as it stands in an address; names are not looked up.
    package init(_ host: String) {
        // The dot at the end of a name says only that it is complete.
        let name = host.hasSuffix(".") ? String(host.lowercased().dropLast()) : host.lowercased()
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
        case (0, _), (10, _), (172, 16...31), (192, 168), (169, 254), (100, 64...127), (198, 18...19), (224..., _):
            .local
        default: .open
        }
    }

    private static func kind(ofVersion6 text: String) -> HostKind {
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return .local }
        let bytes = withUnsafeBytes(of: &address) { Array($0) }
        if bytes.dropLast().allSatisfy({ $0 == 0 }) { return bytes[15] == 1 ? .loopback : .local }
        switch (bytes[0], bytes[1]) {
        // Version 4 in version 6: mapped, and as it was once written.
        case (0, 0) where bytes[..<10].allSatisfy { $0 == 0 }: return kind(Array(bytes[12...]))
        // Translated (64:ff9b::/96), and tunnelled (2002::/16).
        case (0x00, 0x64) where bytes[2] == 0xFF && bytes[3] == 0x9B: return kind(Array(bytes[12...]))
        case (0x20, 0x02): return kind(Array(bytes[2..<6]))
        case (0xFC...0xFD, _), (0xFE, 0x80...), (0xFF, _): return .local
        default: return .open
        }
    }
}
