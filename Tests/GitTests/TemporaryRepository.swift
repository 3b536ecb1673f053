/// A real repository in a folder of its own, made and changed by the git command line, and gone with the test.

import Foundation
import Git

final class TemporaryRepository {
    struct CommandFailed: Error { var text: String }

    static let hasGit = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        .contains { access($0 + "/git", X_OK) == 0 }

    /// Holds all that the test makes; without links.
    let folder: String
    /// The first repository's work tree, one folder below.
    let root: String

    /// The format is one of `git init --object-format`.
    init(format: String = "sha1", initialise: Bool = true) throws {
        let made = NSTemporaryDirectory() + "imgwatch-git-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: made + "/work", withIntermediateDirectories: true)
        guard let real = realpath(made, nil) else { throw CommandFailed(text: "no \(made)") }
        defer { free(real) }
        folder = String(cString: real)
        root = folder + "/work"
        if initialise { try git("init", "-q", "-b", "main", "--object-format=\(format)") }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Runs git in `directory`, the root without one, and gives what it printed without the last newline.
    @discardableResult
    func git(_ arguments: String..., in directory: String? = nil, input: String = "") throws -> String {
        try git(arguments, in: directory ?? root, input: input)
    }

    /// No configuration but the one of tests.
    var environment: [String: String] {
        [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": folder,
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@example.org", "LC_ALL": "C",
        ]
    }

    func git(_ arguments: [String], in directory: String, input: String = "") throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git"] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.environment = environment
        let (source, output, errors) = (folder + "/.in", folder + "/.out", folder + "/.err")
        try input.write(toFile: source, atomically: false, encoding: .utf8)
        for file in [output, errors] { try "".write(toFile: file, atomically: false, encoding: .utf8) }
        process.standardInput = FileHandle(forReadingAtPath: source)
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let text = try String(contentsOfFile: errors, encoding: .utf8)
            throw CommandFailed(text: "git \(arguments.joined(separator: " ")): \(text)")
        }
        let text = try String(contentsOfFile: output, encoding: .utf8)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    func write(_ content: String, to path: String) throws {
        let file = root + "/" + path
        let parent = (file as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try content.write(toFile: file, atomically: false, encoding: .utf8)
    }

    /// Writes the files, commits all that changed, and gives the commit's id.
    @discardableResult
    func commit(_ files: [String: String]) throws -> String {
        for (path, content) in files { try write(content, to: path) }
        try git("add", "-A")
        try git("commit", "-q", "-m", "change", "--allow-empty")
        return try git("rev-parse", "HEAD")
    }

    /// Returns when a file that changes now bears a later time than all before, by more than counts as racy.
    func passRacyTime() throws {
        let start = try timeOfChange()
        while try timeOfChange() < start + 25_000_000 {}
    }

    /// Returns when a file that changes now bears a time of another second than all before.
    func passSecond() throws {
        let start = try timeOfChange() / 1_000_000_000
        while try timeOfChange() / 1_000_000_000 == start {}
        try passRacyTime()
    }

    /// As after work in the past: no entry of the index is racy.
    func settle(in tree: String? = nil) throws {
        try passRacyTime()
        try git("update-index", "--force-write-index", in: tree)
        try passRacyTime()
    }

    private func timeOfChange() throws -> Int64 {
        try "".write(toFile: folder + "/.now", atomically: false, encoding: .utf8)
        var raw = stat()
        guard lstat(folder + "/.now", &raw) == 0 else { throw CommandFailed(text: "no time") }
        return Int64(raw.st_ctim.tv_sec) * 1_000_000_000 + Int64(raw.st_ctim.tv_nsec)
    }

    /// As a process that starts now would see it.
    func open(_ directory: String? = nil) throws -> Repository {
        guard let repository = try Repository.discover(from: directory ?? root) else {
            throw CommandFailed(text: "no repository found")
        }
        return repository
    }
}
