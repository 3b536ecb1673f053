/// A real folder for one test, gone with it.

import Dockerfile
import Foundation
import Project

final class TemporaryFolder {
    /// Absolute, without links.
    let path: String

    /// Of texts by relative path; a path that ends in `/` makes a folder.
    init(_ files: [String: String] = [:]) throws {
        let made = FileManager.default.temporaryDirectory.appending(path: "imgwatch-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
        path = made.resolvingSymlinksInPath().path(percentEncoded: false)
        for (name, text) in files { try write(name, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        let url = URL(filePath: path).appending(path: name)
        let folder = name.hasSuffix("/") ? url : url.deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if !name.hasSuffix("/") { try text.write(to: url, atomically: false, encoding: .utf8) }
    }

    func link(_ name: String, to target: String) throws {
        let url = URL(filePath: path).appending(path: name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: url.path(percentEncoded: false), withDestinationPath: target)
    }
}

extension BaseName: ExpressibleByStringLiteral {
    /// For this machine.
    package init(stringLiteral reference: String) { self.init(reference, for: Loader.hostPlatform) }
}
