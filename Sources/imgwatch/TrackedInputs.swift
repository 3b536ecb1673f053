/// What is known of the nodes' files, and what a batch of the watcher makes of it: the loop's inputs without the loop.

import Engine
import Git
import Graph
import Inputs
import Project
import Watching

struct TrackedInputs: Sendable {
    var nodes: ProjectNodes
    /// What changed last, by path.
    var recent = RecentChanges()
    /// The latest instant at which each node's files were read.
    var held: [NodeID: HeldReading] = [:]
    /// Nodes whose files are being read, and by how many.
    private var underReading: [NodeID: Int] = [:]

    init(_ nodes: ProjectNodes) { self.nodes = nodes }

    /// A path that may be another one now, at its place in the order.
    private struct Told {
        var path: String
        var isWhole: Bool
        var place: Sequence
    }

    /// Notes what the watcher saw, and gives what of it concerns nodes.
    ///
    /// The offset is added to the watcher's own numbers; what is lost is lost of anything up to the barrier.
    mutating func note(
        _ changes: [Watching.Change],
        offset: Sequence,
        barrier: Sequence,
        _ reader: InputReader
    ) -> [PathChange] {
        var told: [Told] = []
        var trees: [Told] = []
        for change in changes {
            guard let path = nodes.project.relative(change.path) else { continue }
            let place = Sequence(change.sequence) + offset
            if change.isRecursive, !change.isRemoval {
                trees.append(Told(path: path, isWhole: true, place: place))
            } else {
                told.append(Told(path: path, isWhole: change.isRemoval, place: place))
            }
        }
        var unread: [PathChange] = []
        if let place = trees.map(\.place).max() {
            let found = differences(below: trees.map(\.path), barrier, reader)
            told += found.paths.map { Told(path: $0, isWhole: false, place: place) }
            unread = found.unread.map { $0.change(at: trees[0].path, place) }
        }
        return note(told + otherNames(of: told, reader)) + unread
    }

    /// The other names of files that were told: what is written by one of them changes all.
    private func otherNames(of told: [Told], _ reader: InputReader) -> [Told] {
        var places: [UInt64: Sequence] = [:]
        for told in told where !told.isWhole {
            guard let stat = FileStat(of: reader.root + "/" + told.path), stat.isFile, stat.links > 1 else { continue }
            places[stat.inode] = max(places[stat.inode] ?? told.place, told.place)
        }
        guard !places.isEmpty else { return [] }
        let known = Set(told.map(\.path))
        let readings = held.values.flatMap { [$0.files.reading, $0.files.outputs].compactMap(\.self) }
        return readings.flatMap { $0.files { places[$0.inode] != nil } }.filter { !known.contains($0.path) }
            .compactMap { file in
                places[file.stat.inode].map { Told(path: file.path, isWhole: false, place: $0) }
            }
    }

    /// Events were lost: what is on disk is compared with what is known, and only real differences count.
    mutating func noteRescan(at place: Sequence, _ reader: InputReader) -> [PathChange] {
        let found = differences(below: [""], place, reader)
        // What is being read just now is compared with nothing.
        for id in underReading.keys { recent.noteLoss(of: id, at: place) }
        return note(found.paths.map { Told(path: $0, isWhole: false, place: place) })
            + found.unread.map { $0.change(at: ".", place) }
    }

    mutating func beginReading(_ id: NodeID) { underReading[id, default: 0] += 1 }
    mutating func endReading(_ id: NodeID) { underReading[id] = underReading[id].flatMap { $0 > 1 ? $0 - 1 : nil } }

    private mutating func note(_ told: [Told]) -> [PathChange] {
        let concerning = told.flatMap { told in
            nodes.change(told.path, isWhole: told.isWhole, at: told.place)
                .filter { !$0.readers.isEmpty || $0.owner != nil }
                .map { RecentChanges.Noted(change: $0, isWhole: told.isWhole) }
        }
        recent.note(concerning)
        return concerning.map(\.change)
    }

    /// Of the node's files it is not known what became of them.
    private struct Unread {
        var id: NodeID
        /// All that it reads is as it was: a step that runs writes its outputs all the time.
        var isOfOutputs: Bool

        func change(at path: String, _ place: Sequence) -> PathChange {
            PathChange(path: path, sequence: place, readers: isOfOutputs ? [] : [id], owner: isOfOutputs ? id : nil)
        }
    }

