/// Finds the credential of one registry where docker and podman keep theirs; other registries' helpers are never asked.

internal import Foundation
internal import Graph

package struct CredentialStore: Sendable {
    private let environment: [String: String]

    package init(environment: [String: String]) { self.environment = environment }

    /// Blocks: it reads files, and may run the host's credential helper, once a call.
    package func credential(for host: String, repository: String) throws(RegistryError) -> Credential {
        for file in files() {
            let keys = Self.keys(host: host, repository: repository)
            if let (helper, server) = file.helper(for: Self.helperKeys(host)) {
                let found = try CredentialHelper.ask(helper, for: server, environment: environment)
                if found != .none { return found }
            }
            if let found = file.credential(for: keys) { return found }
        }
        return .none
    }

    /// In the order in which they count; those that are missing or broken are left out.
    private func files() -> [CredentialFile] {
        var files: [CredentialFile] = []
        if let text = environment["DOCKER_AUTH_CONFIG"], let file = CredentialFile(Array(text.utf8)) {
            files.append(file)
        }
        return files
            + paths().compactMap { path in
                FileManager.default.contents(atPath: path).flatMap { CredentialFile(Array($0)) }
            }
    }

    private func paths() -> [String] {
        let home = environment["HOME"] ?? ""
        var paths: [String] = []
        if let file = environment["REGISTRY_AUTH_FILE"] { paths.append(file) }
        paths.append((environment["DOCKER_CONFIG"] ?? "\(home)/.docker") + "/config.json")
        if let runtime = environment["XDG_RUNTIME_DIR"] { paths.append("\(runtime)/containers/auth.json") }
        paths.append((environment["XDG_CONFIG_HOME"] ?? "\(home)/.config") + "/containers/auth.json")
        return paths
    }

    /// The names under which a repository's credential may stand, the most exact one first: podman keeps some by
    /// repository or namespace.
    private static func keys(host: String, repository: String) -> [String] {
        var keys: [String] = []
        var parts = repository.split(separator: "/")
        while !parts.isEmpty {
            keys.append("\(host)/\(parts.joined(separator: "/"))")
            parts.removeLast()
        }
        return keys + helperKeys(host)
    }

    /// Docker Hub has a name of its own, from its first protocol.
    private static func helperKeys(_ host: String) -> [String] {
        host == ImageReference.dockerHub ? [host, "https://index.docker.io/v1/"] : [host]
    }
}
