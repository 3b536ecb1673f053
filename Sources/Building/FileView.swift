/// Links are followed inside a root, as BuildKit does (continuity's `RootPath`): nothing outside is ever reached.

internal import Dockerfile

/// Something with nodes at paths: a tree, or a tree with the changes of the step that is under way.
protocol FileView {
    subscript(path: TreePath) -> TreeNode? { get }
}

extension FileTree: FileView {}

/// Where a path leads.
struct Resolution: Equatable {
    /// Without links; need not exist.
    var path: TreePath
    /// The first link on the way that pointed out of the root, and was bounded to it.
    var leavingLink: TreePath?
}

extension FileView {
    /// Follows all links in a path, the last one too.
    ///
    /// With a `root` other than "", links are bounded to that folder, which itself must be free of links, and the path
    /// is below it.
    func resolve(_ path: TreePath, in root: TreePath = .root) throws(BuildProblem) -> Resolution {
        var result = Resolution(path: root)
        var rest = path.text.pathNames[...]
        var followed = 0
        while let part = rest.popFirst() {
            if part == "." || part.isEmpty { continue }
            if part == ".." {
                if result.path != root { result.path = result.path.parent }
                continue
            }
            let next = result.path.appending(String(part))
            guard let target = self[next]?.linkTarget else {
                result.path = next
                continue
            }
            followed += 1
            guard followed <= 255 else { throw .linkLoop(path) }
            if leaves(target, from: result.path, root) { result.leavingLink = result.leavingLink ?? next }
            if target.begins(with: "/") { result.path = root }
            rest = target.pathNames + rest
        }
        return result
    }

    /// Whether a link's target lies outside, taken literally.
    private func leaves(_ target: String, from folder: TreePath, _ root: TreePath) -> Bool {
        if target.begins(with: "/") { return true }
        var depth = folder.isRoot ? 0 : folder.text.pathNames.count
        depth -= root.isRoot ? 0 : root.text.pathNames.count
        for part in target.pathNames where part != "." {
            depth += part == ".." ? -1 : 1
            if depth < 0 { return true }
        }
        return false
    }
}
