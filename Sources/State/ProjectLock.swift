/// One loop per project: two would build into each other's hands.

import Glibc

/// Held until it is dropped, or the process ends.
package final class ProjectLock: Sendable {
    private let lock: FileLock

    private init(_ lock: consuming FileLock) { self.lock = lock }

    deinit { lock.sign(0) }

    /// Throws ``StateError/held(_:)`` where another process, or this one, has it.
    package static func acquire(_ folders: StateFolders) throws(StateError) -> ProjectLock {
        try folders.create()
        let lock = ProjectLock(try trying(path(folders)))
        lock.lock.sign(getpid())
        return lock
    }

    /// The process that has it, 0 where it has not said yet who it is; nil where nobody has it.
    package static func holder(_ folders: StateFolders) throws(StateError) -> Int32? {
        try FileLock.holder(path(folders))
    }

    private static func path(_ folders: StateFolders) -> String { folders.state + "/loop.lock" }

    /// Who only looks whether somebody has it has it for an instant.
    private static func trying(_ path: String) throws(StateError) -> FileLock {
        for _ in 0..<attempts {
            if let lock = try? FileLock.trying(path) { return lock }
            poll(nil, 0, pause)
        }
        return try FileLock.trying(path)
    }

    private static let attempts = 3
    /// Milliseconds.
    private static let pause: Int32 = 10
}
