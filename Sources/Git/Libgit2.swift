/// libgit2 as a library: started once for the process, with the limits and the extensions that we need.

import CLibgit2
import Glibc

enum Libgit2 {
    /// Objects that are kept in memory, in bytes.
    ///
    /// libgit2's own limit, 256 MB, is much for a program that idles all day.
    private static let cacheLimit = 32 << 20

    /// Extensions that change nothing of what we read.
    ///
    /// libgit2 refuses each that it does not know in a repository of format 1 (libgit2#6044), and `git sparse-checkout`
    /// and partial clones write them.
    /// Which format object names have, ``RepositoryHandle`` asks itself.
    private static let harmlessExtensions = [
        "worktreeconfig", "partialclone", "relativeworktrees", "preciousobjects", "objectformat",
    ]

    /// Every entry into the module asks for this first.
    static let isReady: Bool = {
        guard git_libgit2_init() > 0 else { return false }
        _ = imgwatch_git_set_cache_limit(cacheLimit)
        let names = harmlessExtensions.map { strdup($0) }
        defer { for name in names { free(name) } }
        var pointers = names.map { UnsafePointer($0) }
        _ = imgwatch_git_set_extensions(&pointers, pointers.count)
        return true
    }()

    static var version: String {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        _ = git_libgit2_version(&major, &minor, &patch)
        return "\(major).\(minor).\(patch)"
    }
}
