/// Where the context of a build is written: into memory, where there is room for it; a disk takes many times longer to
/// make some thousand files.

import Foundation
import Glibc
import ImageEngines
import Watching

/// A folder in memory for one build; others see by its lock that it is in use.
final class ContextPlace: Sendable {
    /// Absolute; what is written to it is put below this.
    let path: String
    private let lock: Int32

    /// A context may take one of so many parts of what is free.
    private static let share = 8
    private static let sharedMemory = "/dev/shm"
    /// `ST_NOEXEC` of statvfs(3).
    private static let noExecution: UInt = 8

    /// Nil where the files are too large for it, or there is none.
    init?(for files: [ContextEntry]) {
        var size = 0
        for case .file(_, let bytes, _) in files.map(\.kind) { size += bytes }
        // Each takes a page at least.
        size += files.count * 4096
        let parent = Self.folder
        mkdir(parent, 0o700)
        path = "\(parent)/\(UUID().uuidString)"
        guard Self.isOurs(parent), let room = Self.room, size < room / Self.share, mkdir(path, 0o700) == 0 else {
            return nil
        }
        lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // Who clears may have come before the lock.
        guard lock >= 0, flock(lock, LOCK_SH) == 0, access(path, F_OK) == 0 else { return nil }
    }

    deinit {
        ContextFolder.remove(path)
        close(lock)
    }

    /// Somebody else may have removed it: a session's end does that on some machines.
    var isThere: Bool { access(path, F_OK) == 0 }

    /// Removes what a crash left; of who builds, nothing.
    static func clear() {
        guard isOurs(folder) else { return }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            let place = "\(folder)/\(name)"
            let descriptor = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { ContextFolder.remove(place) }
            close(descriptor)
        }
    }

    /// The user's own, for all projects.
    private static var folder: String { "\(sharedMemory)/imgwatch-\(getuid())" }

    /// Whoever made it, nobody else may write to it.
    private static func isOurs(_ folder: String) -> Bool {
        var status = stat()
        return lstat(folder, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == getuid()
            && status.st_mode & 0o077 == 0
    }

    /// In bytes; nil where it is not known, or where what `RUN` mounts could not be executed.
    private static var room: Int? {
        var status = statvfs()
        let isMemory = Mount.holding(sharedMemory, among: Mount.all())?.kind == FileSystemKind("tmpfs")
        guard isMemory, statvfs(sharedMemory, &status) == 0, status.f_flag & noExecution == 0 else { return nil }
        let line = read("/proc/meminfo")?.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        guard let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        let room = min(Int(status.f_bavail) * Int(status.f_frsize), kilobytes * 1024)
        // In a container there may be less.
        let limit = read("/sys/fs/cgroup/memory.max").flatMap { Int($0.prefix { $0.isNumber }) }
        return limit.map { min(room, $0 / 2) } ?? room
    }

    private static func read(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
