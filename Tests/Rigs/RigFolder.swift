/// A private folder that goes away with its owner; in memory where the machine has a place for it: registries sync.

import Foundation

package final class RigFolder: Sendable {
    package let path: String

    private struct First: Decodable { var folder: String }

    /// All of this process are in one, which goes away even when the process is killed.
    private static let parent = Result {
        let keeper = try RigProcess("folder", Empty())
        return (keeper: keeper, path: try keeper.first(as: First.self).folder)
    }

    package init() throws {
        path = "\(try Self.parent.get().path)/\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, and the folders that it is in.
    @discardableResult
    package func write(_ name: String, _ text: String, mode: Int = 0o644) throws -> String {
        let file = path + "/" + name
        let parent = URL(filePath: file).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: file), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        return file
    }
}
