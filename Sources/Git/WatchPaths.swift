/// What says that git moved or is at work: the folders to watch, and the files that mean "not now".

import CLibgit2
import Glibc
import Synchronization

extension Repository {
    /// Folders to be watched, each without what is below it.
    ///
    /// A change in one says that HEAD, its branch or ``isBusy()`` may have changed. To be asked for again after each
    /// such change: another branch may lie in another folder.
    package var watchPaths: [String] {
        var paths = [gitDirectory, gitDirectory + "/logs", commonDirectory]
        var folder = commonDirectory
        let branch = handle.withLock { (handle) in try? handle.headBranch() }
        for name in (branch ?? "refs/heads/-").split(separator: "/").dropLast() {
            folder += "/" + name
            paths.append(folder)
        }
        var seen: Set<String> = []
        return paths.filter { access($0, F_OK) == 0 && seen.insert($0).inserted }
    }

    /// Whether git holds a lock on the work tree, or is half-way through a series of commits.
    ///
    /// A rebase that stopped for a conflict, and a commit whose editor is open, look the same; the caller limits how
    /// long it waits. A merge that stopped holds nothing.
    package func isBusy() -> Bool {
        Self.markers.contains { access(gitDirectory + "/" + $0, F_OK) == 0 }
    }

    private static let markers = ["index.lock", "HEAD.lock", "rebase-merge", "rebase-apply", "sequencer"]
}
