/// The search for a commit, from HEAD backwards.

import CLibgit2

/// A walk from HEAD along the parents that are the same in what is asked about.
///
/// As git log simplifies history, a commit whose inputs equal those of one of its parents leads to the first such
/// parent only ("History Simplification" in git-log(1)). So the walk never branches, and the first commit that differs
/// from all of its parents is the answer.
struct HistoryWalk {
    let repository: OpaquePointer
    let scope: PathScope
    let comparison: TreeComparison

    private enum Step {
        case isNewest
        case goOn(git_oid)
        case isEnd
    }

    /// - Returns: nil after `limit` commits, at the end of a shallow clone, and where no commit has such files.
    func newest(from head: git_oid, limit: Int, known: KnownNewest?) throws(GitError) -> Commit? {
        do {
            var id = head
            for _ in 0..<limit {
                if let known, known.head == id.hex { return known.newest }
                let commit = try CommitHandle(id, in: repository)
                switch try step(from: commit) {
                case .isNewest: return commit.value
                case .isEnd: return nil
                case .goOn(let parent): id = parent
                }
            }
            return nil
        } catch {
            if error.isMissingObject { return nil }
            throw error
        }
    }

    private func step(from commit: borrowing CommitHandle) throws(GitError) -> Step {
        if commit.parentCount == 0 {
            return try comparison.differ(nil, commit.tree, scope) ? .isNewest : .isEnd
        }
        for index in 0..<commit.parentCount {
            guard let id = commit.parent(index) else { continue }
            let parent = try CommitHandle(id, in: repository)
            if try !comparison.differ(parent.tree, commit.tree, scope) { return .goOn(id) }
        }
        return .isNewest
    }
}
