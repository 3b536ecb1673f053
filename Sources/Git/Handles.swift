/// libgit2's objects, each owned by one value that frees it. None of them leaves the module, or the repository's lock.

import CLibgit2

// Unchecked: libgit2 lets any thread use a repository, one at a time, and ``Repository`` keeps this one in a Mutex.
struct RepositoryHandle: ~Copyable, @unchecked Sendable {
    let pointer: OpaquePointer
    /// What stands in for the index: the tree of it, and the paths that were looked up there.
    private var standIn: (tree: git_oid?, index: OpaquePointer, paths: Set<String>)?

    /// Opens the repository around `directory` as git would find it; an error says that it is at `workTree`.
    init(around directory: String, workTree: String) throws(GitError) {
        var pointer: OpaquePointer?
        let code = git_repository_open_ext(&pointer, directory, 0, nil)
        guard code >= 0, let pointer else { throw .opening(workTree, code: code) }
        guard Self.hasReadableNames(pointer) else {
            git_repository_free(pointer)
            throw .unreadableNames(workTree)
        }
        self.pointer = pointer
    }

    deinit {
        if let standIn { git_index_free(standIn.index) }
        git_repository_free(pointer)
    }

    /// libgit2 takes every name for SHA-1.
    private static func hasReadableNames(_ pointer: OpaquePointer) -> Bool {
        var configuration: OpaquePointer?
        var format = git_buf()
        defer {
            git_config_free(configuration)
            git_buf_dispose(&format)
        }
        guard git_repository_config(&configuration, pointer) >= 0,
            git_config_get_string_buf(&format, configuration, "extensions.objectformat") >= 0, let text = format.ptr
        else { return true }
        return String(cString: text).lowercased() == "sha1"
    }

    /// The commit that HEAD names; nil on a branch without commits.
    borrowing func headID() throws(GitError) -> git_oid? {
        var id = git_oid()
        let code = git_reference_name_to_id(&id, pointer, "HEAD")
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try GitError.check(code, "reading HEAD")
        return id
    }

    /// Lets HEAD's tree stand in for the index, where libgit2 looks for this path's attributes and for its line endings
    /// as stored.
    ///
    /// The index itself may be one that it can't read, and what is staged decides nothing here.
    mutating func useHeadAsIndex(for path: String) throws(GitError) {
        let tree: git_oid? =
            if let head = try headID() { try CommitHandle(head, in: pointer).tree } else { nil }
        if standIn == nil || standIn?.tree?.hex != tree?.hex { try standInAnew(tree) }
        do throws(GitError) {
            try standIn(path, from: TreeHandle(tree, in: pointer))
        } catch  where error.isMissingObject {
            // A clone that lacks trees has none that stands in.
        }
    }

    private mutating func standIn(_ path: String, from tree: borrowing TreeHandle) {
        standInAlone(path, from: tree)
        var folder = path[...]
        repeat {
            folder = folder.lastIndex(of: "/").map { folder[..<$0] } ?? ""
            standInAlone(folder.isEmpty ? ".gitattributes" : folder + "/.gitattributes", from: tree)
        } while !folder.isEmpty
    }

    private mutating func standInAnew(_ tree: git_oid?) throws(GitError) {
        var index: OpaquePointer?
        try GitError.check(git_index_new(&index), "making an index")
        guard let index else { return }
        let code = git_repository_set_index(pointer, index)
        if code < 0 { git_index_free(index) }
        try GitError.check(code, "using HEAD as the index")
        if let standIn { git_index_free(standIn.index) }
        standIn = (tree, index, [])
    }

    /// What the tree does not have, or this clone lacks, is not in the index.
    private mutating func standInAlone(_ path: String, from tree: borrowing TreeHandle) {
        guard let index = standIn?.index, standIn?.paths.insert(path).inserted == true else { return }
        tree.withEntry(at: path) { found in
            var entry = git_index_entry()
            (entry.id, entry.mode) = (found.id, found.mode)
            path.withCString {
                entry.path = $0
                git_index_add(index, &entry)
            }
        }
    }

    /// The branch that HEAD names, as `refs/heads/…`, whether or not it has commits; nil where HEAD names a commit.
    borrowing func headBranch() throws(GitError) -> String? {
        var reference: OpaquePointer?
        try GitError.check(git_reference_lookup(&reference, pointer, "HEAD"), "reading HEAD")
        defer { git_reference_free(reference) }
        return git_reference_symbolic_target(reference).map { String(cString: $0) }
    }
}

struct CommitHandle: ~Copyable {
    private let pointer: OpaquePointer

