/// Which commit changed the inputs last: the one that `git log -1 -- PATHS` would name.

package struct Commit: Hashable, Sendable {
    /// 40 hex digits.
    package var id: String
    /// The committer's clock, in seconds since the epoch.
    package var time: Int64
    package init(id: String, time: Int64) { (self.id, self.time) = (id, time) }

    /// The id as tags show it.
    ///
    /// Git's own abbreviation grows with the repository; this one is the same on each machine.
    package var abbreviated: String { String(id.prefix(9)) }
}

/// What an earlier search from an older HEAD found.
///
/// Only for the same question: same paths, same inputs.
package struct KnownNewest: Hashable, Sendable {
    /// The id of the commit that was HEAD then.
    package var head: String
    package var newest: Commit
    package init(head: String, newest: Commit) { (self.head, self.newest) = (head, newest) }
}
