/// The watched tree: what the kernel tells about it, and what the disk says when one looks.

/// Events only say where to look.
///
/// They are never taken for the state of the disk: when they are read, newer ones may have happened. So an event marks
/// a place; once the queue is read, every marked place is looked at, watch first, then content; and whatever changes
/// after that look is an event of a watch that exists by then.
struct WatchModel {
    /// Rounds of one drain, while new events keep coming.
    ///
    /// The first has everything that the barrier promises.
    private static let roundLimit = 8
    /// As many steps as the kernel itself follows links.
    private static let linkLimit = 40

    private let intake: EventIntake
    private(set) var scope = WatchScope(roots: [])
    /// Where the links on the way to roots lead, as last seen.
    private var linkTargets: [RawPath: RawPath] = [:]
    /// The links of which that has changed.
    private var movedLinks: Set<RawPath> = []
    private let root = WatchNode(parent: nil, name: [])
    private var marks: Set<WatchLocation> = []
    /// Directories of which it is only to be seen whether they are still there.
    var toConfirm: Set<WatchLocation> = []
    /// By cookie: what was moved away in the events that are being read.
    var departed: [UInt32: WatchNode] = [:]
    /// What was looked at since events were read last, and before that.
    private var looks = RecentLooks()
    private(set) var doubts = RecentLooks()
    private(set) var troubled: [ObjectIdentifier: WatchNode] = [:]
    var table: WatchTable
    var files: FileWatches
    private let mountList = MountList()
    private(set) var mounts = MountTable()
    private let isTold: (RawPath) -> Bool
    /// By device and directory: whether changes on it are told.
    private var canaries: [String: Bool] = [:]
    var journal = Journal()

    /// Tests have a limit and a canary of their own.
    init(
        intake: EventIntake,
        limit: Int = .max,
        isTold: @escaping (RawPath) -> Bool = Canary.isTold
    ) {
        self.isTold = isTold
        self.intake = intake
        table = WatchTable(intake: intake, limit: limit)
        files = FileWatches(intake: intake)
    }

    var unreadable: [RawPath] { troubled.values.filter { $0.trouble == .unreadable }.map(\.path) }

    /// Why the watcher does not see all of its scope, unreadable directories aside.
    var failure: WatchError? {
        var unwatched = 0
        for node in troubled.values {
            if case .failed(let error) = node.trouble { return error }
            if node.trouble == .limit { unwatched += 1 }
        }
        return unwatched == 0 ? nil : .noWatches(needed: table.count + unwatched)
    }

    mutating func setTrouble(_ trouble: WatchTrouble?, of node: WatchNode) {
        node.trouble = trouble
        troubled[ObjectIdentifier(node)] = trouble == nil ? nil : node
    }

    // MARK: Scope

    mutating func watch(_ scope: WatchScope) throws(WatchError) {
        self.scope = scope
        linkTargets = [:]
        _ = mountList.isChanged
        mounts = currentMounts
        // Before the watches are set, as they would tell of it.
        for (path, mount) in mounts.mounts where canaries[mount.source] == nil { canaries[mount.source] = isTold(path) }
        journal.isPaused = true
        walkAll()
        settle()
        journal.isPaused = false
        // Otherwise the first move after this would be in doubt.
        if intake.isIdle { looks = RecentLooks() }
        if let failure { throw failure }
    }

    /// Looks at the whole scope anew, and reports nothing.
    private mutating func walkAll() {
        let wasPaused = journal.isPaused
        journal.isPaused = true
        defer { journal.isPaused = wasPaused }
        let roots = scope.roots.map { RawPath($0.utf8) }
        let entry = ScopeEntry(roots: roots, linkTargets: linkTargets)
        root.entry = entry
        root.isCovered = entry.isRoot
        watchRoot(isNeeded: entry.isRoot || !entry.children.isEmpty)
        for visit in list(root, at: .root) { walk(from: visit) }
        looks.noteEverything()
        files.noteReplaced(.root, isDirectory: true)
    }

    /// `/` itself, the one directory that is no entry of another.
    private mutating func watchRoot(isNeeded: Bool) {
        table.unbind(root)
        setTrouble(nil, of: root)
        guard isNeeded else { return }
        do throws(WatchError) {
            let mask = root.isCovered ? Inotify.contentMask : Inotify.entryMask
            table.bind(root, to: try table.add(.root, mask: mask, followsLink: false))
        } catch {
            setTrouble(WatchTrouble(error), of: root)
        }
    }

    // MARK: Files with other names

    /// What is watched only from now on is recorded: it may have been written meanwhile.
    mutating func watchFiles(_ paths: Set<RawPath>) {
        for path in files.want(paths, table: table) { journal.record(path, isDirectory: false) }
    }

