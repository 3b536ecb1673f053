/// A real project in a folder of its own, gone with the test.

import Foundation
import Graph
import Inputs
import Project
import Testing

final class TemporaryFolder: Sendable {
    /// Absolute, without links.
    let root: String

    /// Of texts by relative path; a path that ends in `/` makes a folder.
    init(_ files: [String: String] = [:]) throws {
        let made = FileManager.default.temporaryDirectory.appending(path: "imgwatch-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
        root = made.resolvingSymlinksInPath().path(percentEncoded: false)
        for (name, text) in files { try write(name, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func path(_ name: String) -> String { root + "/" + name }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    func read(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    func write(_ name: String, _ text: String) throws {
        let folder = name.hasSuffix("/") ? path(name) : (path(name) as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if !name.hasSuffix("/") { try text.write(toFile: path(name), atomically: false, encoding: .utf8) }
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

    func link(_ name: String, to target: String) throws { try #require(symlink(target, path(name)) == 0) }

    /// The project whose configuration this is.
    func project(_ configuration: String) throws -> Project {
        try write(".imgwatch", configuration)
        return try Loader.load(file: path(".imgwatch"), environment: [:], bases: [:]).project
    }
}
