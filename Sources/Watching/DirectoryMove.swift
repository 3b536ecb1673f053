/// A renamed directory keeps its watches: its node moves, and all that hangs on it moves along.

import Glibc

/// Which places were looked at after the events that were read last.
///
/// The disk may have been ahead of the events then: what was found at a path may belong to another directory than the
/// one whose move is read only now. Events of the round after the next one are newer than the look.
struct RecentLooks {
    /// More are not worth being told apart.
    private static let limit = 64

    private var starts: [WatchLocation] = []
    private(set) var isEverything = false

    mutating func note(_ start: WatchLocation) {
        if starts.count < Self.limit { starts.append(start) } else { noteEverything() }
    }

    mutating func noteEverything() { (starts, isEverything) = ([], true) }

    /// Whether something at, above or below the directory was looked at.
    func touch(_ node: WatchNode) -> Bool {
        isEverything
            || starts.contains { start in
                start.parent.isAtOrBelow(node)
                    || node.ancestry.contains { $0.parent === start.parent && $0.name == start.name }
            }
    }
}

extension WatchModel {
    /// Takes the directory from its place, to be put where its arrival is told; whether that is possible.
    ///
    /// A place that leads to roots has rules of its own: what is there is looked at anew.
    mutating func depart(_ location: WatchLocation, cookie: UInt32) -> Bool {
        guard location.entry == nil, let child = location.child, child.watch != nil else { return false }
        location.parent.children[location.name] = nil
        if let lost = departed.updateValue(child, forKey: cookie) { drop(lost) }
        return true
    }

    /// Puts the directory that departed with this cookie at its new place; whether that was possible.
    mutating func arrive(at location: WatchLocation, cookie: UInt32) -> Bool {
        guard let node = departed.removeValue(forKey: cookie) else { return false }
        let path = location.path
        guard location.entry == nil, location.parent.isCovered, scope.includes(path.text),
            !doubts.touch(node), !location.parent.isAtOrBelow(node)
        else {
            drop(node)
            return false
        }
        _ = detach(location)
        (node.parent, node.name) = (location.parent, location.name)
        location.parent.children[location.name] = node
        toConfirm.insert(location)
        journal.record(path, isDirectory: true, isRecursive: true)
        reconsider(node, at: path)
        return true
    }

    /// What departed and arrived nowhere in the scope is removed.
    mutating func dropDeparted() {
        for node in departed.values { drop(node) }
        departed = [:]
    }

    /// At another path other directories may be pruned.
    private mutating func reconsider(_ node: WatchNode, at path: RawPath) {
        guard !node.hasPruned else {
            // What was left out has no node: it has to be looked for.
            if let location = node.location { mark(location) }
            return
        }
        for (name, child) in node.children {
            let childPath = path.appending(name)
            if scope.includes(childPath.text) {
                reconsider(child, at: childPath)
            } else {
                _ = detach(WatchLocation(parent: node, name: name))
                node.hasPruned = true
            }
        }
    }

    /// Holds the node against the disk, which may have changed again: a directory is known by its watch.
    mutating func confirm(_ location: WatchLocation) {
        guard !location.parent.isDropped, let child = location.child, let watch = child.watch else { return }
        let mask = child.isCovered ? Inotify.contentMask : Inotify.entryMask
        let found = try? table.add(location.path, mask: mask, followsLink: child.followsLink)
        if found != watch { mark(location) }
    }
}
