/// The build context as a value: what a Dockerfile can copy.

package import OCI

/// One path of the context, after `.dockerignore`.
package struct ContextFile: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case directory
        /// The bytes that the file had when it was hashed. A build fails when it reads others.
        case file(size: Int, digest: Digest)
        case symbolicLink(target: String)
    }

    /// Relative to the context, clean, without a slash at either end.
    package var path: String
    package var kind: Kind
    /// Permission bits with set-user, set-group and sticky: at most 0o7777.
    package var mode: UInt16
    /// Where the file is on the machine.
    package var absolutePath: String

    package init(path: String, kind: Kind, mode: UInt16, absolutePath: String) {
        (self.path, self.kind, self.mode, self.absolutePath) = (path, kind, mode, absolutePath)
    }
}

/// Files in the form in which they are copied; make it once for files that do not change.
package struct BuildContext: Sendable {
    let tree: FileTree
    /// Whether `.dockerignore` leaves a path out: it makes a better message for a source that is missing.
    let isIgnored: @Sendable (String) -> Bool

    /// The files in any order, each path once; folders that are not listed, but hold what is, get 0755.
    ///
    /// Everything belongs to root, as in BuildKit.
    package init(_ files: [ContextFile], isIgnored: @escaping @Sendable (String) -> Bool = { _ in false }) {
        var nodes = files.map { (path: TreePath($0.path), node: TreeNode($0)) }
        nodes.sort { $0.path < $1.path }
        tree = FileTree(Self.addingFolders(nodes))
        self.isIgnored = isIgnored
    }

    /// Takes and gives nodes in their order; a folder then stands right before what it holds.
    private static func addingFolders(
        _ nodes: [(path: TreePath, node: TreeNode)]
    ) -> [(path: TreePath, node: TreeNode)] {
        var result: [(path: TreePath, node: TreeNode)] = []
        result.reserveCapacity(nodes.count)
        var folder = TreePath.root
        for (path, node) in nodes {
            let parent = path.parent
            if parent != folder {
                var missing: [TreePath] = []
                var above = parent
                while !above.isRoot, above != folder, !folder.isBelow(above) {
                    missing.append(above)
                    above = above.parent
                }
                result += missing.reversed().map { (path: $0, node: TreeNode(.directory, mode: 0o755)) }
            }
            folder = node.isDirectory ? path : parent
            result.append((path: path, node: node))
        }
        return result
    }
}

extension TreeNode {
    fileprivate init(_ file: ContextFile) {
        switch file.kind {
        case .directory: self.init(.directory, mode: file.mode)
        case .symbolicLink(let target): self.init(.symbolicLink(target: target), mode: 0o777)
        case .file(let size, let digest):
            let content = FileContent(size: size, digest: digest, source: .file(path: file.absolutePath))
            self.init(.file(content), mode: file.mode)
        }
    }
}
