/// Who works in a project's store beside its loop, and who cleans it: never both.

/// Held until it is dropped, or the process ends.
package final class StoreLock: Sendable {
    private let lock: FileLock

    private init(_ lock: consuming FileLock) { self.lock = lock }

    /// Nobody cleans the store meanwhile.
    package static func share(_ folders: StateFolders) throws(StateError) -> StoreLock {
        StoreLock(try FileLock.sharing(path(folders)))
    }

    /// For who cleans it; nil where somebody works in it.
    package static func alone(_ folders: StateFolders) throws(StateError) -> StoreLock? {
        do throws(StateError) { return StoreLock(try FileLock.trying(path(folders))) } catch {
            guard case .held = error else { throw error }
            return nil
        }
    }

    private static func path(_ folders: StateFolders) -> String { folders.state + "/store.lock" }
}