    init(_ id: git_oid, in repository: OpaquePointer) throws(GitError) {
        var (id, pointer): (git_oid, OpaquePointer?) = (id, nil)
        try GitError.check(git_commit_lookup(&pointer, repository, &id), "reading commit \(id.hex)")
        guard let pointer else { throw GitError(reason: "commit \(id.hex) is empty", remedy: "run `git fsck`") }
        self.pointer = pointer
    }

    deinit { git_commit_free(pointer) }

    var value: Commit { Commit(id: git_commit_id(pointer).pointee.hex, time: git_commit_time(pointer)) }
    var tree: git_oid { git_commit_tree_id(pointer).pointee }
    var parentCount: UInt32 { git_commit_parentcount(pointer) }

    borrowing func parent(_ index: UInt32) -> git_oid? { git_commit_parent_id(pointer, index)?.pointee }
}

struct BlobHandle: ~Copyable {
    private let pointer: OpaquePointer

    init(_ hex: String, in repository: OpaquePointer) throws(GitError) {
        var (id, pointer): (git_oid, OpaquePointer?) = (try git_oid(hex: hex), nil)
        try GitError.check(git_blob_lookup(&pointer, repository, &id), "reading blob \(hex)")
        guard let pointer else { throw GitError(reason: "blob \(hex) is empty", remedy: "run `git fsck`") }
        self.pointer = pointer
    }

    deinit { git_blob_free(pointer) }

    var bytes: [UInt8] {
        Array(UnsafeRawBufferPointer(start: git_blob_rawcontent(pointer), count: Int(git_blob_rawsize(pointer))))
    }
}

/// A tree, or the empty tree where there is none.
struct TreeHandle: ~Copyable {
    private let pointer: OpaquePointer?

    init(_ id: git_oid?, in repository: OpaquePointer) throws(GitError) {
        var pointer: OpaquePointer?
        if var id {
            try GitError.check(git_tree_lookup(&pointer, repository, &id), "reading tree \(id.hex)")
        }
        self.pointer = pointer
    }

    deinit { git_tree_free(pointer) }

    var count: Int { pointer.map { git_tree_entrycount($0) } ?? 0 }

    /// In git's order; nil past the end.
    ///
    /// Valid as long as the tree.
    borrowing func entry(at index: Int) -> TreeEntry? {
        guard let pointer, let entry = git_tree_entry_byindex(pointer, index) else { return nil }
        return TreeEntry(pointer: entry)
    }

    /// At any depth; not called where there is none, or a tree on the way to it is not here.
    borrowing func withEntry(at path: String, _ body: (TreeEntry) -> Void) {
        var found: OpaquePointer?
        guard let pointer, git_tree_entry_bypath(&found, pointer, path) >= 0, let found else { return }
        defer { git_tree_entry_free(found) }
        body(TreeEntry(pointer: found))
    }

    /// Valid as long as the tree.
    borrowing func entry(named name: String) -> TreeEntry? {
        guard let pointer, let entry = git_tree_entry_byname(pointer, name) else { return nil }
        return TreeEntry(pointer: entry)
    }
}

/// A line of a tree.
///
/// It belongs to the tree, and must not outlive it.
struct TreeEntry {
    let pointer: OpaquePointer

    var name: String { String(cString: git_tree_entry_name(pointer)) }
    var id: git_oid { git_tree_entry_id(pointer).pointee }
    /// As git writes modes today: old trees hold other permissions, which mean the same.
    var mode: UInt32 { git_tree_entry_filemode(pointer).rawValue }
    var isTree: Bool { mode == GIT_FILEMODE_TREE.rawValue }

    func isSame(as other: TreeEntry) -> Bool {
        git_oid_equal(git_tree_entry_id(pointer), git_tree_entry_id(other.pointer)) != 0 && mode == other.mode
    }

    /// Negative where this one comes first in a tree; 0 where both have the same name and both or none are trees.
    func order(to other: TreeEntry) -> Int32 { git_tree_entry_cmp(pointer, other.pointer) }
}

extension git_oid {
    init(hex: String) throws(GitError) {
        self.init()
        try GitError.check(git_oid_fromstr(&self, hex), "reading the name \(hex)")
    }

    /// 40 lower-case hex digits.
    var hex: String {
        withUnsafePointer(to: self) { id in
            String(unsafeUninitializedCapacity: Int(GIT_OID_HEXSZ)) { buffer in
                buffer.withMemoryRebound(to: CChar.self) { _ = git_oid_fmt($0.baseAddress, id) }
                return Int(GIT_OID_HEXSZ)
            }
        }
    }

    func isSame(as other: git_oid) -> Bool {
        withUnsafePointer(to: self) { a in withUnsafePointer(to: other) { git_oid_equal(a, $0) != 0 } }
    }
}
