/// Where a project's state lives: under the XDG folders (XDG Base Directory Specification 0.8), never in the project.

import Foundation
import Glibc
import OCI

/// All absolute, without a slash at the end.
package struct StateFolders: Hashable, Codable, Sendable {
    /// The database, the lock, and the socket of who holds it: whoever sees the one sees the other, from any session.
    package var state: String
    /// The images' content.
    package var store: String
    /// What all projects of the user share.
    package var shared: String

    package init(state: String, store: String, shared: String) {
        (self.state, self.store, self.shared) = (state, store, shared)
    }

    /// The folders of the project in `root`, an absolute path without links, so that each project has one name.
    ///
    /// Nothing is made yet.
    package static func forProject(root: String, environment: [String: String]) -> StateFolders {
        let name = name(of: root)
        let home = absolute(environment["HOME"]) ?? passwordHome() ?? ""
        let state = (absolute(environment["XDG_STATE_HOME"]) ?? home + "/.local/state") + "/imgwatch"
        let data = (absolute(environment["XDG_DATA_HOME"]) ?? home + "/.local/share") + "/imgwatch"
        return StateFolders(state: "\(state)/\(name)", store: "\(data)/\(name)", shared: state)
    }

    /// Makes those that are missing, for the user alone.
    package func create() throws(StateError) {
        for folder in [state, store, shared] {
            do {
                try FileManager.default.createDirectory(
                    atPath: folder,
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700]
                )
            } catch {
                throw .folder(path: folder, reason: error.localizedDescription)
            }
        }
    }

    /// A word that a person knows the project by, and what makes it unique.
    private static func name(of root: String) -> String {
        let last = root.split(separator: "/").last ?? "root"
        let plain = String(
            last.prefix(32).map { character in
                character.isASCII && (character.isLetter || character.isNumber || "._-".contains(character))
                    ? character : "-"
            }
        )
        return "\(plain)-\(Digest.sha256(of: root.utf8).hex.prefix(12))"
    }

    /// The specification has relative paths ignored.
    private static func absolute(_ path: String?) -> String? {
        guard var path, path.hasPrefix("/") else { return nil }
        while path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private static func passwordHome() -> String? {
        guard let entry = getpwuid(getuid()), let home = entry.pointee.pw_dir else { return nil }
        return absolute(String(cString: home))
    }
}