    // MARK: Drain

    mutating func drain() -> ChangeBatch {
        var mustRescan = false
        markUnwatched()
        lookAtMounts()
        for _ in 0..<Self.roundLimit {
            let taken = intake.take()
            (doubts, looks) = (looks, RecentLooks())
            if taken.bytes.isEmpty, !taken.isOverflowed, marks.isEmpty { break }
            var isOverflowed = taken.isOverflowed
            for event in InotifyEvent.parse(taken.bytes) {
                if event.isOverflow { isOverflowed = true } else { apply(event) }
            }
            dropDeparted()
            if isOverflowed {
                mustRescan = true
                walkAll()
            }
            settle()
        }
        recordPolled()
        let journaled = journal.take()
        mustRescan = mustRescan || journaled.isOverflowed
        return ChangeBatch(changes: journaled.changes, barrier: journal.sequence, mustRescan: mustRescan)
    }

    /// Tries again what failed before; the limit is tried with one directory, for all.
    private mutating func markUnwatched() {
        let failed = troubled.values.filter { $0.trouble != .unreadable }
        guard let first = failed.first else { return }
        if first.trouble == .limit, (try? table.add(first.path, mask: Inotify.entryMask, followsLink: true)) == nil {
            return
        }
        for node in failed {
            if let location = node.location { mark(location) } else { watchRoot(isNeeded: true) }
        }
    }

    /// Has the location looked at before the drain ends.
    mutating func mark(_ location: WatchLocation) { marks.insert(location) }

    /// Looks at every marked location, and follows the links that turn out to lead elsewhere.
    private mutating func settle() {
        while let location = toConfirm.popFirst() { confirm(location) }
        for _ in 0..<Self.linkLimit {
            while let location = marks.popFirst() {
                walk(from: Visit(location: location, directory: location.parent.path))
                files.noteReplaced(location.path, isDirectory: true)
                looks.note(location)
            }
            guard !movedLinks.isEmpty else { break }
            // The way to the new target is watched first; then the link is looked at again.
            let links = movedLinks
            movedLinks = []
            walkAll()
            for link in links { mark(link: link) }
        }
        files.settle(table: table)
        table.releaseLoose()
    }

    // MARK: Mounts

    /// Where changes are not told, and by which kind of file system.
    var silent: [RawPath: String] {
        mounts.mounts.filter { $0.value.kind.isSilent || canaries[$0.value.source] == false }.mapValues(\.kind.name)
    }

    private var currentMounts: MountTable {
        let roots = scope.roots.map { RawPath($0.utf8) }
        return MountTable(
            mountinfo: MountList.text,
            roots: Dictionary(roots.map { ($0, $0.resolved ?? $0) }) { first, _ in first }
        )
    }

    /// Where something was mounted or unmounted, another directory stands now than the one that is watched.
    private mutating func lookAtMounts() {
        guard mountList.isChanged else { return }
        let former = mounts
        mounts = currentMounts
        let changed = mounts.differences(from: former)
        guard !changed.isEmpty else { return }
        walkAll()
        for path in changed { journal.record(path, isDirectory: true, isRecursive: true) }
    }

    // MARK: Links

    /// Remembers where the entry at `path`, which is on the way to a root, leads; nil if it is no link.
    mutating func noteTarget(_ target: RawPath?, ofLink path: RawPath) {
        guard linkTargets[path] != target else { return }
        linkTargets[path] = target
        movedLinks.insert(path)
    }

    /// Has a link on the way to a root looked at, if its directory exists.
    mutating func mark(link path: RawPath) {
        let names = path.components
        var folder: WatchNode? = root
        for name in names.dropLast() { folder = folder?.children[name] }
        if let folder, let name = names.last { mark(WatchLocation(parent: folder, name: name)) }
    }

    // MARK: Removal

    /// Ends the watching of the directory at the location, if there is one.
    mutating func detach(_ location: WatchLocation) -> Bool {
        guard let child = location.parent.children.removeValue(forKey: location.name) else { return false }
        drop(child)
        return true
    }

    mutating func drop(_ node: WatchNode) {
        node.isDropped = true
        // It may be held longer than what was above it.
        node.parent = nil
        table.unbind(node)
        setTrouble(nil, of: node)
        for child in node.children.values { drop(child) }
        node.children = [:]
    }

    mutating func recordRemoval(_ location: WatchLocation, isDirectory: Bool) {
        if location.isReported {
            journal.record(location.path, isDirectory: isDirectory, isRemoval: true)
        } else if let entry = location.entry {
            // A directory on the way to roots went, and took them with it.
            for root in entry.roots(at: location.path) {
                journal.record(root, isDirectory: false, isRemoval: true)
            }
        }
    }
}
