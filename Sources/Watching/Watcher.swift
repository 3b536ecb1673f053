/// The kernel's file events as batches of changes, with a barrier.

import Synchronization

/// Watches directories and files by one inotify instance.
///
/// No change in the scope is ever missed: it is in a batch, or a batch says of a directory above it, or of everything,
/// that it may have changed. Where the kernel does not tell, every batch does (``polled``).
package final class Watcher: Sendable {
    /// nil once closed.
    private let model: Mutex<WatchModel?>
    private let intake: Mutex<EventIntake?>

    /// Watches nothing yet.
    ///
    /// `onActivity` is called on the watcher's own thread when events came, once until the next ``drain()``. It should
    /// only wake the one who drains. Without `readsEagerly` there is no such thread: the kernel's queue is read by
    /// ``drain()`` alone, and `onActivity` is never called.
    /// Throws ``WatchError/instanceLimit(limit:)``, ``WatchError/descriptorLimit(limit:)`` or
    /// ``WatchError/system(operation:path:code:)``.
    package init(readsEagerly: Bool = true, onActivity: @escaping @Sendable () -> Void) throws(WatchError) {
        let intake = try EventIntake(onActivity: onActivity)
        if readsEagerly { try intake.startReader() }
        self.intake = Mutex(intake)
        model = Mutex(WatchModel(intake: intake))
    }

    deinit { close() }

    /// Sets or replaces the scope, and returns when every watch is set; those that are kept are never interrupted.
    ///
    /// What is found on the way is not reported: read the tree after this call. What happened before it may still be
    /// in the next batch. Throws ``WatchError/watchLimit(limit:needed:)`` and others if a directory cannot be watched;
    /// the rest is watched then, and that directory is ``polled`` until a later drain could watch it.
    package func watch(_ scope: WatchScope) throws(WatchError) {
        try model.withLock { model throws(WatchError) in
            guard model != nil else { throw .closed }
            try model?.watch(scope)
        }
    }

    /// Has each of these regular files watched by itself, instead of those of the last call: they have other names
    /// (`st_nlink` is above 1), through which they may be written where no directory of the scope sees it.
    ///
    /// Absolute paths in the scope. Whatever comes to stand at such a path is watched in its turn. What was not watched
    /// before is in the next batch, as it may have been written since it was read. Of a closed watcher: nothing.
    package func watchFiles(_ paths: Set<String>) {
        model.withLock { $0?.watchFiles(Set(paths.map { RawPath($0.utf8) })) }
    }

    /// The barrier: every change in the scope whose system call returned before this call is in the result, or was in
    /// an earlier one.
    ///
    /// Of a closed watcher: nothing, and `mustRescan`.
    package func drain() -> ChangeBatch {
        model.withLock { $0?.drain() } ?? ChangeBatch(changes: [], barrier: 0, mustRescan: true)
    }

    /// Ends the thread and frees the kernel's resources.
    package func close() {
        intake.withLock { $0.take() }?.stopReader()
        model.withLock { $0 = nil }
    }

    package var watchCount: Int { model.withLock { $0?.table.count } ?? 0 }

    /// Absolute paths of the directories in the scope, or on the way to a root, that this user may not read.
    ///
    /// What changes in them is not seen.
    package var unreadable: [String] { model.withLock { $0?.unreadable.map(\.text).sorted() } ?? [] }

    /// The uppermost directories of the scope that may change without an event: there is no watch left for them, or
    /// others change their file system; absolute and sorted.
    ///
    /// Every batch says of each that all below it may have changed. Whoever drains compares with what is known of it,
    /// and drains from time to time, as nothing wakes it.
    package var polled: [String] { model.withLock { $0?.polled.map(\.text).sorted() } ?? [] }

    /// Where changes may go unseen, and why; sorted by path.
    ///
    /// What is written to the upper directory of an overlayfs, past its merged mount, is in none of them.
    package var blindSpots: [BlindSpot] { model.withLock { $0?.blindSpots } ?? [] }

    /// Why not all of the scope is watched, unreadable directories aside; nil when all is.
    ///
    /// Meanwhile it is ``polled``, and every drain tries again.
    package var failure: WatchError? { model.withLock { $0?.failure } }
}
