/// What a watcher is asked to see.

package struct WatchScope: Sendable {
    /// Absolute paths of directories or files, existing or not.
    ///
    /// A root that is a symbolic link, or that is reached through one, is followed; its changes carry the root's own
    /// path.
    package var roots: [String]
    /// Whether this directory below a root may hold inputs.
    ///
    /// One that may not gets no watch, and neither does anything below it, unless a root lies there; its own coming and
    /// going is still seen. Roots themselves are not asked about. It is called while the watcher is locked, so it must
    /// not call the watcher.
    package var includes: @Sendable (_ directory: String) -> Bool

    package init(roots: [String], includes: @escaping @Sendable (_ directory: String) -> Bool = { _ in true }) {
        (self.roots, self.includes) = (roots, includes)
    }
}
