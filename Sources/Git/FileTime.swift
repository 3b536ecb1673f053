/// When files of git's were written, in nanoseconds since the epoch.

import Glibc

enum FileTime {
    /// nil where there is none.
    static func written(_ path: String) -> Int64? {
        var raw = stat()
        return lstat(path, &raw) == 0 ? written(raw) : nil
    }

    static func written(_ raw: stat) -> Int64 {
        Int64(raw.st_mtim.tv_sec) * 1_000_000_000 + Int64(raw.st_mtim.tv_nsec)
    }
}
