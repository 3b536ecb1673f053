/// skopeo, told how the registries of these tests want to be spoken to.

import Foundation

package struct Skopeo: Sendable {
    private let program: MachineProgram

    package static let isInstalled = MachineProgram("skopeo") != nil

    package init() throws { program = try MachineProgram("skopeo").orThrow(RigFailure("skopeo is not installed")) }

    /// Which side of a copy a registry is on; `inspect` has only one, which is unnamed.
    private enum Side: String {
        case source = "src-"
        case target = "dest-"
        case only = ""
    }

    private func flags(_ registry: RegistryServer?, _ side: Side, _ user: String?) -> [String] {
        let prefix = "--" + side.rawValue
        var flags =
            registry?.authority.map { [prefix + "cert-dir", String($0.dropLast("/ca.crt".count))] }
            ?? [prefix + "tls-verify=false"]
        if let user { flags += [prefix + "creds", user] }
        return flags
    }

    /// What proves to a registry of these tests that one may push; nil where it does not ask.
    private func user(of registry: RegistryServer) -> String? {
        switch registry.access {
        case .open: nil
        case .password(let user, let password): "\(user):\(password)"
        case .token: "user:password"
        }
    }

    /// Pushes `oci:PATH:NAME` or the like to REPOSITORY:TAG of a registry.
    ///
    /// `address`: another way to the registry, as through a proxy. `isDocker`: as Docker's schema 2, instead of what
    /// the source is.
    package func push(
        _ source: String,
        to registry: RegistryServer,
        as reference: String,
        through address: String? = nil,
        isDocker: Bool = false
    ) async throws {
        let target = "docker://\(address ?? registry.address)/\(reference)"
        // A proxy speaks plain HTTP.
        let isPlain = address != nil
        let flags = isPlain ? ["--dest-tls-verify=false"] : flags(registry, .target, nil)
        let proof = user(of: registry).map { ["--dest-creds", $0] } ?? []
        let format = isDocker ? ["--format", "v2s2"] : ["--all"]
        try await program.succeed(
            ["--insecure-policy", "copy", "--quiet"] + format + flags + proof + [source, target]
        )
    }

    /// Pulls REPOSITORY:TAG into an OCI layout; every blob is checked against its digest.
    package func pull(_ reference: String, from registry: RegistryServer, to target: String) async throws {
        let source = "docker://\(registry.address)/\(reference)"
        let flags = flags(registry, .source, user(of: registry))
        try await program.succeed(["--insecure-policy", "copy", "--quiet", "--all"] + flags + [source, target])
    }

    /// The digest of REPOSITORY:TAG.
    package func digest(of reference: String, in registry: RegistryServer) async throws -> String {
        let flags = flags(registry, .only, user(of: registry)) + ["--format", "{{.Digest}}"]
        let words = ["inspect"] + flags + ["docker://\(registry.address)/\(reference)"]
        return try await program.succeed(words).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Anything else; where it fails is told by the outcome.
    package func run(_ words: [String]) async throws -> MachineProgram.Outcome { try await program.run(words) }
}
