/// The roots as a tree of names: which entry of which directory matters, whether it exists or not.

final class ScopeEntry {
    private(set) var children: [FileName: ScopeEntry] = [:]
    private(set) var isRoot = false
    /// The links on the way to a root that lead here.
    private(set) var links: [RawPath] = []

    /// The tree for the roots, and for where the links on the way to them lead.
    init(roots: [RawPath], linkTargets: [RawPath: RawPath]) {
        for root in roots { entry(at: root).isRoot = true }
        for (link, target) in linkTargets { entry(at: target).links.append(link) }
    }

    private init() {}

    private func entry(at path: RawPath) -> ScopeEntry {
        var entry = self
        for name in path.components {
            let child = entry.children[name] ?? ScopeEntry()
            entry.children[name] = child
            entry = child
        }
        return entry
    }

    /// Whether this very path matters, and not only as a way to others.
    var isWanted: Bool { isRoot || !links.isEmpty }

    /// The links that lead here or further down: they lead elsewhere, or nowhere, once something changes here.
    var linksThroughHere: [RawPath] { links + children.values.flatMap(\.linksThroughHere) }

    /// The uppermost roots at and below this entry, which is at `path`.
    func roots(at path: RawPath) -> [RawPath] {
        isRoot ? [path] : children.flatMap { $0.value.roots(at: path.appending($0.key)) }
    }
}
