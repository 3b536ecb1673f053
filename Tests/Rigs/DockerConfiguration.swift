/// Docker's config.json, as far as it says who one is.

import Foundation

package struct DockerConfiguration: Encodable, Sendable {
    package struct Entry: Encodable, Sendable {
        private var auth: String?
        private var identitytoken: String?
        private var registrytoken: String?

        package static func password(user: String, password: String) -> Entry {
            Entry(auth: Data("\(user):\(password)".utf8).base64EncodedString())
        }

        /// A refresh token, with which one asks for tokens.
        package static func identityToken(_ token: String) -> Entry { Entry(identitytoken: token) }

        /// A token that is sent as it is.
        package static func registryToken(_ token: String) -> Entry { Entry(registrytoken: token) }

        /// As `docker login` leaves it where a helper has the secret.
        package static let empty = Entry()
    }

    /// By HOST:PORT, or with a path behind it.
    package var auths: [String: Entry]
    /// Names of helpers, by HOST:PORT.
    package var credHelpers: [String: String]?
    package var credsStore: String?

    package init(
        auths: [String: Entry] = [:],
        credHelpers: [String: String]? = nil,
        credsStore: String? = nil
    ) {
        (self.auths, self.credHelpers, self.credsStore) = (auths, credHelpers, credsStore)
    }

    package func text() throws -> String { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }

    /// Writes `config.json` into a folder, for DOCKER_CONFIG; gives its path.
    @discardableResult
    package func write(to folder: String) throws -> String {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = folder + "/config.json"
        try text().write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
