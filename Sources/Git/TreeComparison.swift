/// Whether two trees differ in a file that matters. Equal subtrees have equal ids and are never opened.

import CLibgit2

struct TreeComparison {
    let repository: OpaquePointer
    /// Asked for the paths of files, links and submodules that differ.
    let isInput: (String) -> Bool

    /// Compares two trees of the top; nil is the empty tree.
    func differ(_ old: git_oid?, _ new: git_oid?, _ scope: PathScope) throws(GitError) -> Bool {
        try differ(old, new, at: "", scope)
    }

    /// The trees' own path is empty or ends in a slash.
    private func differ(
        _ old: git_oid?,
        _ new: git_oid?,
        at path: String,
        _ scope: PathScope
    ) throws(GitError) -> Bool {
        if let old, let new, old.isSame(as: new) { return false }
        let old = try TreeHandle(old, in: repository)
        let new = try TreeHandle(new, in: repository)
        return scope.isWhole
            ? try differEverywhere(old, new, at: path, scope) : try differInside(old, new, at: path, scope)
    }

    /// Borrowed, so that the trees outlive the entries that are taken from them.
    private func differInside(
        _ old: borrowing TreeHandle,
        _ new: borrowing TreeHandle,
        at path: String,
        _ scope: PathScope
    ) throws(GitError) -> Bool {
        for (name, inner) in scope.children {
            if try differ(old.entry(named: name), new.entry(named: name), at: path + name, inner) { return true }
        }
        return false
    }

    /// Both trees are sorted; an entry that one of them lacks is compared with nothing.
    private func differEverywhere(
        _ old: borrowing TreeHandle,
        _ new: borrowing TreeHandle,
        at path: String,
        _ scope: PathScope
    ) throws(GitError) -> Bool {
        var (left, right) = (0, 0)
        while true {
            var (before, after) = (old.entry(at: left), new.entry(at: right))
            if let a = before, let b = after {
                let order = a.order(to: b)
                if order < 0 { after = nil }
                if order > 0 { before = nil }
            }
            if before != nil { left += 1 }
            if after != nil { right += 1 }
            guard let entry = before ?? after else { return false }
            if let a = before, let b = after, a.isSame(as: b) { continue }
            if try differ(before, after, at: path + entry.name, scope) { return true }
        }
    }

    private func differ(
        _ old: TreeEntry?,
        _ new: TreeEntry?,
        at path: String,
        _ scope: PathScope
    ) throws(GitError) -> Bool {
        if let old, let new, old.isSame(as: new) { return false }
        for entry in [old, new] {
            guard let entry, !entry.isTree else { continue }
            // What is asked for below a submodule changes with the submodule, as far as git knows.
            let isAsked = scope.isWhole || entry.mode == GIT_FILEMODE_COMMIT.rawValue
            if isAsked, isInput(path) { return true }
        }
        guard old?.isTree == true || new?.isTree == true else { return false }
        return try differ(Self.tree(old), Self.tree(new), at: path + "/", scope)
    }

    private static func tree(_ entry: TreeEntry?) -> git_oid? {
        entry.flatMap { $0.isTree ? $0.id : nil }
    }
}
