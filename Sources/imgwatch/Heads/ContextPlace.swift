/// Where the context of a build is written: into memory, where there is room for it; a disk takes many times longer to
/// make some thousand files.

import Foundation
import Glibc
import ImageEngines
import Watching

enum ContextPlace {
    /// Of what is free, a context may take so much: one of as many.
    private static let share = 8
    private static let sharedMemory = "/dev/shm"

    /// The folder in memory for these files; nil where they are too large for it, or there is none.
    static func inMemory(for files: [ContextEntry]) -> String? {
        var size = 0
        // A file takes a page at least, and its inode.
        for case .file(_, let bytes, _) in files.map(\.kind) { size += bytes + 4096 }
        guard let memory, let room, size < room / share else { return nil }
        return memory
    }

    /// A folder of the user's own, for all projects; nil where nobody can have one there.
    static var memory: String? {
        let path = "\(sharedMemory)/imgwatch-\(getuid())"
        mkdir(path, 0o700)
        var status = stat()
        // Whoever made it, nobody else may write to it.
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(),
            status.st_mode & 0o077 == 0
        else { return nil }
        return path
    }

    /// In bytes; nil where it is not known, or no memory.
    private static var room: Int? {
        var status = statvfs()
        guard Mount.holding(sharedMemory, among: Mount.all())?.kind == FileSystemKind("tmpfs"),
            statvfs(sharedMemory, &status) == 0
        else {
            return nil
        }
        var room = Int(status.f_bavail) * Int(status.f_frsize)
        guard
            let memory = Self.read("/proc/meminfo")?.split(separator: "\n").first(where: {
                $0.hasPrefix("MemAvailable:")
            }),
            let kilobytes = memory.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        room = min(room, kilobytes * 1024)
        // In a container there may be less.
        if let limit = Self.read("/sys/fs/cgroup/memory.max").flatMap({ Int($0.prefix { $0.isNumber }) }) {
            room = min(room, limit / 2)
        }
        return room
    }

    private static func read(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
