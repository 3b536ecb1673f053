/// What git calls the state of a node's inputs: content decides, git names.

internal import Dockerfile
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
        var newest: Commit?
        /// Whether HEAD has something that the node reads.
        var isCommitted: Bool
        /// HEAD's tree of the project's root, and of what it has those files that decide the node besides.
        var tree: BlobID?
        var extra: [GitPath: TreeFile]
    }
    private struct Content: Sendable {
        var nodes: [String: Known] = [:]
        /// How often the definitions changed: what was asked before is not remembered after it.
        var generation = 0
        /// By path and raw blob id: the id after git's filters.
        var cleaned: [String: Cleaned] = [:]
        /// The commit with which that was found out: what the filters are may be in it as well.
        var cleanedAt = ""
    }
    private struct Cleaned: Sendable {
        /// nil where git can't say, or not in time.
        var id: BlobID?
        /// Whether git itself said it.
        var isGits = false
    }

    package let repository: Repository
    /// The project's root relative to the work tree; "" or ending in a slash.
    private let prefix: String
    private let reader: InputReader
    private let content = Mutex(Content())
    private let filtered: @Sendable ([String]) -> [BlobID]?

    /// `filtered`: what git itself would store for these files, relative to the work tree; nil where nobody can say,
    /// and they are dirty.
    ///
    /// - Returns: nil where the project does not lie in the work tree.
    package init?(
        _ repository: Repository,
        reader: InputReader,
        filtered: @escaping @Sendable ([String]) -> [BlobID]? = { _ in nil }
    ) {
        guard let prefix = repository.prefix(of: reader.root) else { return nil }
        (self.prefix, self.filtered) = (prefix, filtered)
        (self.repository, self.reader) = (repository, reader)
    }

    package func name(_ inputs: NamedInputs, _ reading: Reading) throws(GitError) -> InputsName {
        guard let head = try repository.head() else { return .unknown }
        let known = try known(inputs, at: head)
        let extra = inputs.extra.map { path in (path, Self.file(path, reader)) }
        let isInput: (String) -> Bool = { !inputs.isGenerated($0) }
        if !known.isCommitted, extra.allSatisfy({ $0.1 == nil }), !reading.hasFiles(where: isInput) { return .nothing }
        var doubts: [Doubt] = []
        var isDirty = inputs.isRedefined
        if !isDirty { isDirty = try differs(inputs, reading, extra, from: known, &doubts) || !areClean(doubts) }
        // Inputs that no commit holds have no commit of their own: they are changes on top of HEAD.
        guard let commit = known.newest ?? (known.isCommitted ? nil : head) else { return .unknown }
        return .commit(commit, isDirty: isDirty)
    }

    private func known(_ inputs: NamedInputs, at head: Commit) throws(GitError) -> Known {
        let (remembered, generation) = content.withLock { ($0.nodes[inputs.node], $0.generation) }
        if let remembered, remembered.head == head.id { return remembered }
        let prefixes = (inputs.scope.roots + inputs.extra).map { prefix + $0 }.map {
            $0.hasSuffix("/") ? String($0.dropLast()) : $0
        }
        let isInput: (String) -> Bool = { [prefix] path in
            guard path.hasPrefix(prefix) else { return false }
            let inside = String(path.dropFirst(prefix.count))
            return inputs.scope.reads(inside) && !inputs.isGenerated(inside) || inputs.extra.contains(inside)
        }
        let former = remembered.flatMap { former in former.newest.map { KnownNewest(head: former.head, newest: $0) } }
        let newest = try repository.newestCommit(
            touching: prefixes,
            limit: Self.searchLimit,
            where: isInput,
            known: former
        )
        var isCommitted = newest != nil
        if newest == nil { isCommitted = try repository.headFiles(under: prefixes).contains { isInput($0.key.text) } }
        let known = Known(
            head: head.id,
            newest: newest,
            isCommitted: isCommitted,
            tree: try projectTree(),
            extra: try repository.headFiles(under: inputs.extra.map { prefix + $0 })
        )
        // Where HEAD moved meanwhile, this may be of either commit: good for now, and asked again.
        if try repository.head() == head { remember(known, of: inputs.node, generation) }
        return known
    }

    /// nil where HEAD has no such folder.
    private func projectTree() throws(GitError) -> BlobID? {
        var tree = try repository.headTree()
        for name in prefix.split(separator: "/") {
            guard let above = tree else { break }
            tree = try repository.items(of: above).first { $0.isTree && $0.name.utf8.elementsEqual(name.utf8) }?.id
        }
        return tree
    }

    private func remember(_ known: Known, of node: String, _ generation: Int) {
        content.withLock { content in
            guard content.generation == generation else { return }
            if content.cleanedAt != known.head { (content.cleaned, content.cleanedAt) = ([:], known.head) }
            content.nodes[node] = known
        }
    }

    /// The bytes of a file as HEAD has it, the path relative to the project's root; nil where HEAD has none.
    package func committed(_ path: String) throws(GitError) -> [UInt8]? {
        guard let file = try repository.headFiles(under: [prefix + path])[GitPath(prefix + path)] else { return nil }
        return try repository.blob(file.id)
    }

    /// Definitions changed: what was remembered of the nodes' paths no longer holds.
    package func forget() {
        content.withLock { content in
            content.nodes = [:]
            content.generation += 1
        }
    }

    // MARK: Dirty or not

    private typealias ExtraFile = (path: String, file: InputFolder.Entry?)

    private static func file(_ path: String, _ reader: InputReader) -> InputFolder.Entry? {
        let scope = InputScope(outputs: [.init(path: path, isDirectory: false)])
        var folder = (try? reader.read(scope))?.top
        var entry: InputFolder.Entry?
        for name in path.split(separator: "/") {
            entry = folder?[String(name)]
            folder = entry?.kind.folder
        }
        return entry
    }

    private func differs(
        _ inputs: NamedInputs,
        _ reading: Reading,
        _ extra: [ExtraFile],
        from known: Known,
        _ doubts: inout [Doubt]
    ) throws(GitError) -> Bool {
        for (path, file) in extra {
            let committed = known.extra[GitPath(prefix + path)]
            guard let file, let committed else {
                if file == nil, committed == nil { continue }
                return true
            }
            if try differs(file, from: TreeItem(name: file.name, committed), at: path, &doubts) { return true }
        }
        return try differs(reading.top, from: known.tree, below: "", inputs, &doubts)
    }

    /// Equal trees have equal ids, and are not opened.
    private func differs(
        _ folder: InputFolder,
        from tree: BlobID?,
        below path: String,
        _ inputs: NamedInputs,
        _ doubts: inout [Doubt]
    ) throws(GitError) -> Bool {
        if let tree, folder.gitTree == tree { return false }
        let items = try tree.map { (tree) throws(GitError) in try repository.items(of: tree) } ?? []
        var left = folder.entries[...]
        var right = items.sorted { $0.name.hasBytes(before: $1.name) }[...]
        while let name = InputFolder.first(left.first?.name, right.first?.name) {
            let entry = left.first?.name.isSame(as: name) == true ? left.popFirst() : nil
            let item = right.first?.name.isSame(as: name) == true ? right.popFirst() : nil
            if let entry, let item, entry.isSame(as: item) { continue }
            if try differs(entry, from: item, at: TreeReader.join(path, name), inputs, &doubts) { return true }
        }
        return false
    }

    private func differs(
        _ entry: InputFolder.Entry?,
        from item: TreeItem?,
        at path: String,
        _ inputs: NamedInputs,
        _ doubts: inout [Doubt]
    ) throws(GitError) -> Bool {
        if let item, item.isSubmodule, let folder = entry?.kind.folder {
            return !isCheckedOut(item, in: folder, at: path)
        }
        let (folder, tree) = (entry?.kind.folder, item.flatMap { $0.isTree ? $0.id : nil })
        let (file, committed) = (folder == nil ? entry : nil, item?.isTree == true ? nil : item)
        if file != nil || committed != nil, !inputs.isGenerated(path) {
            if let file {
                guard let committed, try !differs(file, from: committed, at: path, &doubts) else { return true }
            } else if inputs.scope.reads(path) {
                return true
            }
        }
        guard folder != nil || tree != nil && (inputs.scope.mayRead(below: path) || inputs.scope.isOnTheWay(path))
        else { return false }
        return try differs(folder ?? .empty, from: tree, below: path, inputs, &doubts)
    }

    /// Whether the folder holds just what the submodule's commit does.
    private func isCheckedOut(_ item: TreeItem, in folder: InputFolder, at path: String) -> Bool {
        let place = reader.root + "/" + path
        guard let submodule = try? Repository.discover(from: place), submodule.workDirectory == place,
            let head = try? submodule.head(), BlobID(hex: head.id) == item.id
        else { return false }
        return (try? submodule.headTree()) == folder.gitTree
    }

    private func differs(
        _ entry: InputFolder.Entry,
        from item: TreeItem,
        at path: String,
        _ doubts: inout [Doubt]
    ) throws(GitError) -> Bool {
        switch entry.kind {
        case .file(let hash, let isProven):
            if entry.isSame(as: item) { return false }
            guard item.mode == (entry.stat.isExecutable ? 0o100755 : 0o100644) else { return true }
            let isFiltered = try repository.isFiltered(prefix + path)
            if isFiltered, isProven {
                let file = IndexedFile(prefix + path, entry.stat)
                if repository.cleanBlobs(of: [file], lookedAtSince: FileStat.now()) == [item.id] { return false }
            }
            guard let committed = item.id, let found = try cleaned(entry.stat, hash.blobID, at: path) else {
                return true
            }
            if found.id == committed { return false }
            guard isFiltered, !found.isGits else { return true }
            doubts.append(Doubt(path: path, stat: entry.stat, raw: hash.blobID, committed: committed))
            return false
        case .link(let target):
            return item.mode != 0o120000 || BlobID(of: Array(target.utf8)) != item.id
        case .folder, .unread: return true
        }
    }

    /// A file of which only git itself can say whether it is clean, by running the file's filter.
    private struct Doubt {
        var path: String
        var stat: FileStat
        var raw: BlobID
        var committed: BlobID
    }

    /// More files, or more bytes, are not worth the wait: they count as dirty.
    private static let mostDoubts = 1_000
    private static let mostDoubtfulBytes: Int64 = 256 << 20

    private func areClean(_ doubts: [Doubt]) -> Bool {
        if doubts.isEmpty { return true }
        let start = FileStat.now()
        guard doubts.count <= Self.mostDoubts, doubts.reduce(0, { $0 + $1.stat.size }) <= Self.mostDoubtfulBytes else {
            return false
        }
        let ids = filtered(doubts.map { prefix + $0.path })
        var areClean = true
        for (number, doubt) in doubts.enumerated() {
            // Who can't say once is not asked again.
            let found = Cleaned(id: ids?[number], isGits: true)
            let isStill = remember(found, of: doubt.raw, at: doubt.path, doubt.stat, by: start)
            if !isStill || found.id != doubt.committed { areClean = false }
        }
        return areClean
    }

    /// What git would store for a file that holds this blob; nil where the file is another one by now.
    private func cleaned(_ stat: FileStat, _ raw: BlobID, at path: String) throws(GitError) -> Cleaned? {
        if let known = content.withLock({ $0.cleaned[Self.name(raw, path)] }) { return known }
        let start = FileStat.now()
        let id = try repository.convertedBlobID(of: prefix + path).map { BlobID(hex: $0) } ?? raw
        let found = Cleaned(id: id)
        return remember(found, of: raw, at: path, stat, by: start) ? found : nil
    }

    private static func name(_ raw: BlobID, _ path: String) -> String { raw.hex + " " + path }

    /// - Returns: Whether the file is still the one with these times.
    private func remember(
        _ found: Cleaned,
        of raw: BlobID,
        at path: String,
        _ stat: FileStat,
        by start: Int64
    ) -> Bool {
        guard FileStat(of: reader.root + "/" + path) == stat else { return false }
        // Two files of one tick may look the same.
        guard stat.isProven(by: start) else { return true }
        content.withLock { content in
            if content.cleaned.count > 10_000 { content.cleaned = [:] }
            content.cleaned[Self.name(raw, path)] = found
        }
        return true
    }
}

extension InputFolder.Entry {
    /// Whether git has the very same under that name.
    fileprivate func isSame(as item: TreeItem) -> Bool {
        switch kind {
        case .file(let hash, _): hash.blobID == item.id && item.mode == (stat.isExecutable ? 0o100755 : 0o100644)
        case .folder(let folder, _, _): item.isTree && folder.gitTree == item.id
        case .link, .unread: false
        }
    }
}
