/// The changes of one step over the tree before it, and from them the members of the step's layer.

internal import Dockerfile
internal import OCI

/// What a layer holds at a path.
struct LayerEntry: Equatable {
    var path: TreePath
    var node: TreeNode
    /// Where the node is another name of a file that comes earlier in the layer, that file's path.
    var linked: TreePath?
}

struct Staging: FileView {
    private let base: FileTree
    private var order: [TreePath] = []
    private var staged: [TreePath: LayerEntry] = [:]
    private var hasLinks = false
    /// Folders of the tree that became something else, with all that they held.
    private(set) var replaced: [TreePath] = []

    init(over base: FileTree) { self.base = base }

    subscript(path: TreePath) -> TreeNode? {
        if let entry = staged[path] { return entry.node }
        if !replaced.isEmpty, replaced.contains(where: { path.isBelow($0) }) { return nil }
        return base[path]
    }

    /// Puts a node at a path, whose folder must be there.
    mutating func put(_ node: TreeNode, at path: TreePath, linked: TreePath? = nil) throws(BuildProblem) {
        guard !path.name.begins(with: TarEntry.whiteoutPrefix) else { throw Self.whiteoutName(path) }
        if staged[path] != nil { keepNames(of: path) }
        let first = linked.map { staged[$0]?.linked ?? $0 }
        hasLinks = hasLinks || first != nil
        if staged.updateValue(LayerEntry(path: path, node: node, linked: first), forKey: path) == nil {
            order.append(path)
        }
    }

    /// Puts a node in the place of whatever is there, as an archive does that is unpacked.
    mutating func replace(_ node: TreeNode, at path: TreePath, linked: TreePath? = nil) throws(BuildProblem) {
        if let old = self[path], old.isDirectory, !node.isDirectory {
            let gone = staged.keys.filter { $0.isBelow(path) }
            for path in gone {
                keepNames(of: path)
                staged[path] = nil
            }
            if !gone.isEmpty { order.removeAll { $0.isBelow(path) } }
            replaced.append(path)
        } else if node.isDirectory, replaced.contains(path) {
            throw .unsupported(
                "add-archive-unsupported",
                "an archive that replaces the folder /\(path.text) by a file and a folder",
                remedy: "unpack it beforehand, and COPY the folder"
            )
        }
        try put(node, at: path, linked: linked)
    }

    /// A file whose first name goes lives on under its others.
    private mutating func keepNames(of path: TreePath) {
        guard hasLinks else { return }
        let names = order.filter { staged[$0]?.linked == path }
        guard let first = names.first else { return }
        staged[first]?.linked = nil
        for name in names.dropFirst() { staged[name]?.linked = first }
    }

    /// Makes a folder and the folders above it where they are missing.
    mutating func makeFolders(_ path: TreePath, mode: UInt16, owner: Owner) throws(BuildProblem) {
        if path.isRoot { return }
        if let node = self[path] {
            guard node.isDirectory else { throw .inTheWay(path, "a file is where a folder is needed") }
            return
        }
        try makeFolders(path.parent, mode: mode, owner: owner)
        try put(TreeNode(.directory, mode: mode, user: owner.user, group: owner.group), at: path)
    }

    /// The members of the layer, in their order: what differs from the tree, and the folders above it with the
    /// attributes that they have now.
    func entries() -> [LayerEntry] {
        var result: [LayerEntry] = []
        var taken: Set<TreePath> = []
        for path in order {
            guard let entry = staged[path], base[path] != entry.node || replaced.contains(path) else { continue }
            if taken.insert(path).inserted { result.append(entry) }
            var folder = path.parent
            while !folder.isRoot, taken.insert(folder).inserted {
                if let node = self[folder] { result.append(LayerEntry(path: folder, node: node)) }
                folder = folder.parent
            }
        }
        result.sort { $0.path < $1.path }
        return Self.linkingBackwards(result)
    }

    /// Of several names of one file the first in the layer holds the bytes, whichever did so in the archive.
    private static func linkingBackwards(_ entries: [LayerEntry]) -> [LayerEntry] {
        let targets = Set(entries.compactMap(\.linked))
        guard !targets.isEmpty else { return entries }
        var firsts: [TreePath: TreePath] = [:]
        return entries.map { entry in
            var entry = entry
            guard let file = entry.linked ?? (targets.contains(entry.path) ? entry.path : nil) else { return entry }
            entry.linked = firsts[file]
            if entry.linked == nil { firsts[file] = entry.path }
            return entry
        }
    }

    private static func whiteoutName(_ path: TreePath) -> BuildProblem {
        BuildProblem(
            "copy-name-reserved",
            "/\(path.text): a name that begins with .wh. deletes files in a layer",
            remedy: "rename it, or leave it out in .dockerignore"
        )
    }
}
