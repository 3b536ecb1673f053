/// The files of HEAD's tree: what is committed, to compare the work tree with.

import CLibgit2

/// What a tree says of a file.
package struct TreeFile: Hashable, Sendable {
    /// `0o100644`, `0o100755`, `0o120000` for a link, `0o160000` for a submodule.
    package var mode: UInt32
    /// The blob's name, for a submodule the commit's: 40 hex digits.
    package var id: String
    package init(mode: UInt32, id: String) { (self.mode, self.id) = (mode, id) }
}

/// Gathers files below a tree.
struct TreeFileReader {
    let repository: OpaquePointer
    private(set) var files: [GitPath: TreeFile] = [:]

    init(repository: OpaquePointer) { self.repository = repository }

    /// Adds the tree's files; its own path is empty or ends in a slash.
    mutating func read(_ tree: borrowing TreeHandle, at path: String, _ scope: PathScope) throws(GitError) {
        if scope.isWhole {
            for index in 0..<tree.count {
                guard let entry = tree.entry(at: index) else { continue }
                try read(entry, at: path + entry.name, scope)
            }
        } else {
            for (name, inner) in scope.children {
                guard let entry = tree.entry(named: name) else { continue }
                try read(entry, at: path + name, inner)
            }
        }
    }

    /// A submodule is given also where only something below it was asked for: git knows no more of that.
    private mutating func read(_ entry: TreeEntry, at path: String, _ scope: PathScope) throws(GitError) {
        if entry.isTree {
            return try read(TreeHandle(entry.id, in: repository), at: path + "/", scope)
        }
        if scope.isWhole || entry.mode == GIT_FILEMODE_COMMIT.rawValue {
            files[GitPath(path)] = TreeFile(mode: entry.mode, id: entry.id.hex)
        }
    }
}
