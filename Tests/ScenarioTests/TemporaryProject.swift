/// A project in a folder of its own, with state folders of its own, that goes away with the test.

import Foundation
import Testing

@testable import imgwatch

final class TemporaryProject: Sendable {
    /// Holds the project and its state.
    let home: URL
    let root: URL
    let environment: [String: String]

    static let sharedState: URL = {
        let folder = FileManager.default.temporaryDirectory.appending(path: "imgwatch-tests-\(getpid())")
        atexit { try? FileManager.default.removeItem(at: TemporaryProject.sharedState) }
        return folder
    }()

    init() throws {
        home = FileManager.default.temporaryDirectory.appending(path: "imgwatch-test-\(UUID().uuidString)")
        root = home.appending(path: "project")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        var environment = ProcessInfo.processInfo.environment
        environment["HOME"] = home.path()
        for name in ["DATA", "CACHE", "CONFIG"] {
            environment["XDG_\(name)_HOME"] = home.appending(path: name.lowercased()).path()
        }
        // One for all projects of this run, as on a real machine: it says which port is whose.
        environment["XDG_STATE_HOME"] = Self.sharedState.path()
        environment["XDG_RUNTIME_DIR"] = nil
        environment["GIT_CONFIG_NOSYSTEM"] = "1"
        for role in ["AUTHOR", "COMMITTER"] {
            environment["GIT_\(role)_NAME"] = "Test"
            environment["GIT_\(role)_EMAIL"] = "test@example.invalid"
        }
        self.environment = environment
    }

    /// With these files, by path.
    convenience init(_ files: [String: String]) throws {
        try self.init()
        for (path, content) in files { try write(path, content) }
    }

    /// A copy of a folder of the repository.
    convenience init(copying folder: String) throws {
        try self.init()
        try FileManager.default.removeItem(at: root)
        try FileManager.default.copyItem(at: Programs.repository.appending(path: folder), to: root)
    }

    deinit { try? FileManager.default.removeItem(at: home) }

    func path(_ path: String) -> String { root.appending(path: path).path() }

    /// As most editors save: the old content goes, the new one comes, one file and one inode.
    func write(_ path: String, _ content: String, as encoding: String.Encoding = .utf8) throws {
        let content = try #require(content.data(using: encoding))
        let url = root.appending(path: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        if let handle = try? FileHandle(forWritingTo: url) {
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: content)
            try handle.close()
        } else {
            try content.write(to: url)
        }
    }

    func read(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    func remove(_ path: String) throws { try FileManager.default.removeItem(at: root.appending(path: path)) }

    @discardableResult
    func run(_ words: String...) throws -> String { try Programs.run(words, in: root, environment) }

    @discardableResult
    func git(_ words: String...) throws -> String { try Programs.run(["git"] + words, in: root, environment) }

    func commitAll(_ message: String) throws {
        if !FileManager.default.fileExists(atPath: path(".git")) { try git("init", "-q", "-b", "main") }
        try git("add", "-A")
        try git("commit", "-q", "-m", message)
    }

    /// The store of the embedded registry: the one image layout below the data folder.
    func store() throws -> URL {
        let data = home.appending(path: "data")
        let found = FileManager.default.enumerator(atPath: data.path())?.compactMap { $0 as? String }
        let layout = try #require(found?.first { $0.hasSuffix("/oci-layout") }, "no image layout below \(data.path())")
        return data.appending(path: layout).deletingLastPathComponent()
    }
}

enum Programs {
    static let repository: URL = {
        let here = URL(filePath: #filePath).resolvingSymlinksInPath()
        return here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }()

    /// Built beside the tests.
    static let imgwatch: URL = {
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let candidates = [tests, repository.appending(path: ".build/debug")].map { $0.appending(path: "imgwatch") }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0.path()) } ?? candidates[0]
    }()

    struct Failed: Error, CustomStringConvertible {
        var description: String
        var status: Int32
    }

    /// - Returns: What it printed.
    @discardableResult
    static func run(_ words: [String], in folder: URL, _ environment: [String: String]) throws -> String {
        let (status, output, errors) = try finish(words, in: folder, environment)
        guard status == 0 else {
            throw Failed(
                description: "\(words.joined(separator: " ")): status \(status)\n\(output)\(errors)",
                status: status
            )
        }
        return output
    }

    /// By our own way to run commands, which several threads may go at once: Foundation's crashes now and then.
    static func finish(
        _ words: [String],
        in folder: URL,
        _ environment: [String: String]
    ) throws -> (status: Int32, output: String, errors: String) {
        let files = ["out", "err"].map {
            FileManager.default.temporaryDirectory.appending(path: "\($0)-\(UUID().uuidString)").path()
        }
        defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
        let redirect = ["/bin/sh", "-c", #"out=$1 err=$2; shift 2; exec "$@" >"$out" 2>"$err""#, "sh"]
        let command = StepCommand(
            words: redirect + files + words,
            environment: environment.map { "\($0.key)=\($0.value)" },
            directory: folder.path(),
            timeout: nil
        )
        let child = try ChildProcess(command)
        child.release()
        let end = child.wait { _, _ in }
        let status: Int32 = if case .exited(let status) = end { status } else { -1 }
        let texts = files.map { String(decoding: FileManager.default.contents(atPath: $0) ?? Data(), as: UTF8.self) }
        return (status, texts[0], texts[1])
    }

    static func has(_ name: String) -> Bool {
        ["/usr/bin/", "/usr/local/bin/", "/usr/sbin/", "/bin/"].contains {
            FileManager.default.isExecutableFile(atPath: $0 + name)
        }
    }
}
