/// What an event says, and where it makes us look.

import Glibc

extension InotifyEvent {
    var isOverflow: Bool { has(IN_Q_OVERFLOW) }
    fileprivate var isDirectory: Bool { has(IN_ISDIR) }
    fileprivate var isRemoval: Bool { has(IN_DELETE | IN_MOVED_FROM) }
    fileprivate var isArrival: Bool { has(IN_CREATE | IN_MOVED_TO) }
    /// The directory is gone, or not watched any more.
    fileprivate var isDeparture: Bool { has(IN_DELETE_SELF | IN_UNMOUNT | IN_IGNORED) }
}

extension WatchModel {
    mutating func apply(_ event: InotifyEvent) {
        if let paths = files.paths(of: event.watch) {
            for path in paths { journal.record(path, isDirectory: false) }
            if event.has(IN_IGNORED) { files.forget(event.watch) }
        }
        let nodes = event.has(IN_IGNORED) ? table.forget(event.watch) : table.nodes(of: event.watch)
        // A move that is seen by several paths has several beginnings and ends, all with one cookie.
        let isMove = event.isDirectory && nodes.count == 1
        for node in nodes where !node.isDropped {
            if let name = event.name {
                apply(event, to: WatchLocation(parent: node, name: name), isMove: isMove)
            } else {
                apply(event, toSelf: node)
            }
        }
    }

    private mutating func apply(_ event: InotifyEvent, toSelf node: WatchNode) {
        if event.has(IN_MOVE_SELF) {
            if let location = node.location { toConfirm.insert(location) }
        } else if event.isDeparture {
            if let location = node.location { mark(location) }
        } else if node.isCovered {
            journal.record(node.path, isDirectory: true)
        }
    }

    private mutating func apply(_ event: InotifyEvent, to location: WatchLocation, isMove: Bool) {
        let entry = location.entry
        guard location.parent.isCovered || entry != nil else { return }
        if event.isRemoval || event.isArrival {
            files.noteReplaced(location.path, isDirectory: event.isDirectory)
        }
        if isMove, event.has(IN_MOVED_TO), arrive(at: location, cookie: event.cookie) { return }
        if event.isRemoval {
            // A directory that was moved within the scope keeps its watch until the end of the round, by which time
            // the look at its new place has found it.
            let isDeparted = isMove && event.has(IN_MOVED_FROM) && depart(location, cookie: event.cookie)
            if !isDeparted { _ = detach(location) }
            recordRemoval(location, isDirectory: event.isDirectory)
        } else if location.isReported {
            journal.record(location.path, isDirectory: event.isDirectory)
        }
        if mustLook(at: location, after: event) { mark(location) }
        for link in entry?.linksThroughHere ?? [] { mark(link: link) }
    }

    private func mustLook(at location: WatchLocation, after event: InotifyEvent) -> Bool {
        // An exchange (renameat2) first moves a to b, then b to a: after the second MOVED_FROM, b is still there.
        if event.has(IN_MOVED_FROM) { return true }
        if event.isArrival { return event.isDirectory || location.entry != nil }
        if event.isRemoval { return location.entry != nil }
        // It may have become readable.
        return location.child?.trouble == .unreadable
    }
}
