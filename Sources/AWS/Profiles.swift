/// What `~/.aws/config` and `~/.aws/credentials` say, as AWS's own tools read them.

internal import Foundation

package struct AWSProfiles: Sendable {
    /// By name: what the file of the configuration alone says, and what that of the credentials alone does.
    let configured: [String: AWSSection]
    let credentials: [String: AWSSection]
    let ssoSessions: [String: AWSSection]
    let services: [String: AWSSection]
    /// Where they were looked for, as people write it.
    let configPath: String
    let credentialsPath: String

    /// Reads both files; one that is not there says nothing.
    package static func load(_ environment: [String: String]) throws(AWSError) -> AWSProfiles {
        let files = AWSFiles(environment)
        return AWSProfiles(
            config: try files.ini(files.config),
            credentials: try files.ini(files.credentials),
            files
        )
    }

    private init(config: INIFile?, credentials: INIFile?, _ files: AWSFiles) {
        var kinds: [String: [String: AWSSection]] = [:]
        for name in config?.names ?? [] {
            let section = config?.sections[name] ?? AWSSection()
            if name == "default" {
                kinds["profile", default: [:]][name] = section
            } else if let words = ShellWords.split(name), words.count == 2 {
                kinds[words[0], default: [:]][words[1]] = section
            }
        }
        configured = kinds["profile"] ?? [:]
        ssoSessions = kinds["sso-session"] ?? [:]
        services = kinds["services"] ?? [:]
        self.credentials = credentials?.sections ?? [:]
        (configPath, credentialsPath) = (files.shown(files.config), files.shown(files.credentials))
    }

    package var names: [String] { Set(configured.keys).union(credentials.keys).sorted() }

    /// What both files say of a profile; where both say something, that of the credentials wins, as in botocore.
    package func profile(_ name: String) -> AWSSection? {
        switch (configured[name], credentials[name]) {
        case (let config?, let credentials?): config.overridden(by: credentials)
        case (let config, let credentials): config ?? credentials
        }
    }

    /// The profile, or an error that says which ones there are; `default` may be missing.
    package func existing(_ name: String, namedBy source: String) throws(AWSError) -> AWSSection {
        if let profile = profile(name) { return profile }
        if name == "default" { return AWSSection() }
        let there = names.isEmpty ? "there are none" : "there are \(names.joined(separator: ", "))"
        throw AWSError(
            "there is no profile \(name) (\(source)) in \(configPath) or \(credentialsPath); \(there)",
            remedy: "name another one, or make it by `aws configure --profile \(name)`"
        )
    }
}

/// Where AWS's tools keep their files.
struct AWSFiles: Sendable {
    let config: String
    let credentials: String
    let ssoCache: String
    private let home: String

    init(_ environment: [String: String]) {
        let home = environment["HOME"].filled ?? FileManager.default.homeDirectoryForCurrentUser.path
        self.home = home
        config = Self.expanded(environment["AWS_CONFIG_FILE"].filled ?? "~/.aws/config", home)
        credentials = Self.expanded(environment["AWS_SHARED_CREDENTIALS_FILE"].filled ?? "~/.aws/credentials", home)
        ssoCache = Self.expanded("~/.aws/sso/cache", home)
    }

    private static func expanded(_ path: String, _ home: String) -> String {
        path == "~" || path.hasPrefix("~/") ? home + path.dropFirst() : path
    }

    func expanded(_ path: String) -> String { Self.expanded(path, home) }

    /// With `~` for the user's home.
    func shown(_ path: String) -> String { path.hasPrefix(home + "/") ? "~" + path.dropFirst(home.count) : path }

    /// nil where there is no such file.
    func ini(_ path: String) throws(AWSError) -> INIFile? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
            return nil
        }
        guard let text = text(path) else {
            throw AWSError("\(shown(path)) can't be read", remedy: "check who may read it; its text is to be UTF-8")
        }
        return try INIFile(parsing: text, path: shown(path))
    }

    func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).flatMap { String(bytes: $0, encoding: .utf8) }
    }
}

extension String? {
    /// nil also for an empty text: a variable that is set to nothing is not set.
    var filled: String? { flatMap { $0.isEmpty ? nil : $0 } }
}
