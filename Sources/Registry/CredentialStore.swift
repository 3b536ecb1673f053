/// Finds the credential of one registry where docker and podman keep theirs; other registries' helpers are never asked.

internal import Foundation
internal import Graph

package struct CredentialStore: Sendable {
    private let environment: [String: String]
    private let helperLimit: Int

    /// `helperLimit` is how many milliseconds a helper may take.
    package init(environment: [String: String], helperLimit: Int? = nil) {
        (self.environment, self.helperLimit) = (environment, helperLimit ?? CredentialHelper.limit)
    }

    /// Blocks: it reads files, and may run the host's credential helper, once a call.
    package func credential(for host: String, repository: String) throws(RegistryError) -> Credential {
        var problem: RegistryError?
        for file in files() {
            if let (helper, server) = file.helper(for: Self.helperKeys(host)) {
                do throws(RegistryError) {
                    let found = try ask(helper, server)
                    if found != .none { return found }
                } catch {
                    // Somebody else may know it.
                    problem = problem ?? error
                }
            }
            if let found = file.credential(for: Self.keys(host: host, repository: repository)) { return found }
        }
        if let problem { throw problem }
        return .none
    }

    private func ask(_ helper: String, _ server: String) throws(RegistryError) -> Credential {
        try CredentialHelper.ask(helper, for: server, environment: environment, limit: helperLimit)
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
        return keys + helperKeys(host) + (host == ImageReference.dockerHub ? ["index.docker.io"] : [])
    }

    /// Docker Hub has a name of its own, from its first protocol.
    private static func helperKeys(_ host: String) -> [String] {
        host == ImageReference.dockerHub ? [host, "https://index.docker.io/v1/"] : [host]
    }
}
