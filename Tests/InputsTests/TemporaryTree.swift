/// A real project in a folder of its own, gone with the test.

import Foundation
import Graph
import Project
import Testing

@testable import Inputs

final class TemporaryTree {
    /// Absolute, without links.
    let root: String
    /// Holds the root and whatever lies beside it.
    let home: String

    /// Of texts by relative path; a path that ends in `/` makes a folder.
    init(_ files: [String: String] = [:]) throws {
        let made = FileManager.default.temporaryDirectory.appending(path: "imgwatch-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: made.appending(path: "root"), withIntermediateDirectories: true)
        home = made.resolvingSymlinksInPath().path(percentEncoded: false)
        root = home + "/root"
        for (name, text) in files { try write(name, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: home) }

    func path(_ name: String) -> String { root + "/" + name }

    /// Into the file that is there, if one is.
    func write(_ name: String, _ text: String) throws {
        let folder = name.hasSuffix("/") ? path(name) : (path(name) as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if !name.hasSuffix("/") { try text.write(toFile: path(name), atomically: false, encoding: .utf8) }
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

    func link(_ name: String, to target: String) throws {
        let folder = (path(name) as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try #require(symlink(target, path(name)) == 0)
    }

    func setMode(_ name: String, _ mode: mode_t) throws { try #require(chmod(path(name), mode) == 0) }

    /// In the year 2242.
    static let future = 1 << 33

    /// Sets the time of the last write, in seconds since the epoch.
    func setTime(_ name: String, _ seconds: Int) throws {
        let times = Array(repeating: timespec(tv_sec: seconds, tv_nsec: 0), count: 2)
        try #require(utimensat(AT_FDCWD, path(name), times, 0) == 0)
    }

    /// The same place by a path on which there is no link.
    func real(_ name: String) -> String {
        var parts = name.split(separator: "/").map(String.init)
        var rest = [parts.removeLast()]
        while !parts.isEmpty {
            if let place = realpath(path(parts.joined(separator: "/")), nil) {
                defer { free(place) }
                return ([String(String(cString: place).dropFirst(root.count + 1))] + rest).joined(separator: "/")
            }
            rest.insert(parts.removeLast(), at: 0)
        }
        return name
    }

    func move(_ name: String, to new: String) throws { try #require(rename(path(name), path(new)) == 0) }

    func stat(_ name: String) throws -> FileStat { try #require(FileStat(of: path(name))) }

    // MARK: Projects

    /// The project whose configuration this is.
    func project(_ configuration: String) throws -> Project {
        try write(".imgwatch", configuration)
        return try Loader.load(file: path(".imgwatch"), environment: [:], bases: [:]).project
    }

    /// A step named `make` with these lines.
    func step(_ lines: String...) throws -> Step {
        let project = try project((["steps:", "  make:"] + lines.map { "    " + $0 }).joined(separator: "\n") + "\n")
        return try #require(project.step(NodeID("make")))
    }

    /// An image named `app`, from the Dockerfile that this makes beside the context.
    func image(_ dockerfile: String, _ lines: String...) throws -> Image {
        try write("Dockerfile.app", "FROM scratch\n" + dockerfile + "\n")
        let all = ["images:", "  app:", "    dockerfile: Dockerfile.app"] + lines.map { "    " + $0 }
        return try #require(try project(all.joined(separator: "\n") + "\n").image(NodeID("app")))
    }

    func scope(of image: Image) -> InputScope { InputScope(of: image, linked: LinkedSources(of: image, in: root)) }

    func scope(of step: Step) -> InputScope { InputScope(of: step, linked: LinkedSources(of: step, in: root)) }

    // MARK: Reading

    var reader: InputReader { InputReader(root: root, index: HashIndex()) }

    func read(_ scope: InputScope) throws -> Reading { try #require(try reader.read(scope)) }

    /// The paths that a scope reads now.
    func paths(in scope: InputScope) throws -> [String] { try read(scope).files.map(\.path) }

    /// Files of which nothing has changed for so long that a reading is remembered.
    func settle(_ names: String...) throws {
        let newest = try names.map { max(try stat($0).changed, try stat($0).modified) }.max() ?? 0
        while FileStat.now() <= newest + FileStat.racy { sched_yield() }
    }
}
