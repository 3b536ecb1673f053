/// The directories that exist and matter, as a tree: a path is made from names when it is asked for.

/// A directory that is watched, or that should be.
final class WatchNode {
    /// nil for `/` only.
    ///
    /// A parent lives as long as its children are attached to it.
    unowned let parent: WatchNode?
    let name: FileName
    var children: [FileName: WatchNode] = [:]
    /// What the roots say about this path; nil where it only lies below one.
    var entry: ScopeEntry?
    /// Every entry matters; otherwise only those that ``entry`` names.
    var isCovered = false
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

    /// nil for `/`.
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
