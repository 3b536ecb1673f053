/// Which directories the kernel's watches stand for.

import Glibc

struct WatchTable {
    private let intake: EventIntake
    /// Of these watches; the kernel's own limit is one for all processes of the user.
    private let limit: Int
    private var nodes: [Int32: WatchNode] = [:]
    /// One inode may be reached by several paths, through a link to a root or a bind mount: those besides the first.
    private var others: [Int32: [WatchNode]] = [:]
    /// Watches that had no node at some time since the last ``releaseLoose()``.
    private var loose: Set<Int32> = []

    init(intake: EventIntake, limit: Int) { (self.intake, self.limit) = (intake, limit) }

    var count: Int { nodes.count }

    func nodes(of watch: Int32) -> [WatchNode] { (nodes[watch].map { [$0] } ?? []) + (others[watch] ?? []) }

    /// The watch of the directory's inode, which may be there already; it is kept only if a node is bound to it.
    mutating func add(_ path: RawPath, mask: UInt32, followsLink: Bool) throws(WatchError) -> Int32 {
        let watch = try intake.inotify.add(path, mask: mask, followsLink: followsLink)
        if nodes[watch] == nil, !loose.contains(watch) {
            guard nodes.count < limit else {
                intake.inotify.remove(watch)
                throw .system(operation: "watch", path: path.text, code: ENOSPC)
            }
            loose.insert(watch)
        }
        return watch
    }

    mutating func bind(_ node: WatchNode, to watch: Int32) {
        node.watch = watch
        if nodes[watch] == nil { nodes[watch] = node } else { others[watch, default: []].append(node) }
    }

    mutating func unbind(_ node: WatchNode) {
        guard let watch = node.watch else { return }
        node.watch = nil
        let rest = nodes(of: watch).filter { $0 !== node }
        nodes[watch] = rest.first
        others[watch] = rest.count > 1 ? Array(rest.dropFirst()) : nil
        loose.insert(watch)
    }

    /// The kernel took the watch away; the result is the nodes that had it.
    mutating func forget(_ watch: Int32) -> [WatchNode] {
        let orphans = nodes(of: watch)
        (nodes[watch], others[watch]) = (nil, nil)
        loose.remove(watch)
        for node in orphans { node.watch = nil }
        return orphans
    }

    /// Gives back what no node is bound to.
    ///
    /// Not at once: a directory that was moved is found again by its watch.
    mutating func releaseLoose() {
        for watch in loose where nodes[watch] == nil { intake.inotify.remove(watch) }
        loose.removeAll()
    }
}