    /// The paths at and below these at which the disk differs from what is known of the nodes' files.
    ///
    /// It is known from now on. Nodes that are being read for the first time are read again; so are those of which
    /// something can't be read, or could not.
    private mutating func differences(
        below paths: [String],
        _ barrier: Sequence,
        _ reader: InputReader
    ) -> (paths: [String], unread: [Unread]) {
        var found: Set<String> = []
        var unread: [Unread] = []
        for entry in nodes.entries {
            let trees = paths.filter(entry.mayConcern).map { ChangedPath($0, isWhole: true) }
            if trees.isEmpty { continue }
            let wasKnown = changes(of: entry.id) != nil
            guard let known = held[entry.id], known.files.scope == entry.scope,
                let now = try? reader.update(known.files, at: trees, of: entry, in: nodes)
            else {
                if wasKnown { unread.append(self.unread(entry, at: trees, nil, reader)) }
                recent.noteLoss(of: entry.id, at: barrier)
                continue
            }
            if !wasKnown { unread.append(self.unread(entry, at: trees, now.reading, reader)) }
            held[entry.id]?.files = now
            found.formUnion(now.differences(from: known.files))
            found.formUnion(Set(now.missing).symmetricDifference(known.files.missing))
        }
        return (found.sorted(), unread)
    }

    /// `reading` is what the node reads now, where that was read already.
    private func unread(
        _ entry: ProjectNodes.Entry,
        at trees: [ChangedPath],
        _ reading: Reading?,
        _ reader: InputReader
    ) -> Unread {
        Unread(id: entry.id, isOfOutputs: readsAsBefore(entry, at: trees, reading, reader))
    }

    /// Whether only outputs of the node can have changed.
    ///
    /// Either it reads nothing in these trees, or these are all there are, and what it reads of them is the same.
    private func readsAsBefore(
        _ entry: ProjectNodes.Entry,
        at trees: [ChangedPath],
        _ reading: Reading?,
        _ reader: InputReader
    ) -> Bool {
        guard !entry.outputs.isEmpty else { return false }
        if !trees.contains(where: { entry.mayRead($0.path) }) { return true }
        guard trees.contains(where: \.path.isEmpty), let known = held[entry.id]?.files, known.scope == entry.scope,
            let now = reading ?? (try? reader.updated(known.reading, at: trees, in: entry.scope))
        else { return false }
        return now.differences(from: known.reading).isEmpty && nodes.missing(entry) == known.missing
    }

    /// Links through which nodes read or write may lead elsewhere now: that is what counts from now on, and is to be
    /// watched.
    ///
    /// - Returns: The nodes which that concerns, each with a link that came, went, or leads elsewhere; nil where all
    ///   links lead where they led.
    mutating func relink(at barrier: Sequence) -> [PathChange]? {
        let old = nodes
        let current = ProjectNodes(old.project, graph: old.graph)
        let changes = zip(old.entries, current.entries).compactMap { before, now in
            Self.relinked(before, now, old, current).map { PathChange(path: $0, sequence: barrier, readers: [now.id]) }
        }
        guard !changes.isEmpty || old.written != current.written else { return nil }
        nodes = current
        recent.noteRedefinition(barrier)
        // What changed where the links did not lead was told to nobody: they may lead there again.
        for id in changes.flatMap(\.readers) { recent.noteLoss(of: id, at: barrier) }
        return changes
    }

    /// The path by which other links concern the node; nil where they do not.
    private static func relinked(
        _ before: ProjectNodes.Entry,
        _ now: ProjectNodes.Entry,
        _ old: ProjectNodes,
        _ current: ProjectNodes
    ) -> String? {
        if before.linked != now.linked {
            let links = before.linked.links.symmetricDifference(now.linked.links).sorted()
            return links.first ?? now.linked.links.sorted().first ?? ""
        }
        let other = current.written.differences(from: old.written).map(\.path).sorted()
        guard let first = other.first else { return nil }
        if old.missing(before) != current.missing(now) { return first }
        return other.first { now.scope.reads($0) || now.scope.mayRead(below: $0) || now.scope.isOnTheWay($0) }
    }

    /// Whether links may lead elsewhere after this, whatever of it concerned nodes.
    func mayRelink(_ told: [Watching.Change]) -> Bool {
        told.contains { change in
            guard let path = nodes.project.relative(change.path) else { return false }
            if nodes.mayRelink(path) { return true }
            // A folder may stand where a link led to a file.
            return change.isRecursive && (nodes.hasLinks || LinkedSources.mayHoldLink(change.path))
        }
    }

