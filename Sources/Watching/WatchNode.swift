/// The directories that exist and matter, as a tree: a path is made from names when it is asked for.

/// A directory that is watched, or that should be.
final class WatchNode {
    /// nil for `/`, and for what was dropped.
    ///
    /// A parent lives as long as its children are attached to it, or are on their way elsewhere.
    unowned var parent: WatchNode?
    var name: FileName
    var children: [FileName: WatchNode] = [:]
    /// What the roots say about this path; nil where it only lies below one.
    var entry: ScopeEntry?
    /// Every entry matters; otherwise only those that ``entry`` names.
    var isCovered = false
    /// Directories in it may be left out, since the scope does not include them.
    var hasPruned = false
    /// The path is a symbolic link, and this is the directory that it leads to.
    var followsLink = false
    /// The kernel's name for the inode, by which a directory is known again wherever it was moved.
    var watch: Int32?
    /// Why nothing, or not everything, can be seen here.
    var trouble: WatchTrouble?
    /// No longer part of the tree; its path means nothing.
    var isDropped = false

    init(parent: WatchNode?, name: FileName) {
        (self.parent, self.name) = (parent, name)
    }

    var path: RawPath {
        var names: [FileName] = []
        var node = self
        while let parent = node.parent {
            names.append(node.name)
            node = parent
        }
        return RawPath(components: names.reversed())
    }

    /// The node, its parent, and so on up to `/`.
    var ancestry: some Sequence<WatchNode> { sequence(first: self, next: \.parent) }

    func isAtOrBelow(_ node: WatchNode) -> Bool { ancestry.contains { $0 === node } }

    /// nil for `/`, and for what was dropped.
    var location: WatchLocation? { parent.map { WatchLocation(parent: $0, name: name) } }
}

/// An entry of a directory of the tree, whether it exists or not.
struct WatchLocation: Hashable {
    let parent: WatchNode
    let name: FileName

    var path: RawPath { parent.path.appending(name) }
    var entry: ScopeEntry? { parent.entry?.children[name] }
    var child: WatchNode? { parent.children[name] }
    /// Whether its changes are told.
    var isReported: Bool { parent.isCovered || entry?.isRoot == true }

    static func == (left: WatchLocation, right: WatchLocation) -> Bool {
        left.parent === right.parent && left.name == right.name
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(parent))
        hasher.combine(name)
    }
}
