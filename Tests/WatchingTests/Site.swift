/// A folder with a watcher on it, and what the tests do there.

import Foundation
import Glibc
import Watching

final class Site: Sendable {
    /// Absolute and real.
    let folder: String
    let watcher: Watcher

    /// Nothing is watched yet.
    init(readsEagerly: Bool = true, onActivity: @escaping @Sendable () -> Void = {}) throws {
        folder = try Self.makeFolder()
        watcher = try Watcher(readsEagerly: readsEagerly, onActivity: onActivity)
    }

    /// The whole folder `tree` is watched; it exists, and holds what the script made there.
    convenience init(tree script: String) throws {
        try self.init()
        try FileManager.default.createDirectory(atPath: path("tree"), withIntermediateDirectories: true)
        try run("cd tree; " + script)
        try watch(["tree"])
        // What others do beside the folder while the watches are set leaves the model in doubt of what it saw.
        _ = drain()
    }

    deinit {
        watcher.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func makeFolder() throws -> String {
        var template = Array((NSTemporaryDirectory() + "/watching-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil, let real = realpath(template, nil) else { throw POSIXError(.EIO) }
        defer { free(real) }
        return String(cString: real)
    }

    func path(_ relative: String) -> String { relative.isEmpty ? folder : folder + "/" + relative }

    func watch(_ roots: [String], includes: @escaping @Sendable (String) -> Bool = { _ in true }) throws {
        try watcher.watch(WatchScope(roots: roots.map(path), includes: includes))
    }

    /// Runs a shell script in the folder; it ends at its first failure.
    func run(_ script: String) throws {
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-e", "-c", script]
        shell.currentDirectoryURL = URL(filePath: folder)
        shell.standardInput = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
        guard shell.terminationStatus == 0 else { throw ScriptFailed(script: script) }
    }

    func link(_ target: String, at relative: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path(relative), withDestinationPath: target)
    }

    func write(_ text: String, to relative: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path(relative)))
        guard Self.isReleased(path(relative)) else { throw POSIXError(.EBUSY) }
    }

    /// Whether nobody writes the file any more.
    ///
    /// Another test that starts a process has our descriptors in its child too, for the moment between fork and exec;
    /// the file is closed only then.
    static func isReleased(_ path: String) -> Bool {
        (0..<1_000_000).contains { _ in !Watcher.isOpenForWriting(path) }
    }

    /// `a/b` for a change, `-a/b` for a removal, relative to the folder and in the order of the batch.
    func drain() -> [String] { describe(watcher.drain()) }

    /// The same, with `a/b/**` for what is told with all below it.
    func drainWholes() -> [String] { describe(watcher.drain(), whole: "/**") }

    func describe(_ batch: ChangeBatch, whole: String = "") -> [String] {
        (batch.mustRescan ? ["rescan"] : [])
            + batch.changes.map { change in
                let isInside = change.path.hasPrefix(folder + "/")
                let path = isInside ? String(change.path.dropFirst(folder.count + 1)) : change.path
                return (change.isRemoval ? "-" : "") + path + (change.isRecursive ? whole : "")
            }
    }

    /// How many inotify instances of this process watch the directory.
    func kernelWatches(_ relative: String) throws -> Int {
        var status = stat()
        guard stat(path(relative), &status) == 0 else { throw POSIXError(.ENOENT) }
        let watch = "inotify wd:"
        let inode = " ino:" + String(status.st_ino, radix: 16) + " "
        return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fdinfo").count { file in
            let text = try? String(contentsOfFile: "/proc/self/fdinfo/" + file, encoding: .utf8)
            return text?.split(separator: "\n").contains { $0.hasPrefix(watch) && $0.contains(inode) } == true
        }
    }

    struct ScriptFailed: Error { var script: String }
}

/// Calls that neither Foundation nor the Glibc module offers.
enum SystemCall {
    private typealias Rename =
        @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
    private typealias SetUser = @convention(c) (UInt32) -> Int32

    private static func symbol<Function>(_ name: String, as type: Function.Type) -> Function? {
        // The two functions below have these signatures in every libc for Linux.
        dlsym(nil, name).map { unsafeBitCast($0, to: type) }
    }

    /// Swaps two paths in one step.
    @discardableResult
    static func exchange(_ first: String, _ second: String) -> Bool {
        let atWorkingDirectory: Int32 = -100
        let exchangeFlag: UInt32 = 2
        guard let rename = symbol("renameat2", as: Rename.self) else { return false }
        return rename(atWorkingDirectory, first, atWorkingDirectory, second, exchangeFlag) == 0
    }

    /// Runs the body with the file permissions of a user who owns nothing, on this thread only.
    static func asNobody<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard geteuid() == 0, let setUser = symbol("setfsuid", as: SetUser.self) else { return try body() }
        _ = setUser(65534)
        defer { _ = setUser(0) }
        return try body()
    }

    /// Opens the file, maps it, closes it, and only then writes through the map.
    @discardableResult
    static func writeThroughMap(_ path: String, _ byte: UInt8) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        let map = mmap(nil, 1, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        var status = stat()
        let isEmpty = fstat(descriptor, &status) != 0 || status.st_size == 0
        close(descriptor)
        guard let map, map != MAP_FAILED else { return false }
        if !isEmpty { map.storeBytes(of: byte, as: UInt8.self) }
        return munmap(map, 1) == 0
    }
}
