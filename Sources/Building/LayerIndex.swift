/// What a layer does to the file systems below it, without the bytes of its files: found by one read of the layer,
/// remembered for good, and independent of the layers that it lies on.

internal import Dockerfile
internal import OCI

struct LayerIndex: Equatable {
    enum Change: Equatable {
        /// Puts something at the path.
        case node(TreeNode)
        /// A folder that the layer does not list, though it puts something into it.
        case impliedFolder
        /// Another name of a file of a lower layer.
        case hardLink(TreePath)
        /// Takes away what lower layers have at the path.
        case whiteout
        /// Takes away what lower layers have below the path.
        case opaqueFolder
    }

    struct Entry: Equatable {
        var path: TreePath
        var change: Change
    }

    /// The layer's blob.
    var layer: Digest
    /// Whether the layer is one of a base from outside, which can be there without its blob.
    var isExternal: Bool
    /// In the order of the paths; what takes away comes before what puts something there.
    var entries: [Entry]

    /// Lists a layer.
    init(of layer: Digest, in tar: OpenTar, isExternal: Bool) throws(OCIError) {
        var listing = LayerListing(layer: layer)
        for member in try tar.source.members() { try listing.add(member, from: tar) }
        self.init(layer: layer, isExternal: isExternal, entries: listing.entries())
    }

    init(layer: Digest, isExternal: Bool, entries: [Entry]) {
        (self.layer, self.isExternal, self.entries) = (layer, isExternal, entries)
    }
}

/// Follows a layer's members in their order, as a program does that unpacks them into an empty folder.
private struct LayerListing: FileView {
    let layer: Digest
    private var changes: [TreePath: LayerIndex.Change] = [:]
    private var whiteouts: Set<TreePath> = []
    private var opaqueFolders: Set<TreePath> = []

    init(layer: Digest) { self.layer = layer }

    /// Links of lower layers are not followed: engines unpack each layer on its own.
    subscript(path: TreePath) -> TreeNode? {
        guard case .node(let node)? = changes[path] else { return nil }
        return node
    }

    mutating func add(_ member: TarMember, from tar: OpenTar) throws(OCIError) {
        let entry = member.entry
        let written = TreePath(entry.path)
        if written.isRoot { return }
        let (folder, name) = (try place(of: written), written.name)
        if name == TarEntry.opaqueWhiteout {
            opaqueFolders.insert(folder)
            return
        }
        if name.begins(with: TarEntry.whiteoutPrefix) {
            let hidden = String(decoding: name.utf8.dropFirst(TarEntry.whiteoutPrefix.utf8.count), as: UTF8.self)
            // What is left are marks of aufs, which mean nothing outside of it.
            if !hidden.begins(with: TarEntry.whiteoutPrefix) { whiteouts.insert(folder.appending(hidden)) }
            return
        }
        put(try change(by: member, from: tar), at: folder.appending(name))
    }

    private func change(by member: TarMember, from tar: OpenTar) throws(OCIError) -> LayerIndex.Change {
        let entry = member.entry
        let kind: TreeNode.Kind
        switch entry.kind {
        case .directory: kind = .directory
        case .symbolicLink(let target): kind = .symbolicLink(target: target)
        case .hardLink(let target):
            let first = TreePath(target)
            let path = try place(of: first).appending(first.name)
            switch changes[path] {
            case .node(let node)? where !node.isDirectory: return .node(node)
            case .hardLink(let lower)?: return .hardLink(lower)
            default: return .hardLink(path)
            }
        case .file(let size):
            kind = .file(try content(of: member, size: size, in: tar))
        default: kind = .special(entry.kind)
        }
        return .node(TreeNode(kind, entry))
    }

