/// COPY and ADD: what they put where. The rules are BuildKit's (fsutil's copy and the file operations of its solver),
/// at the version that docs name; what is not listed there is refused.

internal import Dockerfile
internal import OCI

struct CopyStep {
    /// Where the sources are looked up.
    struct Origin {
        var tree: FileTree
        /// For messages: `the context`, `stage build`.
        var name: String
        var isIgnored: @Sendable (String) -> Bool = { _ in false }
    }

    let copy: Copy
    let origin: Origin
    /// nil: what the sources have.
    let owner: Owner?
    let modeChange: ModeChange?
    let excludes: IgnorePatterns
    let archives: ArchiveIndex
    /// Where what was fetched lies.
    let layout: ImageLayout
    var staging: Staging

    mutating func run() throws(BuildProblem) {
        if let download = copy.download { try place(download) }
        // BuildKit copies the paths before the here-documents, whatever their order.
        for case .path(let path) in copy.sources where copy.keepsParents { try copyWithParents(path) }
        for case .path(let path) in copy.sources where !copy.keepsParents {
            for source in try matches(of: path) { try copyPath(source, as: path) }
        }
        for case .inline(let name, let content) in copy.sources {
            let bytes = Array(content.utf8)
            let file = FileContent(size: bytes.count, digest: .sha256(of: bytes), source: .bytes(bytes))
            let target = try target(for: TreePath(cleaning: name).name, isFolder: false)
            try place(TreeNode(.file(file), mode: 0o644), at: target)
        }
    }

    /// A file that was fetched before, by the checksum that it has; only its owner may read it.
    private mutating func place(_ download: Download) throws(BuildProblem) {
        guard let digest = Digest(parsing: download.checksum), let size = layout.sizeOfBlob(digest) else {
            throw BuildProblem(
                "add-download-missing",
                "ADD \(download.address): it was not fetched",
                remedy: "build again"
            )
        }
        let content = FileContent(size: size, digest: digest, source: .file(path: layout.blobPath(digest)))
        try place(TreeNode(.file(content), mode: 0o600), at: target(for: download.name, isFolder: false))
    }

    // MARK: - Sources

    /// The paths that a source means: one, or those that its wildcards find, which may be none.
    private func matches(of written: String) throws(BuildProblem) -> [TreePath] {
        let source = Copy.cleanedSource(written)
        let parts = source.pathNames
        guard let first = parts.firstIndex(where: { Self.hasWildcards(String($0)) }) else { return [TreePath(source)] }
        let folder = try origin.tree.resolve(TreePath(parts[..<first].joined(separator: "/")))
        guard origin.tree[folder.path] != nil else { throw missing(written, folder) }
        // Go matches nothing with a pattern that is none; the evaluation reports most of them.
        guard let pattern = try? WildcardPattern(parts[first...].joined(separator: "/")) else { return [] }
        var result: [TreePath] = []
        for (path, _) in origin.tree.descendants(of: folder.path) {
            // A folder that matches is copied with all that it holds.
            if let last = result.last, path.isBelow(last) { continue }
            if pattern.matches(path.relative(to: folder.path)) { result.append(path) }
        }
        return result
    }

    private static func hasWildcards(_ name: String) -> Bool { (try? WildcardPattern(name))?.hasWildcards ?? true }

    private mutating func copyPath(_ path: TreePath, as written: String) throws(BuildProblem) {
        let resolution = try origin.tree.resolve(path)
        guard let node = origin.tree[resolution.path] else {
            throw missing(written, resolution)
        }
        if copy.isAdd, let content = node.content, let members = try archives.members(of: content) {
            return try unpack(members)
        }
        let target = try target(for: path.name, isFolder: node.isDirectory)
        guard node.isDirectory else { return try place(node, at: target) }
        if let old = staging[target], !old.isDirectory {
            throw .inTheWay(target, "\(written) is a folder, and a file is in its place")
        }
        try copyContents(of: resolution.path, to: target)
    }

    /// `--parents`: of a folder's content what the pattern finds, in the folders that it lies in.
    private mutating func copyWithParents(_ written: String) throws(BuildProblem) {
        let (folder, pattern) = Copy.pivot(of: written)
        let resolution = try origin.tree.resolve(TreePath(folder))
        let isThere = resolution.path.isRoot || origin.tree[resolution.path]?.isDirectory == true
        let path = resolution.path.appending(pattern)
        guard isThere, Self.hasWildcards(pattern) || pattern.isEmpty || origin.tree[path] != nil else {
            throw missing(written, isThere ? Resolution(path: path) : resolution)
        }
        // Go matches nothing with a pattern that is none; the evaluation reports most of them.
        guard let included = try? IgnorePatterns(patterns: pattern.isEmpty ? ["**"] : [pattern]) else { return }
        let target = try target(for: "", isFolder: true)
        try copyContents(of: resolution.path, to: target) { included.matches($0) }
    }

