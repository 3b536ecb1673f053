/// Finds the credential of one registry where docker and podman keep theirs; other registries' helpers are never asked.

internal import Foundation
internal import Graph
internal import Synchronization

struct CredentialStore: Sendable {
    private let environment: [String: String]
    private let helperLimit: Int
    private let helpers = HelperAnswers()

    /// `helperLimit` is how many milliseconds a helper may take.
    init(environment: [String: String], helperLimit: Int? = nil) {
        (self.environment, self.helperLimit) = (environment, helperLimit ?? CredentialHelper.limit)
    }

    /// Blocks: it reads files, and may run the host's credential helper.
    ///
    /// A helper is asked once; again where what it said was refused. It is ended where the answer is not needed any
    /// more.
    func find(
        for host: String,
        repository: String,
        insteadOf refused: Credential? = nil,
        isOver: () -> Bool = { false }
    ) throws(RegistryError) -> FoundCredential {
        var problem: RegistryError?
        for file in files() {
            if let (helper, server) = file.helper(for: Self.helperKeys(host)) {
                do throws(RegistryError) {
                    let found = try helpers.answer(helper, server, insteadOf: refused) { () throws(RegistryError) in
                        try CredentialHelper.ask(
                            helper,
                            for: server,
                            environment: environment,
                            limit: helperLimit,
                            isOver: isOver
                        )
                    }
                    if found != .none { return FoundCredential(credential: found, isFromHelper: true) }
                } catch {
                    if error.isCancelled { throw error }
                    // Somebody else may know it.
                    problem = problem ?? error
                }
            }
            if let found = file.entry(for: Self.keys(host: host, repository: repository)) {
                return FoundCredential(credential: found.credential)
            }
        }
        if let problem { throw problem }
        return FoundCredential(credential: .none)
    }

    /// The name under which a repository, or some of them together, have a credential of their own.
    ///
    /// Empty where that of the host counts. Reads files alone.
    func place(of repository: String, at host: String) -> String {
        let keys = Self.keys(host: host, repository: repository)
        let key = files().lazy.compactMap { $0.entry(for: keys)?.key }.first ?? ""
        return key.hasPrefix("\(host)/") ? key : ""
    }

    /// Where ``find(for:repository:insteadOf:isOver:)`` looks first: a file, the helper that a file names, or nil where
    /// no place knows the host.
    ///
    /// Reads files alone.
    func source(of repository: String, at host: String) -> String? {
        let inEnvironment = environment["DOCKER_AUTH_CONFIG"].map { ("DOCKER_AUTH_CONFIG", Array($0.utf8)) }
        let files = paths().compactMap { path in
            FileManager.default.contents(atPath: path).map { (path, Array($0)) }
        }
        for (place, content) in [inEnvironment].compactMap(\.self) + files {
            guard let file = CredentialFile(content) else { continue }
            if let (helper, _) = file.helper(for: Self.helperKeys(host)) {
                return "docker-credential-\(helper), named in \(place)"
            }
            if file.entry(for: Self.keys(host: host, repository: repository)) != nil { return place }
        }
        return nil
    }

    /// The first place that holds something which can't be read, and which was passed over.
    func broken() -> String? {
        if let text = environment["DOCKER_AUTH_CONFIG"], CredentialFile(Array(text.utf8)) == nil {
            return "DOCKER_AUTH_CONFIG"
        }
        return paths().first { path in
            FileManager.default.contents(atPath: path).map { CredentialFile(Array($0)) == nil } ?? false
        }
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

/// What helpers said: whoever needs the same host's credential hears it, without the helper being run again.
private final class HelperAnswers: Sendable {
    private struct Question: Hashable {
        var helper: String
        var server: String
    }

    /// Locked while the helper runs: who asks the same meanwhile waits.
    private final class Answer: Sendable {
        let known = Mutex<Credential?>(nil)
    }

    private let answers = Mutex<[Question: Answer]>([:])

    func answer(
        _ helper: String,
        _ server: String,
        insteadOf refused: Credential?,
        _ ask: () throws(RegistryError) -> Credential
    ) throws(RegistryError) -> Credential {
        let question = Question(helper: helper, server: server)
        let answer = answers.withLock { answers in
            let answer = answers[question] ?? Answer()
            answers[question] = answer
            return answer
        }
        return try answer.known.withLock { (known) throws(RegistryError) in
            if let known, known != refused, refused == nil || known != .none { return known }
            let new = try ask()
            known = new
            return new
        }
    }
}
