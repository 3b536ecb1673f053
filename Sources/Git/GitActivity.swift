/// What git is at in a work tree, by the files that it makes for that time.

import Glibc

package struct GitActivity: Equatable, Sendable {
    /// A file that keeps other git processes from the index or from HEAD.
    package struct Lock: Equatable, Sendable {
        /// In the folder ``Repository/gitDirectory``: `index.lock` or `HEAD.lock`.
        package var name: String
        /// One lock and the next have the same name, and differ in this or in ``written``.
        package var inode: UInt64
        /// Nanoseconds since the epoch: when it was last written.
        package var written: Int64
        package init(name: String, inode: UInt64, written: Int64) {
            (self.name, self.inode, self.written) = (name, inode, written)
        }
    }

    /// What takes several commits one after another, or stopped on the way.
    package enum Series: String, CaseIterable, Sendable {
        case rebase = "rebase-merge"
        /// `git am`, and `git rebase --apply`.
        case patches = "rebase-apply"
        /// `git cherry-pick` and `git revert` of more than one commit.
        case sequence = "sequencer"
    }

    package var locks: [Lock]
    package var series: [Series]
    package var isBusy: Bool { !locks.isEmpty || !series.isEmpty }
    package init(locks: [Lock], series: [Series]) { (self.locks, self.series) = (locks, series) }
}

extension Repository {
    private static let lockNames = ["index.lock", "HEAD.lock"]

    /// What git is at now.
    ///
    /// A series that stopped for a conflict, and a commit whose editor is open, look the same as one that goes on; the
    /// caller limits how long it waits. A merge or bisect, or one commit's cherry-pick or revert that stopped, is none.
    package func activity() -> GitActivity {
        let locks = Self.lockNames.compactMap { name -> GitActivity.Lock? in
            var raw = stat()
            guard lstat(gitDirectory + "/" + name, &raw) == 0 else { return nil }
            return .init(name: name, inode: UInt64(raw.st_ino), written: raw.st_mtim.nanoseconds)
        }
        let series = GitActivity.Series.allCases.filter { access(gitDirectory + "/" + $0.rawValue, F_OK) == 0 }
        return GitActivity(locks: locks, series: series)
    }
}
