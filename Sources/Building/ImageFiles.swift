/// The files of an image as a container would see them, with what only a comparison asks for: extended attributes, and
/// which names are one file.

package import OCI

package struct ImageFiles: Sendable {
    package struct File: Equatable, Sendable {
        package var node: TreeNode
        package var attributes: [String: [UInt8]]
        /// Of several names of one file, the first of them.
        package var firstName: TreePath?
    }

    /// In the order of the paths.
    let files: [(path: TreePath, file: File)]

    init(_ tree: FileTree, _ marks: LayerMarks) {
        let nodes = tree.descendants(of: .root)
        var names: [LayerMarks.Member: [TreePath]] = [:]
        for (path, node) in nodes where node.content != nil {
            if let member = marks.members[path] { names[member, default: []].append(path) }
        }
        files = nodes.map { path, node in
            let others = node.content == nil ? nil : marks.members[path].flatMap { names[$0] }
            let first = (others?.count ?? 0) > 1 ? others?.first : nil
            return (path, File(node: node, attributes: marks.attributes[path] ?? [:], firstName: first))
        }
    }
}

/// What the headers of layers say that a ``FileTree`` does not hold.
struct LayerMarks {
    /// Where the content of a file is.
    struct Member: Hashable {
        var layer: Int
        var offset: Int
    }

    private(set) var attributes: [TreePath: [String: [UInt8]]] = [:]
    private(set) var members: [TreePath: Member] = [:]
    private var layers = 0

    /// Puts a layer over those before it; what it takes away is not in the tree, and nobody asks for it.
    mutating func add(_ layer: [TarMember]) {
        for member in layer {
            let path = TreePath(member.entry.path)
            switch member.entry.kind {
            case .hardLink(let target):
                let first = TreePath(target)
                (attributes[path], members[path]) = (attributes[first], members[first])
            case .file:
                attributes[path] = member.attributes
                members[path] = Member(layer: layers, offset: member.offset)
            default:
                attributes[path] = member.attributes
                members[path] = nil
            }
        }
        layers += 1
    }
}

extension Assembler {
    /// Reads the files of an image whose manifest and layers lie in the layout.
    package func files(of manifest: Descriptor) throws(BuildProblem) -> ImageFiles {
        let image = try load(manifest)
        var marks = LayerMarks()
        for layer in image.layers {
            // One of a base from outside may be known, and not be there.
            guard layout.hasBlob(layer.descriptor) else { throw .layerMissing(layer.digest) }
            do throws(OCIError) {
                marks.add(try tars.open(layout.blobPath(layer.digest)).source.members())
            } catch {
                throw .storage(error)
            }
        }
        return ImageFiles(image.rootFS, marks)
    }
}
