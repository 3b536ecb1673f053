/// The root file system of an image or a stage as a value: what is where, without the bytes.

/// Made of sorted layers that copies share, so that a step on top of a big base costs what the step is worth.
///
/// Small layers are merged as they come; their number stays below the logarithm of the entries'.
package struct FileTree: Sendable {
    /// nil hides what lower layers have at the path.
    fileprivate typealias Entry = (path: TreePath, node: TreeNode?)

    /// The lowest first; each in the order of the paths.
    private var layers: [[Entry]] = []

    package init() {}

    /// Nodes in any order, each path once.
    ///
    /// The root is there without being named.
    package init(_ nodes: [(path: TreePath, node: TreeNode)]) { push(nodes, hiding: []) }

    var isEmpty: Bool { layers.isEmpty }

    package subscript(path: TreePath) -> TreeNode? {
        if path.isRoot { return TreeNode(.directory, mode: 0o755) }
        for layer in layers.reversed() {
            let index = Self.firstIndex(in: layer, from: path)
            if index < layer.count, layer[index].path == path { return layer[index].node }
        }
        return nil
    }

    /// All that is below a folder, in the order of the paths.
    package func descendants(of folder: TreePath) -> [(path: TreePath, node: TreeNode)] {
        var result: [Entry] = []
        for layer in layers {
            let part = Self.descendants(of: folder, in: layer)
            guard !part.isEmpty else { continue }
            result = result.isEmpty ? Array(part) : Self.merge(result[...], with: part)
        }
        return result.compactMap { entry in entry.node.map { (path: entry.path, node: $0) } }
    }

    /// Puts nodes over the tree.
    ///
    /// What is below the paths in `hiding`, and they themselves, is gone where no new node stands in its place.
    package mutating func push(_ nodes: [(path: TreePath, node: TreeNode)], hiding: [TreePath]) {
        var layer: [Entry] = nodes.map { (path: $0.path, node: $0.node) }
        if !hiding.isEmpty {
            let new = Set(nodes.map(\.path))
            var hidden: Set<TreePath> = []
            for folder in hiding {
                for path in [folder] + descendants(of: folder).map(\.path) where !new.contains(path) {
                    if hidden.insert(path).inserted { layer.append((path: path, node: nil)) }
                }
            }
        }
        guard !layer.isEmpty else { return }
        layer.sort { $0.path < $1.path }
        while let below = layers.last, below.count < 2 * layer.count {
            layers.removeLast()
            layer = Self.merge(below[...], with: layer[...])
        }
        layers.append(layer)
    }

    /// The index of the first entry that is not before the path.
    private static func firstIndex(in layer: [Entry], from path: TreePath) -> Int {
        var (low, high) = (0, layer.count)
        while low < high {
            let middle = (low + high) / 2
            if layer[middle].path < path { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func descendants(of folder: TreePath, in layer: [Entry]) -> ArraySlice<Entry> {
        guard !folder.isRoot else { return layer[...] }
        let start = firstIndex(in: layer, from: TreePath(folder.text + "/"))
        var (low, high) = (start, layer.count)
        while low < high {
            let middle = (low + high) / 2
            if layer[middle].path.isBelow(folder) { low = middle + 1 } else { high = middle }
        }
        return layer[start..<low]
    }

    /// Both sorted; where both have a path, the upper one's entry counts.
    private static func merge(_ lower: ArraySlice<Entry>, with upper: ArraySlice<Entry>) -> [Entry] {
        var result: [Entry] = []
        result.reserveCapacity(lower.count + upper.count)
        var (left, right) = (lower, upper)
        while let one = left.first, let other = right.first {
            if one.path < other.path {
                result.append(one)
                left.removeFirst()
            } else {
                if one.path == other.path { left.removeFirst() }
                result.append(other)
                right.removeFirst()
            }
        }
        return result + left + right
    }
}
