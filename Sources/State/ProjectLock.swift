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
        let lock = ProjectLock(try FileLock.trying(folders.state + "/loop.lock"))
        lock.lock.sign(getpid())
        return lock
    }
}
