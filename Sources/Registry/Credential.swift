/// Who we are to a registry, and how that is read out of docker's and podman's files.

internal import Foundation
internal import HTTP
internal import OCI

package enum Credential: Hashable, Sendable {
    case none
    case password(user: String, password: String)
    /// An OAuth2 refresh token.
    case identityToken(String)
    /// A bearer token, ready to be sent.
    case registryToken(String)

    /// The value of `Authorization: Basic`; nil where that can't be made of it.
    var basic: String? {
        guard case .password(let user, let password) = self else { return nil }
        return "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    }

    /// All that must not be shown.
    var secrets: [String] {
        switch self {
        case .none: []
        case .password(let user, let password):
            [password, Data("\(user):\(password)".utf8).base64EncodedString(), WebAddress.encoded(password)]
        case .identityToken(let token), .registryToken(let token): [token, WebAddress.encoded(token)]
        }
    }
}

/// A credential, and where it came from.
struct FoundCredential: Hashable, Sendable {
    var credential: Credential
    /// A helper may give a newer one later; a file holds what was written into it.
    var isFromHelper = false
}

/// One of docker's configuration files (`config.json`), or podman's `auth.json`, which has the same shape.
struct CredentialFile: Sendable {
    private let json: JSON

    /// nil for what is no JSON.
    init?(_ bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes, subject: "a file of credentials") else { return nil }
        self.json = json
    }

    /// The name of the program that knows the host's credential: its own one, else the one for all.
    func helper(for keys: [String]) -> (helper: String, server: String)? {
        for key in keys {
            if let helper = json["credHelpers"]?[key]?.text, !helper.isEmpty { return (helper, key) }
        }
        guard let store = json["credsStore"]?.text, !store.isEmpty, let server = keys.last else { return nil }
        return (store, server)
    }

    /// What stands in `auths`, the most exact name first, and under which of the names.
    func entry(for keys: [String]) -> (key: String, credential: Credential)? {
        guard case .object(let entries)? = json["auths"] else { return nil }
        for key in keys {
            let entry = entries.first { $0.key == key } ?? entries.first { Self.host(of: $0.key) == key }
            if let found = entry.flatMap({ Self.credential($0.value) }) { return (key, found) }
        }
        return nil
    }

    /// A key may be an address: `https://host/v1/`.
    private static func host(of key: String) -> String {
        guard let scheme = key.range(of: "://") else { return key }
        return String(key[scheme.upperBound...].prefix { $0 != "/" })
    }

    private static func credential(_ entry: JSON) -> Credential? {
        if let token = entry["registrytoken"]?.text, !token.isEmpty { return .registryToken(token) }
        if let token = entry["identitytoken"]?.text, !token.isEmpty { return .identityToken(token) }
        if let auth = entry["auth"]?.text, !auth.isEmpty, let data = Data(base64Encoded: auth) {
            let text = String(decoding: data, as: UTF8.self)
            guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            var password = text.utf8[text.utf8.index(after: colon)...]
            while password.last == 0 { password.removeLast() }
            return .password(user: String(text[..<colon]), password: String(Substring(password)))
        }
        guard let user = entry["username"]?.text, let password = entry["password"]?.text, !user.isEmpty else {
            return nil
        }
        return .password(user: user, password: password)
    }
}