    private mutating func copyContents(
        of folder: TreePath,
        to target: TreePath,
        where isIncluded: (String) -> Bool = { _ in true }
    ) throws(BuildProblem) {
        let found = origin.tree.descendants(of: folder)
        // Folders that are left out come back, with their own attributes, for what is taken from them nevertheless.
        var pending: [(path: TreePath, node: TreeNode)] = []
        for (path, node) in found {
            pending.removeAll { !path.isBelow($0.path) }
            let name = path.relative(to: folder)
            if excludes.matches(name) || !isIncluded(name) {
                if node.isDirectory { pending.append((path, node)) }
                continue
            }
            for (path, node) in pending { try place(node, at: target.appending(path.relative(to: folder))) }
            pending = []
            try place(node, at: target.appending(path.relative(to: folder)))
        }
    }

    // MARK: - Destination

    /// Where a source goes that has this name, with all folders above it made.
    ///
    /// For a folder: where its content goes.
    private mutating func target(for name: String, isFolder: Bool) throws(BuildProblem) -> TreePath {
        let written = copy.destination
        let destination = TreePath(cleaning: written)
        let isFolderAsWritten = written.ends(with: "/") || written.ends(with: "/.")
        try makeFolders(try staging.resolve(isFolderAsWritten ? destination : destination.parent).path)
        var target = try staging.resolve(destination).path
        let existing = staging[target]
        if !isFolder, existing?.isDirectory == true { target = target.appending(name) }
        try makeFolders(isFolder && existing == nil ? target : target.parent)
        return target
    }

    /// Folders that nobody named get 0755 or the octal `--chmod`, and belong to root or to `--chown`.
    private mutating func makeFolders(_ path: TreePath) throws(BuildProblem) {
        let mode = modeChange?.absolute.map { $0 & 0o777 } ?? 0o755
        try staging.makeFolders(path, mode: mode, owner: owner ?? .root)
    }

    private mutating func place(_ node: TreeNode, at path: TreePath) throws(BuildProblem) {
        if let old = staging[path], old.isDirectory != node.isDirectory {
            throw .inTheWay(
                path,
                node.isDirectory ? "a folder would replace what is no folder" : "a file would replace a folder"
            )
        }
        var node = node
        if let owner { (node.user, node.group) = (owner.user, owner.group) }
        if let modeChange, node.linkTarget == nil {
            node.mode = modeChange.apply(to: node.mode, isDirectory: node.isDirectory)
        }
        try staging.put(node, at: path)
    }

    // MARK: - Archives

    /// Unpacks an archive into the destination, which becomes a folder; links do not lead out of it.
    private mutating func unpack(_ members: [ArchiveIndex.Member]) throws(BuildProblem) {
        let folder = try staging.resolve(TreePath(cleaning: copy.destination)).path
        try staging.makeFolders(folder, mode: 0o755, owner: owner ?? .root)
        for member in members {
            let path = TreePath(member.path)
            if path.isRoot { continue }
            let parent = try staging.resolve(path.parent, in: folder).path
            try staging.makeFolders(parent, mode: 0o755, owner: .root)
            let target = parent.appending(path.name)
            switch member.kind {
            case .node(var node):
                if let owner { (node.user, node.group) = (owner.user, owner.group) }
                try staging.replace(node, at: target)
            case .hardLink(let name):
                let first = try staging.resolve(TreePath(name).parent, in: folder).path.appending(TreePath(name).name)
                guard let node = staging[first], !node.isDirectory else {
                    throw .brokenArchive("a hard link leads to \(name), which is not there")
                }
                try staging.replace(node, at: target, linked: first)
            }
        }
    }

    private func missing(_ written: String, _ place: Resolution) -> BuildProblem {
        let instruction = (copy.isAdd ? "ADD " : "COPY ") + written
        if let link = place.leavingLink {
            return BuildProblem(
                "copy-source-outside",
                "\(instruction): the link \(link.text) leads out of \(origin.name)",
                remedy: "copy the file into the context, or link to a file that is in it"
            )
        }
        if origin.isIgnored(place.path.text) {
            return BuildProblem(
                "copy-source-ignored",
                "\(instruction): left out by .dockerignore",
                remedy: "add the line !\(place.path.text) to .dockerignore, or copy something else"
            )
        }
        return BuildProblem(
            "copy-source-missing",
            "\(instruction): not found in \(origin.name)",
            remedy: "check the path; sources are relative to \(origin.name)"
        )
    }
}
