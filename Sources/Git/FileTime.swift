/// Times of files as one number.

package import Glibc

extension timespec {
    /// Since the epoch, where this is a file's time.
    package var nanoseconds: Int64 { Int64(tv_sec) * 1_000_000_000 + Int64(tv_nsec) }
}

enum FileTime {
    /// Nanoseconds since the epoch; nil where there is no such file.
    static func written(_ path: String) -> Int64? {
        var raw = stat()
        return lstat(path, &raw) == 0 ? raw.st_mtim.nanoseconds : nil
    }
}
