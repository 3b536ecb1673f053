/// Debian's docker-registry, in a variant and with a storage of its own, on a free port of 127.0.0.1.

import Foundation
import Glibc

package final class RegistryServer: Sendable {
    package enum Access: Sendable {
        case open
        case password(user: String, password: String)
        case token(TokenServer)
    }

    private struct Token: Encodable {
        var realm: String
        var service: String
        var issuer: String
        var rootcertbundle: String
    }

    private struct Settings: Encodable {
        var user: String?
        var password: String?
        var token: Token?
        var encrypted: Bool
        var relative: Bool
        var deletes: Bool
    }

    private struct First: Decodable {
        var port: UInt16
        var folder: String
        var root: String
    }

    private let process: RigProcess
    package let access: Access
    package let port: UInt16
    /// Its storage, to look at.
    package let root: String
    /// The certificate of the authority that signed the registry's; nil where it speaks plain HTTP.
    package let authority: String?

    package static let isInstalled = ["docker-registry", "htpasswd", "openssl", "python3"].allSatisfy {
        MachineProgram($0) != nil
    }

    private init(_ process: RigProcess, _ access: Access, isEncrypted: Bool) throws {
        let first = try process.first(as: First.self)
        (self.process, self.access, port, root) = (process, access, first.port, first.root)
        authority = isEncrypted ? first.folder + "/authority/ca.crt" : nil
    }

    /// Starts one in the variant that is wanted.
    ///
    /// `isEncrypted`: TLS for `localhost` and 127.0.0.1, by an authority of its own. `hasRelativeURLs`: its `Location`
    /// is a path. `deletes`: it lets clients delete.
    package static func start(
        _ access: Access = .open,
        isEncrypted: Bool = false,
        hasRelativeURLs: Bool = false,
        deletes: Bool = true
    ) async throws -> RegistryServer {
        var settings = Settings(encrypted: isEncrypted, relative: hasRelativeURLs, deletes: deletes)
        switch access {
        case .open: break
        case .password(let user, let password): (settings.user, settings.password) = (user, password)
        case .token(let server):
            settings.token = Token(
                realm: server.realm,
                service: server.service,
                issuer: server.issuer,
                rootcertbundle: server.certificate
            )
        }
        return try await onThread { [settings] in
            try RegistryServer(RigProcess("registry", settings), access, isEncrypted: isEncrypted)
        }
    }

    /// HOST:PORT, as it stands in references.
    package var address: String { "127.0.0.1:\(port)" }
    package var origin: String { "\(authority == nil ? "http" : "https")://\(address)" }

    /// Kills it, as a crash does; its port stays its own, as far as nobody takes it.
    package func stop() async throws { try await tell("stop") }

    /// Starts it again after `stop`, at the same port and with what it has stored.
    package func startAgain() async throws { try await tell("start") }

    private func tell(_ command: String) async throws {
        try await onThread { [process] in _ = try process.tell(command, as: Int.self) }
    }

    /// What it logged so far.
    package func log() throws -> String { try process.ask("log", as: String.self) }
}

/// Its storage, read and changed behind its back.
extension RegistryServer {
    private var base: String { root + "/docker/registry/v2" }

    private func folder(of digest: String) -> String {
        let name = digest.dropFirst("sha256:".count)
        return "\(base)/blobs/sha256/\(name.prefix(2))/\(name)"
    }

    /// nil where the registry does not hold it.
    package func blob(_ digest: String) -> [UInt8]? {
        FileManager.default.contents(atPath: folder(of: digest) + "/data").map { Array($0) }
    }

    /// The digests of all that is stored, in any repository.
    package var blobs: [String] {
        let all = FileManager.default.enumerator(atPath: base + "/blobs/sha256")?.compactMap { $0 as? String } ?? []
        return all.filter { $0.hasSuffix("/data") }.map { "sha256:\($0.split(separator: "/")[1])" }.sorted()
    }

    /// The registry loses a blob, also while it runs.
    package func removeBlob(_ digest: String) throws {
        try FileManager.default.removeItem(atPath: folder(of: digest))
    }

    /// One repository loses a blob, which others may keep.
    package func removeBlob(_ digest: String, from repository: String) throws {
        let name = digest.dropFirst("sha256:".count)
        try FileManager.default.removeItem(atPath: "\(base)/repositories/\(repository)/_layers/sha256/\(name)")
    }

    /// The digest under a tag; nil where there is no such tag.
    package func digest(of tag: String, in repository: String) -> String? {
        let link = "\(base)/repositories/\(repository)/_manifests/tags/\(tag)/current/link"
        return FileManager.default.contents(atPath: link).map { String(decoding: $0, as: UTF8.self) }
    }

    package func tags(of repository: String) -> [String] {
        let folder = "\(base)/repositories/\(repository)/_manifests/tags"
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// How many uploads were begun in a repository, and neither finished nor cancelled.
    package func openUploads(in repository: String) -> Int {
        let folder = "\(base)/repositories/\(repository)/_uploads"
        return (try? FileManager.default.contentsOfDirectory(atPath: folder))?.count ?? 0
    }
}
