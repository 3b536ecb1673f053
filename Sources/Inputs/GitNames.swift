/// What git calls the state of a node's inputs: content decides, git names.

package import Git
internal import OCI
internal import Project
internal import Synchronization

/// What a node's name is made of.
package struct NamedInputs: Sendable {
    /// Unique among the nodes; what is remembered between calls is remembered under it.
    package var node: String
    package var scope: InputScope
    /// Files that decide the node whether or not its scope has them (Dockerfile, ignore file), relative to the root.
    package var extra: [String]
    /// Whether some step makes this path; its own inputs name it then.
    package var isGenerated: @Sendable (String) -> Bool
    /// Whether the node's definition differs from the one in HEAD.
    package var isRedefined: Bool
    package init(
        node: String,
        scope: InputScope,
        extra: [String],
        isRedefined: Bool,
        isGenerated: @escaping @Sendable (String) -> Bool
    ) {
        (self.node, self.scope, self.extra) = (node, scope, extra)
        (self.isRedefined, self.isGenerated) = (isRedefined, isGenerated)
    }
}

/// What git calls a node's inputs.
package enum InputsName: Equatable, Sendable {
    /// The newest commit that changed them, and whether they differ from HEAD.
    case commit(Commit, isDirty: Bool)
    /// The node reads nothing, and HEAD has nothing that it would read.
    case nothing
    /// There is no commit yet, or the search for one gave up.
    case unknown
}

/// Safe to use from several threads; libgit2's calls come one after another.
package final class GitNames: Sendable {
    /// So many commits are looked at before the search gives up.
    static let searchLimit = 10_000

    private struct Known: Sendable {
        var head: String
        var files: [GitPath: TreeFile]
        var newest: Commit?
    }
    private struct Content: Sendable {
        var nodes: [String: Known] = [:]
        /// By path and raw blob id: the id after git's filters.
        var cleaned: [String: String] = [:]
    }

    package let repository: Repository
    /// The project's root relative to the work tree; "" or ending in a slash.
    private let prefix: String
    private let reader: InputReader
    private let content = Mutex(Content())

    /// - Returns: nil where the project does not lie in the work tree.
    package init?(_ repository: Repository, reader: InputReader) {
        let tree = repository.workDirectory
        guard reader.root == tree || InputScope.isBelow(reader.root, tree) else { return nil }
        prefix = reader.root == tree ? "" : String(reader.root.dropFirst(tree.count + 1)) + "/"
        (self.repository, self.reader) = (repository, reader)
    }

    package func name(_ inputs: NamedInputs, _ reading: Reading) throws(GitError) -> InputsName {
        guard let head = try repository.head() else { return .unknown }
        let known = try known(inputs, at: head)
        var files = reading.files.filter { $0.kind != .directory && !inputs.isGenerated($0.path) }
        for path in inputs.extra {
            let scope = InputScope(outputs: [.init(path: path, isDirectory: false)])
            files += (try? reader.read(scope))?.files ?? []
        }
        if files.isEmpty, known.files.isEmpty { return .nothing }
        let isDirty = inputs.isRedefined ? true : try differs(files, from: known.files)
        // Inputs that no commit holds have no commit of their own: they are changes on top of HEAD.
        guard let commit = known.newest ?? (known.files.isEmpty ? head : nil) else { return .unknown }
        return .commit(commit, isDirty: isDirty)
    }

    private func known(_ inputs: NamedInputs, at head: Commit) throws(GitError) -> Known {
        if let known = content.withLock({ $0.nodes[inputs.node] }), known.head == head.id { return known }
        let prefixes = (inputs.scope.roots + inputs.extra).map { prefix + $0 }.map {
            $0.hasSuffix("/") ? String($0.dropLast()) : $0
        }
        let isInput: (String) -> Bool = { [prefix] path in
            guard path.hasPrefix(prefix) else { return false }
            let inside = String(path.dropFirst(prefix.count))
            return inputs.scope.reads(inside) && !inputs.isGenerated(inside) || inputs.extra.contains(inside)
        }
        let files = try repository.headFiles(under: prefixes).filter { isInput($0.key.text) }
        let former = content.withLock { $0.nodes[inputs.node] }
            .flatMap { former in former.newest.map { KnownNewest(head: former.head, newest: $0) } }
        let newest = try repository.newestCommit(
            touching: prefixes,
            limit: Self.searchLimit,
            where: isInput,
            known: former
        )
        let known = Known(head: head.id, files: files, newest: newest)
        // Where HEAD moved meanwhile, this may be of either commit: good for now, and asked again.
        if try repository.head() == head { remember(known, of: inputs.node) }
        return known
    }

    private func remember(_ known: Known, of node: String) {
        content.withLock { content in
            // What the filters are may be in HEAD as well.
            if content.nodes[node]?.head != known.head { content.cleaned = [:] }
            content.nodes[node] = known
        }
    }

    /// The bytes of a file as HEAD has it, the path relative to the project's root; nil where HEAD has none.
    package func committed(_ path: String) throws(GitError) -> [UInt8]? {
        guard let file = try repository.headFiles(under: [prefix + path])[GitPath(prefix + path)] else { return nil }
        return try repository.blob(file.id)
    }

    /// Definitions changed: what was remembered of the nodes' paths no longer holds.
    package func forget() { content.withLock { $0.nodes = [:] } }

    private func differs(_ files: [InputFile], from head: [GitPath: TreeFile]) throws(GitError) -> Bool {
        var seen: Set<GitPath> = []
        for file in files {
            let path = prefix + file.path
            // A Dockerfile that its own image copies stands here twice.
            guard seen.insert(GitPath(path)).inserted else { continue }
            guard let committed = head[GitPath(path)] else { return true }
            switch file.kind {
            case .file(let hash):
                let isExecutable = file.stat.permissions & 0o100 != 0
                guard committed.mode == (isExecutable ? 0o100755 : 0o100644) else { return true }
                if hash.blobID == committed.id { continue }
                if try cleaned(path, hash.blobID) != committed.id { return true }
            case .link(let target):
                var hasher = ContentHasher(length: target.utf8.count)
                var text = target
                text.withUTF8 { hasher.update(UnsafeRawBufferPointer($0)) }
                guard committed.mode == 0o120000, hasher.finalize().gitBlob == committed.id else { return true }
            case .directory: return true
            }
        }
        return seen.count != head.count
    }

    private func cleaned(_ path: String, _ raw: String) throws(GitError) -> String {
        let name = raw + " " + path
        if let known = content.withLock({ $0.cleaned[name] }) { return known }
        let id = try repository.cleanBlobID(of: path)
        content.withLock { content in
            if content.cleaned.count > 10_000 { content.cleaned = [:] }
            content.cleaned[name] = id
        }
        return id
    }
}