    /// The node's paths that changed since it was read last; nil where that is not known.
    func changes(of id: NodeID) -> [ChangedPath]? {
        held[id].flatMap { recent.paths(of: id, since: $0.barrier) }
    }

    /// Whether what was read and named at this barrier is so still.
    func isCurrent(_ id: NodeID, since barrier: Sequence) -> Bool {
        recent.upheaval <= barrier && recent.paths(of: id, since: barrier)?.isEmpty == true
    }

    /// Inputs and outputs of the node that have other names, absolute.
    func hardLinks(of id: NodeID) -> Set<String> {
        let files = held[id]?.files
        let linked = (files?.reading.hardLinks ?? []) + (files?.outputs?.hardLinks ?? [])
        return Set(linked.map { nodes.project.root + "/" + $0.path })
    }

    /// Whether a file that the configuration is made of may be another one, by itself or with a folder above it.
    func mayRedefine(_ changes: [Watching.Change], and others: [String]) -> Bool {
        let sources = nodes.project.ownFiles + others
        return changes.contains { change in sources.contains { OutputPath(path: change.path).covers($0) } }
    }
}

extension WatchScope {
    /// The folders where inputs, outputs, the project's own files, these and git's can lie.
    init(of nodes: ProjectNodes, and others: [String], _ repository: Repository?) {
        let root = nodes.project.root
        let gitFolders = repository?.watchPaths ?? []
        let gitFolder = repository?.commonDirectory
        self.init(roots: [root] + nodes.project.ownFiles + others + gitFolders) { directory in
            if directory == root || gitFolders.contains(directory) { return true }
            if let gitFolder, directory.hasPrefix(gitFolder + "/") { return false }
            return nodes.project.relative(directory).map { nodes.mayHoldInputs($0) } ?? false
        }
    }
}

/// What a node's files were at a barrier.
struct HeldReading: Sendable {
    var files: HeldFiles
    var barrier: Sequence

    init(_ files: HeldFiles, barrier: Sequence) {
        (self.files, self.barrier) = (files, barrier)
        // They are of that instant alone.
        self.files.copies = [:]
    }
}

extension InputReader {
    /// All that the node reads, and makes; what is known already of its files need not be read.
    ///
    /// - Returns: nil where a file changed while it was read.
    func hold(
        _ entry: ProjectNodes.Entry,
        in nodes: ProjectNodes,
        knowing known: KnownFiles?
    ) throws(UnreadableInput) -> HeldFiles? {
        let isOfScope = known?.isOfScope ?? false
        guard let reading = try read(entry.scope, knowing: known?.reading, ofScope: isOfScope) else { return nil }
        var outputs: Reading?
        if !entry.outputs.isEmpty {
            outputs = try read(entry.outputScope, knowing: known?.outputs, ofScope: false)
            if outputs == nil { return nil }
        }
        return HeldFiles(scope: entry.scope, reading: reading, outputs: outputs, missing: nodes.missing(entry))
    }

    /// What is known, where only `changed` changed since; else all that the node reads.
    func files(
        of entry: ProjectNodes.Entry,
        in nodes: ProjectNodes,
        _ known: KnownFiles?,
        changed: [ChangedPath]?
    ) throws(UnreadableInput) -> HeldFiles? {
        if let files = known?.files, let changed,
            let updated = try update(files, at: changed, of: entry, in: nodes)
        {
            return updated
        }
        return try hold(entry, in: nodes, knowing: known)
    }

    /// The same after these paths changed, and nothing else, copies aside; nil where a file changed while it was read.
    func update(
        _ held: HeldFiles,
        at changes: [ChangedPath],
        of entry: ProjectNodes.Entry,
        in nodes: ProjectNodes
    ) throws(UnreadableInput) -> HeldFiles? {
        var new = held
        if !changes.isEmpty {
            guard let reading = try updated(held.reading, at: changes, in: entry.scope) else { return nil }
            new.reading = reading
            if let outputs = held.outputs {
                guard let outputs = try updated(outputs, at: changes, in: entry.outputScope) else { return nil }
                new.outputs = outputs
            }
        }
        // What steps make by way of links may be another thing, though no path of the node changed.
        new.missing = nodes.missing(entry)
        return new
    }
}
