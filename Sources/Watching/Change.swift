/// What a drain hands on: the paths that may have changed since the last one.

/// One path that changed, or may have changed, since the last drain.
///
/// It says where to look, not what is there now: look with `lstat`. Changes are to be applied in the order of their
/// sequences; a removal takes everything below its path with it, and what came back follows it as a change.
package struct Change: Equatable, Sendable {
    /// Absolute, below the root as the scope names it.
    ///
    /// Of what has a name that is no UTF-8, the folder is told, with all that is below it.
    package var path: String
    /// Grows by one per change in the watcher's life; where changes of one path were merged, the greatest is kept.
    package var sequence: UInt64
    package var isDirectory: Bool
    package var isRemoval: Bool
    /// Whatever is below it may have changed as well, and is not told path by path.
    package var isRecursive: Bool

    package init(
        path: String,
        sequence: UInt64,
        isDirectory: Bool = false,
        isRemoval: Bool = false,
        isRecursive: Bool = false
    ) {
        (self.path, self.sequence, self.isDirectory) = (path, sequence, isDirectory)
        (self.isRemoval, self.isRecursive) = (isRemoval, isRecursive)
    }
}

/// All changes whose system call returned before the drain that made this batch, less those of earlier batches.
package struct ChangeBatch: Equatable, Sendable {
    /// In the order of their sequences.
    package var changes: [Change]
    /// The last sequence that was given out.
    package var barrier: UInt64
    /// Events were lost: everything in the scope may have changed.
    package var mustRescan: Bool

    package init(changes: [Change], barrier: UInt64, mustRescan: Bool = false) {
        (self.changes, self.barrier, self.mustRescan) = (changes, barrier, mustRescan)
    }
}
