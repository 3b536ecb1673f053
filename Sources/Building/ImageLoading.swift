/// An image as a value from nothing but its blobs: after a restart, or made by another builder.

package import OCI
internal import Synchronization

extension Assembler {
    /// Reads the image of a manifest and lists its layers, which takes a read of all their bytes once; the last few
    /// images are remembered.
    ///
    /// Compressed layers are a problem (`layer-compressed-unsupported`).
    package func load(_ manifest: Descriptor) throws(BuildProblem) -> BuiltImage {
        if let known = loaded.withLock({ $0[manifest.digest] }) { return known }
        let image: BuiltImage
        do throws(OCIError) {
            image = try read(manifest)
        } catch OCIError.compressedArchive(let path) {
            throw .unsupported(
                "layer-compressed-unsupported",
                "the compressed layer \(path)",
                remedy: "build the image with imgwatch"
            )
        } catch {
            throw .storage(error)
        }
        loaded.withLock { loaded in
            if loaded.count >= Self.mostLoaded { loaded.removeAll() }
            loaded[manifest.digest] = image
        }
        return image
    }

    static let mostLoaded = 16

    private func read(_ manifest: Descriptor) throws(OCIError) -> BuiltImage {
        let content = try Manifest(decoding: layout.readBlob(manifest))
        let configuration = try ImageConfiguration(decoding: layout.readBlob(content.configuration))
        guard configuration.diffIDs.count == content.layers.count else {
            throw .malformed(
                subject: "image \(manifest.digest)",
                reason: "manifest and configuration name other layers"
            )
        }
        var tree = FileTree()
        var layers: [LayerRecord] = []
        for (layer, diffID) in zip(content.layers, configuration.diffIDs) {
            guard layout.hasBlob(layer) else { throw .missingBlob(layer.digest, layout: layout.path) }
            try tree.push(layer: layer.digest, at: layout.blobPath(layer.digest))
            layers.append(LayerRecord(diffID: diffID, digest: layer.digest, size: layer.size))
        }
        return BuiltImage(manifest: manifest, configuration: configuration, layers: layers, rootFS: tree)
    }
}

extension FileTree {
    /// Puts the members of a layer's tar over the tree: whiteouts hide, what is no folder replaces one.
    fileprivate mutating func push(layer: Digest, at file: String) throws(OCIError) {
        let source = try TarSource(path: file)
        var nodes: [TreePath: TreeNode] = [:]
        var hiding: [TreePath] = []
        for member in try source.members() {
            let path = TreePath(member.entry.path)
            if path.isRoot { continue }
            if path.name == TarEntry.opaqueWhiteout {
                hiding += descendants(of: path.parent).map(\.path).filter { $0.parent == path.parent }
                continue
            }
            if path.name.hasPrefix(TarEntry.whiteoutPrefix) {
                hiding.append(path.parent.appending(String(path.name.dropFirst(TarEntry.whiteoutPrefix.count))))
                continue
            }
            guard let node = try node(of: member, in: source, layer: layer, nodes) else {
                throw .malformed(subject: file, reason: "a hard link leads nowhere: \(member.entry.path)")
            }
            if !node.isDirectory, self[path]?.isDirectory == true { hiding.append(path) }
            nodes[path] = node
        }
        push(nodes.map { (path: $0.key, node: $0.value) }, hiding: hiding)
    }

    /// nil for a hard link without its target.
    private func node(
        of member: TarMember,
        in source: borrowing TarSource,
        layer: Digest,
        _ nodes: [TreePath: TreeNode]
    ) throws(OCIError) -> TreeNode? {
        let entry = member.entry
        let kind: TreeNode.Kind
        switch entry.kind {
        case .directory: kind = .directory
        case .symbolicLink(let target): kind = .symbolicLink(target: target)
        case .hardLink(let target): return nodes[TreePath(target)] ?? self[TreePath(target)]
        case .file(let size):
            let digest = try source.digest(of: member)
            kind = .file(FileContent(size: size, digest: digest, source: .layer(layer, member: TreePath(entry.path))))
        default: kind = .special(entry.kind)
        }
        return TreeNode(kind, mode: entry.mode, user: entry.user, group: entry.group)
    }
}
