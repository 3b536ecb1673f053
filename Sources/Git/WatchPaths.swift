/// Where git's files say that it moved or is at work: the folders to watch.

import CLibgit2
import Glibc
import Synchronization

extension Repository {
    /// Folders to be watched, each without what is below it.
    ///
    /// A change in one says that HEAD, its branch or ``activity()`` may have changed. To be asked for again after each
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
}
