/// HEAD's trees one by one, for who compares a folder with them: equal ones have equal ids, and need not be opened.

import CLibgit2
import Synchronization

/// What a tree says of one name.
package struct TreeItem: Hashable, Sendable {
    package var name: String
    /// As in ``TreeFile/mode``, and `0o040000` for a tree.
    package var mode: UInt32
    /// Of the blob or the tree; of a submodule, its commit.
    package var id: BlobID?

    package var isTree: Bool { mode == GIT_FILEMODE_TREE.rawValue }
    package var isSubmodule: Bool { mode == GIT_FILEMODE_COMMIT.rawValue }

    package init(name: String, _ file: TreeFile) {
        (self.name, mode, id) = (name, file.mode, BlobID(hex: file.id))
    }

    fileprivate init(_ entry: TreeEntry) {
        (name, mode) = (entry.name, entry.mode)
        id = BlobID(entry.id)
    }
}

extension Repository {
    /// The id of HEAD's tree; nil on a branch without commits.
    package func headTree() throws(GitError) -> BlobID? {
        try handle.withLock { (handle) throws(GitError) -> BlobID? in
            guard let id = try handle.headID() else { return nil }
            return try BlobID(CommitHandle(id, in: handle.pointer).tree)
        }
    }

    /// What is in the tree, in git's order.
    package func items(of tree: BlobID) throws(GitError) -> [TreeItem] {
        try handle.withLock { (handle) throws(GitError) -> [TreeItem] in
            var id = git_oid()
            withUnsafeMutableBytes(of: &id) { $0.copyBytes(from: tree.bytes) }
            let tree = try TreeHandle(id, in: handle.pointer)
            return (0..<tree.count).compactMap { tree.entry(at: $0).map(TreeItem.init) }
        }
    }
}