    /// The files that say who is who are kept with the index: a name is then known without the layer.
    private func content(of member: TarMember, size: Int, in tar: OpenTar) throws(OCIError) -> FileContent {
        if Self.keptFiles.contains(member.entry.path), size <= Self.keptBytes {
            let bytes = try tar.source.content(of: member)
            return FileContent(size: size, digest: .sha256(of: bytes), source: .bytes(bytes))
        }
        let digest = try tar.source.digest(of: member)
        return FileContent(size: size, digest: digest, source: .layerPart(layer, offset: member.offset))
    }

    private static let keptFiles: Set<String> = ["etc/passwd", "etc/group", "usr/etc/passwd", "usr/etc/group"]
    private static let keptBytes = 1 << 18

    /// The folder in which a member lies, through the links of this layer.
    private func place(of path: TreePath) throws(OCIError) -> TreePath {
        let parent = path.parent
        if parent.isRoot || self[parent]?.isDirectory == true { return parent }
        do throws(BuildProblem) { return try resolve(parent).path } catch {
            throw .malformed(subject: "the layer \(layer)", reason: error.reason)
        }
    }

    private mutating func put(_ change: LayerIndex.Change, at path: TreePath) {
        if !change.isFolder, changes[path]?.isFolder == true { changes = changes.filter { !$0.key.isBelow(path) } }
        changes[path] = change
        var folder = path.parent
        while !folder.isRoot, changes[folder]?.isFolder != true {
            changes[folder] = .impliedFolder
            folder = folder.parent
        }
    }

    /// Whether the layer takes away what lower layers have at the path.
    private func isHidden(_ path: TreePath) -> Bool {
        var place = path
        while !place.isRoot {
            if whiteouts.contains(place) || opaqueFolders.contains(place.parent) { return true }
            place = place.parent
        }
        return false
    }

    func entries() -> [LayerIndex.Entry] {
        var entries = changes.map { path, change in
            let isNew = change == .impliedFolder && isHidden(path)
            let folder = LayerIndex.Change.node(TreeNode(.directory, mode: 0o755))
            return LayerIndex.Entry(path: path, change: isNew ? folder : change)
        }
        entries += whiteouts.map { LayerIndex.Entry(path: $0, change: .whiteout) }
        entries += opaqueFolders.map { LayerIndex.Entry(path: $0, change: .opaqueFolder) }
        entries.sort { left, right in
            left.path == right.path ? left.change.rank < right.change.rank : left.path < right.path
        }
        return entries
    }
}

extension LayerIndex.Change {
    fileprivate var isFolder: Bool {
        if case .node(let node) = self { node.isDirectory } else { self == .impliedFolder }
    }

    fileprivate var rank: Int {
        switch self {
        case .whiteout: 0
        case .opaqueFolder: 1
        case .node, .impliedFolder, .hardLink: 2
        }
    }
}

extension FileTree {
    /// Puts a layer over the tree: whiteouts hide, what is no folder replaces one.
    mutating func push(_ index: LayerIndex) throws(OCIError) {
        var nodes: [(path: TreePath, node: TreeNode)] = []
        nodes.reserveCapacity(index.entries.count)
        var hiding: [TreePath] = []
        for entry in index.entries {
            let path = entry.path
            var node: TreeNode
            switch entry.change {
            case .whiteout:
                hiding.append(path)
                continue
            case .opaqueFolder:
                hiding += children(of: path)
                continue
            case .impliedFolder:
                if self[path]?.isDirectory == true { continue }
                node = TreeNode(.directory, mode: 0o755)
            case .hardLink(let target):
                guard let first = self[target], !first.isDirectory else {
                    let reason = "a hard link leads nowhere: \(path.text)"
                    throw .malformed(subject: "the layer \(index.layer)", reason: reason)
                }
                node = first
            case .node(let found): node = found
            }
            if !node.isDirectory, !isEmpty, self[path]?.isDirectory == true { hiding.append(path) }
            nodes.append((path, node))
        }
        push(nodes, hiding: isEmpty ? [] : hiding)
    }

    private func children(of folder: TreePath) -> [TreePath] {
        descendants(of: folder).map(\.path).filter { $0.parent == folder }
    }
}
