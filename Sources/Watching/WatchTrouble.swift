/// Why a directory of the tree is not seen.

import Glibc

enum WatchTrouble: Equatable {
    /// This user may not read it; its `chmod` is an event of its parent.
    case unreadable
    /// The user's watches are used up.
    case limit
    indirect case failed(WatchError)

    /// nil for what is no trouble: the directory went away meanwhile, and an event says so.
    init?(_ error: WatchError) {
        guard case .system(_, _, let code) = error else {
            self = .failed(error)
            return
        }
        switch code {
        case ENOENT, ENOTDIR, ELOOP: return nil
        case EACCES, EPERM, ENAMETOOLONG: self = .unreadable
        case ENOSPC: self = .limit
        default: self = .failed(error)
        }
    }
}
