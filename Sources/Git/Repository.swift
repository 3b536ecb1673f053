/// Git's answers about a project: which commit is HEAD, what it holds, who changed the inputs, is git at work.
///
/// The index is a help and never needed: a split one says nothing.

import CLibgit2
import Glibc
import Synchronization

/// A repository with a work tree.
///
/// Safe to use from several threads: libgit2's calls come one after another, and block.
package final class Repository: Sendable {
    /// Absolute and without links, as are the others; no slash at the end.
    package let workDirectory: String
    /// Where this work tree's HEAD and index are; for a linked work tree not the common one.
    package let gitDirectory: String
    /// Where the objects and branches are.
    package let commonDirectory: String
    let handle: Mutex<RepositoryHandle>
    /// The index, for whoever asks for single files.
    let kept = Mutex<IndexFile?>(nil)
    /// Where it was found from.
    private let origin: String

    private init(around origin: String, workTree: String) throws(GitError) {
        let handle = try RepositoryHandle(around: origin, workTree: workTree)
        func folder(_ path: UnsafePointer<CChar>?) throws(GitError) -> String {
            if let path, let real = Self.realPath(String(cString: path)) { return real }
            throw GitError(
                reason: "the git repository \(workTree) has no work tree",
                remedy: "run imgwatch in a work tree: `git worktree add` makes one"
            )
        }
        workDirectory = try folder(git_repository_workdir(handle.pointer))
        gitDirectory = try folder(git_repository_path(handle.pointer))
        commonDirectory = try folder(git_repository_commondir(handle.pointer))
        self.handle = Mutex(handle)
        self.origin = origin
    }

    /// Starts libgit2, which whoever needs it first does else.
    package static func prepare() { _ = Libgit2.isReady }

    /// Finds the repository around `directory` as git does, without its environment variables.
    ///
    /// - Returns: nil where there is none.
    /// - Throws: Where there is one that libgit2 can't open: the caller says it once, and goes on without git.
    package static func discover(from directory: String) throws(GitError) -> Repository? {
        guard Libgit2.isReady else {
            throw GitError(reason: "libgit2 does not start: \(GitError.lastMessage)", remedy: "install it anew")
        }
        var found = git_buf()
        defer { git_buf_dispose(&found) }
        let code = git_repository_discover(&found, directory, 0, nil)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        let workTree = workTree(around: directory)
        guard code >= 0 else { throw .opening(workTree, code: code) }
        return try Repository(around: realPath(directory) ?? directory, workTree: workTree)
    }

    /// The same repository once more, for one who must not make others wait.
    func openAgain() throws(GitError) -> RepositoryHandle {
        try RepositoryHandle(around: origin, workTree: workDirectory)
    }

    /// The nearest folder that has a `.git`; `directory` itself if none has.
    private static func workTree(around directory: String) -> String {
        let start = realPath(directory) ?? directory
        var folder = Substring(start)
        while access(folder + "/.git", F_OK) != 0 {
            guard let slash = folder.lastIndex(of: "/") else { return start }
            folder = folder[..<slash]
        }
        return folder.isEmpty ? "/" : String(folder)
    }

    private static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    // MARK: What is committed

    /// - Returns: nil on a branch without commits.
    package func head() throws(GitError) -> Commit? {
        try handle.withLock { (handle) throws(GitError) -> Commit? in
            guard let id = try handle.headID() else { return nil }
            return try CommitHandle(id, in: handle.pointer).value
        }
    }

    /// The files of HEAD's tree, by path relative to the work tree; none on a branch without commits.
    ///
    /// The prefixes are files or folders, relative to the work tree; "" is everything. A submodule is an entry of its
    /// own, given also for a prefix below it.
    package func headFiles(under prefixes: [String]) throws(GitError) -> [GitPath: TreeFile] {
        try handle.withLock { (handle) throws(GitError) -> [GitPath: TreeFile] in
            guard let id = try handle.headID() else { return [:] }
            let tree = try TreeHandle(CommitHandle(id, in: handle.pointer).tree, in: handle.pointer)
            var reader = TreeFileReader(repository: handle.pointer)
            try reader.read(tree, at: "", PathScope(prefixes))
            return reader.files
        }
    }

    /// The bytes of a blob, by the 40 hex digits that name it.
    package func blob(_ id: String) throws(GitError) -> [UInt8] {
        try handle.withLock { (handle) throws(GitError) -> [UInt8] in try BlobHandle(id, in: handle.pointer).bytes }
    }

    /// The commit that `git log -1 -- PREFIXES` names, if only files that pass `isInput` counted.
    ///
    /// It is nil where no commit has such files, after `limit` commits, and where a shallow clone ends. The prefixes
    /// are those of ``headFiles(under:)``; `isInput` gets paths like them, also of deleted files, and must not call
    /// this repository; `known` is what the same search found from a former HEAD: it ends there.
    package func newestCommit(
        touching prefixes: [String],
        limit: Int,
        where isInput: @escaping (String) -> Bool,
        known: KnownNewest? = nil
    ) throws(GitError) -> Commit? {
        try handle.withLock { (handle) throws(GitError) -> Commit? in
            guard let id = try handle.headID() else { return nil }
            let comparison = TreeComparison(repository: handle.pointer, isInput: isInput)
            let walk = HistoryWalk(
                repository: handle.pointer,
                scope: PathScope(prefixes),
                comparison: comparison
            )
            return try walk.newest(from: id, limit: limit, known: known)
        }
    }

    /// Whether only git itself can say what it would store for the file: it has a filter that is a program, or an
    /// encoding.
    package func isFiltered(_ path: String) throws(GitError) -> Bool {
        try handle.withLock { (handle) throws(GitError) -> Bool in
            try handle.useHeadAsIndex(for: path)
            return Conversions.hasAttributes(Conversions.attributesOfPrograms, path, handle.pointer)
        }
    }

    /// The id that `git add` would give to the file now, with line endings and `$Id$` as git stores them; nil where git
    /// stores the bytes as they are.
    ///
    /// The path is a regular file's, relative to the work tree. Filters that are programs (Git LFS) and
    /// `working-tree-encoding` are not applied: see ``isFiltered(_:)``.
    package func convertedBlobID(of path: String) throws(GitError) -> String? {
        try handle.withLock { (handle) throws(GitError) -> String? in
            try handle.useHeadAsIndex(for: path)
            return try CleanFile(path: path, workDirectory: workDirectory).convertedID(in: handle.pointer)
        }
    }
}
