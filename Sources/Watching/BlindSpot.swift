/// What the kernel does not tell of, and why: it has to be looked at again and again.

/// A place in the scope whose changes are not all seen as events.
package struct BlindSpot: Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        /// The user's inotify watches are used up.
        case limit
        /// This user may not read the directory; its `chmod` is seen.
        case unreadable
        case failed(WatchError)
        /// Changes that others make on this kind of file system are not told, as mountinfo(5) names it.
        case silent(kind: String)
    }

    /// Absolute: a directory, or a file that has other names.
    package var path: String
    package var reason: Reason

    package init(path: String, reason: Reason) { (self.path, self.reason) = (path, reason) }
}

extension BlindSpot.Reason {
    init(_ trouble: WatchTrouble) {
        switch trouble {
        case .unreadable: self = .unreadable
        case .limit: self = .limit
        case .failed(let error): self = .failed(error)
        }
    }
}

extension WatchModel {
    /// The uppermost of each kind.
    var blindSpots: [BlindSpot] {
        let mounted = silent.map { BlindSpot(path: $0.key.text, reason: .silent(kind: $0.value)) }
        let unwatched = uppermostTroubled.flatMap { node, trouble in
            scopeAt(node).map { BlindSpot(path: $0.text, reason: BlindSpot.Reason(trouble)) }
        }
        let linked = files.troubled.map { BlindSpot(path: $0.key.text, reason: BlindSpot.Reason($0.value)) }
        return (mounted + unwatched + linked).sorted { $0.path < $1.path }
    }

    /// The uppermost directories that may change unseen; what this user may not read is none of them.
    var polled: Set<RawPath> {
        var paths = Set(silent.keys)
        for (node, trouble) in uppermostTroubled where trouble != .unreadable { paths.formUnion(scopeAt(node)) }
        return paths.filter { path in !path.folders.contains { paths.contains($0) } }
    }

    /// Has whoever drains compare what is polled with what is known of it.
    mutating func recordPolled() {
        for path in polled { journal.record(path, isDirectory: true, isRecursive: true) }
        for path in files.troubled.keys { journal.record(path, isDirectory: false) }
    }

    private var uppermostTroubled: [(WatchNode, WatchTrouble)] {
        troubled.values.compactMap { node in
            guard let trouble = node.trouble, node.parent?.trouble != trouble else { return nil }
            return (node, trouble)
        }
    }

    /// Of a directory that is only on the way to roots, those roots.
    private func scopeAt(_ node: WatchNode) -> [RawPath] {
        let path = node.path
        return node.isCovered ? [path] : node.entry?.roots(at: path) ?? []
    }
}
