/// Readings between two barriers: what a node reads as it was at one instant.

import Engine
import Foundation
import Graph
import Inputs
import OCI
import Project

extension Loop {
    /// A reading under which the inputs change is tried again so often before the engine is told.
    private static let readingAttempts = 3
    /// So often, in one reading, what changed meanwhile is read again.
    private static let updates = 20

    /// What may be read before its quiet period is over: one save, and not a burst.
    private static let readAheadPaths = 3

    /// One save is read while the quiet period lasts: at its end, all is known but whether somebody still writes.
    func readAhead(_ changes: [PathChange]) {
        let isAlone = !gitWork.isBusy && !runs.values.contains { $0.kind == .step }
        guard mode == .watch, isAlone, changes.count <= Self.readAheadPaths else { return }
        for id in Set(changes.flatMap(\.readers)) where ahead[id] == nil && tracked.changes(of: id) != nil {
            ahead[id] = Task { await settle(id, copying: false) }
        }
    }

    /// What was read ahead, where nothing changed since.
    private func settledAhead(_ id: NodeID) async -> SettledReading? {
        guard var settled = await ahead.removeValue(forKey: id)?.value else { return nil }
        drain()
        let isWhole = settled.answer.keying.own != nil && settled.answer.keying.missing.isEmpty
        guard isWhole, tracked.isCurrent(id, since: settled.barrier) else { return nil }
        settled.barrier = sequence
        return settled
    }

    /// Answers ``Effect/key(_:_:)``: reads the node's inputs until they hold still between two barriers.
    func key(_ node: NodeID, _ operation: OperationID) async {
        if let image = nodes.project.image(node), !image.unresolvedBases.isEmpty {
            return await keyWithoutBases(image, operation)
        }
        for _ in 0..<Self.readingAttempts {
            guard nodes[node] != nil else { return }
            let isImage = nodes.graph[node]?.kind == .image
            var found = await settledAhead(node)
            if found == nil { found = await settle(node, copying: false) }
            guard let settled = found else {
                let writers = await writers(under: node)
                if writers.isEmpty { continue }
                return handle(.keyed(node, operation, Keying(own: nil, barrier: sequence, writers: writers)))
            }
            let (answer, session) = (settled.answer, session)
            let sources = nodes.project.ownFiles
            let writers = await offload { session.writers(of: answer.reading, and: sources) }
            guard isImage || touched[node, default: 0] <= settled.barrier else { continue }
            guard engine.awaits(operation, of: node) else { return }
            // What was begun meanwhile is of before this.
            ahead[node] = nil
            readings[node] = KeyedReading(operation: operation, answer: answer, barrier: settled.barrier)
            var keying = answer.keying
            keying.barrier = settled.barrier
            keying.writers = writers
            return handle(.keyed(node, operation, keying))
        }
        handle(.keyed(node, operation, Keying(own: nil, barrier: sequence)))
    }

    /// Of what changed while the node was read, and did not hold still, what somebody still writes.
    private func writers(under node: NodeID) async -> [String] {
        let changed = recent.paths(of: node, since: held[node]?.barrier ?? 0) ?? []
        let paths = Set(changed.suffix(Self.mostSuspects).map(\.path)).sorted()
        let session = session
        return await offload { paths.filter(session.isWritten) }
    }

    private static let mostSuspects = 100

    /// A node's files at one instant: read, barrier, read again what changed meanwhile.
    ///
    /// Of what the last keying read only that is read which changed since. What follows from the files is found out
    /// afterwards, while edits go on. With `copying`, files that changed lately are copied within that instant. It is
    /// nil where they do not settle.
    func settle(_ id: NodeID, copying: Bool) async -> SettledReading? {
        guard let entry = nodes[id] else { return nil }
        let redefinition = recent.redefinition
        let remembered = await remembered(of: entry)
        drain()
        // What the node reads may be something else since.
        guard redefinition == recent.redefinition else { return nil }
        var settling = Settling(entry, of: tracked, remembering: remembered, at: sequence)
        for _ in 0...Self.updates {
            let (now, session) = (settling, session)
            let found = await reading(id) { () throws(UnreadableInput) in
                let files = try now.read(by: session.reader)
                return copying ? files.map { session.copying($0, reread: now.reread) } : files
            }
            settling.hold(found, in: &tracked)
            drain()
            switch settling.judge(found, in: &tracked, at: sequence) {
            case .settled(let files): return await conclude(files, of: entry, in: settling.nodes)
            case .unreadable(let problem): return SettledReading(answer: Session.unreadable(problem), barrier: sequence)
            case .again: continue
            case .overtaken: return nil
            }
        }
        return nil
    }

    /// Events that are lost meanwhile are lost of what is read.
    private func reading(
        _ id: NodeID,
        _ work: @escaping @Sendable () throws(UnreadableInput) -> HeldFiles?
    ) async -> Result<HeldFiles?, UnreadableInput> {
        tracked.beginReading(id)
        defer { tracked.endReading(id) }
        return await offload { Result(catching: work) }
    }

    /// Of the session before, where this one has not read the node yet.
    private func remembered(of entry: ProjectNodes.Entry) async -> KnownFiles? {
        guard held[entry.id] == nil else { return nil }
        let session = session
        guard let known = await offload({ session.remembered(entry).map(KnownFiles.init) }) else { return nil }
        remembered[entry.id] = known.reading
        return known
    }

    /// Called at the barrier: nothing was delivered since the files were read.
    private func conclude(
        _ files: HeldFiles,
        of entry: ProjectNodes.Entry,
        in nodes: ProjectNodes
    ) async -> SettledReading? {
        let (barrier, session) = (sequence, session)
        watchHardLinks(of: entry.id)
        let hadFreshNeeds = engine.hasFreshNeeds(entry.id)
        let bases = nodes.project.image(entry.id).flatMap(bases)
        let answer = await offload { session.answer(entry, files, in: nodes) }
        // A commit or another configuration may be of before the answer or after it.
        guard let answer, recent.upheaval <= barrier else { return nil }
        return SettledReading(
            answer: answer,
            copies: files.copies,
            bases: bases,
            hadFreshNeeds: hadFreshNeeds,
            barrier: barrier
        )
    }
}

/// What a node reads as it was at one instant, and what follows from it.
struct SettledReading: Sendable {
    var answer: NodeAnswer
    var copies: [String: PrivateCopy] = [:]
    /// An image: what it is made from, at that instant; nil where something of it is not published.
    var bases: [BaseImage]?
    var hadFreshNeeds = false
    var barrier: Sequence
}
