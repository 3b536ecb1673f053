/// The git command line, which makes and changes the repositories of the tests.

import Foundation
import Git
import Testing

@testable import Inputs

struct CommandFailed: Error { var text: String }

extension TemporaryTree {
    /// Runs git in `folder`, the root without one, and gives what it printed without the last newline.
    @discardableResult
    func git(_ arguments: String..., in folder: String = "") throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["git"] + arguments
        process.currentDirectoryURL = URL(filePath: folder.isEmpty ? root : path(folder))
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": home,
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@example.org", "LC_ALL": "C",
        ]
        let files = ["/.out", "/.err"].map { home + $0 }
        for file in files { try "".write(toFile: file, atomically: false, encoding: .utf8) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: files[0])
        process.standardError = FileHandle(forWritingAtPath: files[1])
        let isOver = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in isOver.signal() }
        try process.run()
        isOver.wait()
        let texts = try files.map { try String(contentsOfFile: $0, encoding: .utf8) }
        guard process.terminationStatus == 0 else {
            throw CommandFailed(text: "git \(arguments.joined(separator: " ")): \(texts[1])")
        }
        return texts[0].hasSuffix("\n") ? String(texts[0].dropLast()) : texts[0]
    }

    /// Writes the files, commits all that changed, and gives the commit's id.
    @discardableResult
    func commit(_ files: [String: String] = [:]) throws -> String {
        if FileStat(of: path(".git")) == nil { try git("init", "-q", "-b", "main") }
        for (name, text) in files { try write(name, text) }
        try git("add", "-A")
        try git("commit", "-q", "-m", "change", "--allow-empty")
        return try git("rev-parse", "HEAD")
    }

    /// As a process that starts now would see it; the project may lie in a folder of the work tree.
    func names(project folder: String = "") throws -> GitNames {
        let repository = try #require(try Repository.discover(from: root))
        let place = folder.isEmpty ? root : path(folder)
        return try #require(GitNames(repository, reader: InputReader(root: place, index: HashIndex())))
    }
}
