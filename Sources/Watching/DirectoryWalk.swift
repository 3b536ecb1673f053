/// Looks at the disk: sets the watches, and finds what came before they were set.

import Glibc

/// A place to be looked at, and what the listing of its directory said about it.
struct Visit {
    var location: WatchLocation
    /// Of the location's parent: shared by all of its entries.
    var directory: RawPath
    var kind: FileKind?
    /// Its directory was told with all that it holds.
    var isTold = false
}

/// The node of a directory, and whether its events are told only from now on.
private struct Found {
    var node: WatchNode
    var path: RawPath
    var isNew: Bool
}

extension WatchModel {
    /// Looks at the place and at everything below it; all that is found is recorded as changed.
    mutating func walk(from start: Visit) {
        var visits = [start]
        while let visit = visits.popLast() {
            guard !visit.location.parent.isDropped, let found = look(at: visit) else { continue }
            visits += list(found.node, at: found.path, isTold: visit.isTold || found.isNew)
        }
    }

    /// The node of the directory that stands there and matters; nil where there is none.
    private mutating func look(at visit: Visit) -> Found? {
        let location = visit.location
        let path = visit.directory.appending(location.name)
        var kind = visit.kind ?? FileKind(at: path)
        var followsLink = false
        if location.entry != nil {
            noteTarget(kind == .link ? path.linkTarget : nil, ofLink: path)
            followsLink = kind == .link && FileKind(at: path, followsLink: true) == .directory
            if followsLink { kind = .directory }
        }
        switch kind {
        case .missing:
            vanish(location)
            return nil
        case .link, .other:
            vanish(location)
            if location.entry?.isWanted == true { widen(location.parent) }
        case .directory:
            let isCovered = covers(location, at: path, isLink: followsLink)
            if isCovered || location.entry?.children.isEmpty == false {
                return attach(visit, at: path, isCovered: isCovered, followsLink: followsLink)
            }
            location.parent.hasPruned = true
            vanish(location)
        }
        record(location, at: path, isDirectory: kind == .directory)
        return nil
    }

    /// Whether every entry of the directory matters: it is a root, or lies below one and is not pruned.
    private func covers(_ location: WatchLocation, at path: RawPath, isLink: Bool) -> Bool {
        if location.entry?.isRoot == true { return true }
        return !isLink && location.parent.isCovered && scope.includes(path.text)
    }

    private mutating func attach(
        _ visit: Visit,
        at path: RawPath,
        isCovered: Bool,
        followsLink: Bool
    ) -> Found? {
        let location = visit.location
        var watch: Int32?
        var trouble: WatchTrouble?
        do throws(WatchError) {
            let mask = isCovered ? Inotify.contentMask : Inotify.entryMask
            watch = try table.add(path, mask: mask, followsLink: followsLink)
        } catch {
            trouble = WatchTrouble(error)
            if trouble == nil {
                vanish(location)
                return nil
            }
        }
        let found = found(at: location, path, watch: watch)
        let node = found.node
        (node.entry, node.isCovered, node.followsLink) = (location.entry, isCovered, followsLink)
        setTrouble(trouble, of: node)
        // Whoever read it before its events were, may know what is there no longer: no event tells that.
        let isWhole = found.isNew && !visit.isTold
        if location.isReported { journal.record(path, isDirectory: true, isRecursive: isWhole) }
        return found
    }

    /// The node that is there, if it is of the same inode; else a new one in its place.
    private mutating func found(at location: WatchLocation, _ path: RawPath, watch: Int32?) -> Found {
        if let child = location.child, watch != nil && child.watch == watch || child.trouble != nil {
            // What could not be watched before may be watched now.
            guard child.watch == nil, let watch else { return Found(node: child, path: path, isNew: false) }
            table.bind(child, to: watch)
            return Found(node: child, path: path, isNew: true)
        }
        vanish(location)
        let node = WatchNode(parent: location.parent, name: location.name)
        location.parent.children[location.name] = node
        if let watch { table.bind(node, to: watch) }
        return Found(node: node, path: path, isNew: true)
    }

    /// What has to be looked at in the directory; what is only to be told is recorded at once.
    mutating func list(_ node: WatchNode, at path: RawPath, isTold: Bool = false) -> [Visit] {
        guard node.isCovered else { return listNamed(node, at: path) }
        if journal.isPaused, node.entry == nil, node.children.isEmpty, isLeaf(path) { return [] }
        var visits: [Visit] = []
        var unseen = Set(node.children.keys)
        do throws(WatchError) {
            var listing = try DirectoryListing(of: path, followsLink: node.followsLink)
            while let (name, kind) = try listing.next() {
                unseen.remove(name)
                let location = WatchLocation(parent: node, name: name)
                if kind == .directory || kind == nil || location.entry != nil {
                    visits.append(Visit(location: location, directory: path, kind: kind, isTold: isTold))
                } else {
                    vanish(location)
                    journal.record(path.appending(name), isDirectory: false)
                }
            }
        } catch {
            if node.trouble == nil { setTrouble(WatchTrouble(error), of: node) }
            return visits
        }
        for name in unseen { vanish(WatchLocation(parent: node, name: name)) }
        return visits
    }

    /// Whether no directory is in it, as its links say.
    ///
    /// Nothing else matters where nothing is told, and most directories need not be opened.
    private func isLeaf(_ path: RawPath) -> Bool {
        var status = stat()
        guard path.withCString({ lstat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFDIR else { return false }
        return status.st_nlink == 2 && mounts.countingDevices.contains(UInt64(status.st_dev))
    }

    /// Of a directory on the way to roots, only the entries that lead there.
    private mutating func listNamed(_ node: WatchNode, at path: RawPath) -> [Visit] {
        let named = node.entry?.children ?? [:]
        for name in node.children.keys where named[name] == nil { vanish(WatchLocation(parent: node, name: name)) }
        return named.keys.map { Visit(location: WatchLocation(parent: node, name: $0), directory: path) }
    }

    /// The directory that was there is there no longer.
    private mutating func vanish(_ location: WatchLocation) {
        if detach(location) { recordRemoval(location, isDirectory: true) }
    }

    private mutating func record(_ location: WatchLocation, at path: RawPath, isDirectory: Bool) {
        if location.isReported { journal.record(path, isDirectory: isDirectory) }
    }

    /// Has the directory tell what is written to its files, since one of them matters.
    ///
    /// Until it does, most directories on the way to a root would only wake us for nothing.
    private mutating func widen(_ node: WatchNode) {
        guard !node.isCovered, node.watch != nil else { return }
        // If the directory is gone, or another one stands there, events say so.
        _ = try? table.add(node.path, mask: Inotify.contentMask, followsLink: node.followsLink)
    }
}
