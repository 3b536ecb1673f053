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

    /// Answers ``Effect/key(_:_:)``: reads the node's inputs until they hold still between two barriers.
    func key(_ node: NodeID, _ operation: OperationID) async {
        if let image = nodes.project.image(node), !image.unresolvedBases.isEmpty {
            return await keyWithoutBases(image, operation)
        }
        for _ in 0..<Self.readingAttempts {
            guard let entry = nodes[node] else { return }
            let isImage = nodes.graph[node]?.kind == .image
            guard let settled = await isImage ? settle(entry, copying: false) : readWhole(entry) else { continue }
            let (answer, session) = (settled.answer, session)
            let sources = [nodes.project.file] + nodes.project.sourceFiles
            let writers = await offload { session.writers(of: answer.reading, and: sources) }
            guard isImage || touched[node, default: 0] <= settled.barrier else { continue }
            guard engine.awaits(operation, of: node) else { return }
            readings[node] = KeyedReading(operation: operation, answer: answer, barrier: settled.barrier)
            var keying = answer.keying
            keying.barrier = settled.barrier
            keying.writers = writers
            return handle(.keyed(node, operation, keying))
        }
        handle(.keyed(node, operation, Keying(own: nil, barrier: sequence)))
    }

    /// A step's inputs and outputs between two barriers; nil where something changed there.
    private func readWhole(_ entry: ProjectNodes.Entry) async -> SettledReading? {
        drain()
        let start = sequence
        let nodes = nodes, session = session
        let answer = await offload { session.read(entry, in: nodes) }
        drain()
        guard touched[entry.id, default: 0] <= start, let answer else { return nil }
        return SettledReading(answer: answer, barrier: sequence)
    }

    /// An image's inputs at one instant: read, barrier, read again what changed meanwhile.
    ///
    /// What follows from them is found out afterwards, while edits go on. With `copying`, files that changed lately are
    /// copied within that instant. Nil where they do not settle.
    func settle(_ entry: ProjectNodes.Entry, copying: Bool) async -> SettledReading? {
        drain()
        let nodes = nodes, session = session
        var start = sequence
        var found = await offload {
            Result { () throws(UnreadableInput) in try session.hold(entry, in: nodes, copying: copying) }
        }
        for _ in 0..<Self.updates {
            drain()
            guard let changed = recent.paths(of: entry.id, since: start) else { return nil }
            let held: HeldFiles
            switch found {
            case .success(let files?): held = files
            case .success(nil): return nil
            case .failure(let problem):
                return changed.isEmpty ? SettledReading(answer: Session.unreadable(problem), barrier: sequence) : nil
            }
            guard !changed.isEmpty else { return await conclude(held, of: entry, in: nodes) }
            start = sequence
            found = await offload {
                Result { () throws(UnreadableInput) in
                    try session.update(held, at: changed, of: entry, in: nodes)
                }
            }
        }
        return nil
    }

    /// Called at the barrier: nothing was delivered since the files were read.
    private func conclude(
        _ held: HeldFiles,
        of entry: ProjectNodes.Entry,
        in nodes: ProjectNodes
    ) async -> SettledReading? {
        let (barrier, session) = (sequence, session)
        let hadFreshNeeds = engine.hasFreshNeeds(entry.id)
        let bases = nodes.project.image(entry.id).flatMap(bases)
        let answer = await offload { session.answer(entry, held.reading, missing: held.missing, in: nodes) }
        // A commit or another configuration may be of before the answer or after it.
        guard let answer, recent.upheaval <= barrier else { return nil }
        return SettledReading(
            answer: answer,
            copies: held.copies,
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
