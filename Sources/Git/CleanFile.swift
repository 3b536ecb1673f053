/// A file of the work tree as git would store it: the way to tell CRLF files that are clean from those that are not.

import CLibgit2

struct CleanFile {
    /// Relative to the work tree.
    let path: String
    let workDirectory: String

    /// nil where nothing converts it.
    func convertedID(in repository: OpaquePointer) throws(GitError) -> String? {
        let file = workDirectory + "/" + path
        var filters: OpaquePointer?
        // `core.safecrlf` refuses what can't be turned back; here nothing is stored.
        let flags = GIT_FILTER_ALLOW_UNSAFE.rawValue
        let code = git_filter_list_load(&filters, repository, nil, path, GIT_FILTER_TO_ODB, flags)
        try check(code)
        defer { git_filter_list_free(filters) }
        guard let filters else { return nil }
        var id = git_oid()
        var content = git_buf()
        defer { git_buf_dispose(&content) }
        try check(git_filter_list_apply_to_file(&content, filters, repository, file))
        try check(git_odb_hash(&id, content.ptr, content.size, GIT_OBJECT_BLOB))
        return id.hex
    }

    private func check(_ code: Int32) throws(GitError) {
        try GitError.check(
            code,
            "reading \(path) as git stores it",
            remedy: "`git hash-object \(path)` says whether git itself can"
        )
    }
}
