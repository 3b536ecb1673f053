/// Batches: what the watcher and git saw goes to the engine before anything that was read after it.

import Engine
import Foundation
import Git
import Graph
import Inputs
import Project
import Reporting
import Watching

extension Loop {
    var nodes: ProjectNodes { tracked.nodes }
    var held: [NodeID: HeldReading] { tracked.held }
    var recent: RecentChanges { tracked.recent }

    /// The barrier: delivers everything that the kernel queued before this call.
    func drain() {
        guard !isOver else { return }
        let batch = session.watcher.drain()
        sequence = max(sequence, Sequence(batch.barrier) + offset)
        if batch.mustRescan {
            reloadProject()
            noteGit()
            noteRescan()
        }
        noteBlindSpots()
        guard !batch.changes.isEmpty else { return }
        let isConfiguration = tracked.mayRedefine(batch.changes, and: brokenSources)
        if isConfiguration { configurationChangedAt = .now }
        // A link that makes a race, or made one, is no file of the configuration.
        if isConfiguration || unreadSince != nil || isConfigurationBroken { reloadProject() }
        deliver(batch.changes)
        if batch.changes.contains(where: { session.isGitPath($0.path) }) { noteGit() }
    }

    private func deliver(_ changes: [Watching.Change]) {
        let found = tracked.note(changes, offset: offset, barrier: sequence, session.reader)
        let relinked = tracked.mayRelink(changes) ? relink() : []
        let isQuiet = treeChangedAt.map { .now - $0 > Self.savePause } ?? true
        deliver(found + relinked)
        // Not in the midst of a burst, or of what git does.
        if isQuiet, !changes.contains(where: { session.isGitPath($0.path) }) { readAhead(found) }
    }

    private static let savePause: Duration = .milliseconds(100)

    private func deliver(_ changes: [PathChange]) {
        guard !changes.isEmpty else { return }
        for change in changes {
            if let owner = change.owner { written[owner] = max(written[owner, default: -1], change.sequence) }
            for id in change.readers + (change.owner.map { [$0] } ?? []) {
                touched[id] = max(touched[id, default: 0], change.sequence)
            }
        }
        treeChangedAt = .now
        noteChanged(changes)
        handle(.changed(changes))
    }

    /// Events were lost: what is on disk is compared with what is known.
    func noteRescan() {
        let found = tracked.noteRescan(at: nextSequence(), session.reader)
        deliver(found + relink())
    }

    /// A file is not what its times say, and nobody told it: it is read, whatever is known of it.
    ///
    /// It was written by a name that is gone, or is not what git's index said of it; all others are compared.
    func noteUntold(_ path: String) {
        let place = nextSequence()
        deliver([Watching.Change(path: path, sequence: UInt64(place - offset))])
        noteRescan()
    }

    /// What a step writes under its own outputs while it runs is not told as a change.
    private func noteChanged(_ changes: [PathChange]) {
        let running = Set(runs.values.map(\.start.node))
        for change in changes {
            if let owner = change.owner, running.contains(owner) || change.sequence <= ends[owner, default: -1] {
                continue
            }
            changedNow.note(change.path)
        }
        suspect(Set(changes.filter { $0.owner == nil }.map(\.path)))
    }

    /// A path that others read and that changes again and again while one step runs is likely written by that step.
    private func suspect(_ paths: Set<String>) {
        let steps = runs.filter { nodes.graph[$0.value.start.node]?.kind == .step }
        guard steps.count == 1, let (operation, run) = steps.first, let entry = nodes[run.start.node] else { return }
        for path in paths.sorted() where !entry.scope.reads(path) {
            let last = suspicions[operation]?[path]
            // A person does not save that fast.
            let isSoon = last.map { .now - $0.at < Self.suspiciousPause } ?? false
            let count = isSoon ? (last?.count ?? 0) + 1 : 1
            suspicions[operation, default: [:]][path] = (count, .now)
            guard count == Self.suspiciousChanges else { continue }
            tell(
                notice: """
                    suspected race: \(path) changes again and again while \(entry.id) runs; if that step writes it, \
                    add it to the step's outputs
                    """
            )
        }
    }

    private static let suspiciousChanges = 5
    private static let suspiciousPause: Duration = .milliseconds(500)

    /// One save is several batches: it is told once, before what follows from it.
    func tellChanged() {
        guard changedNow.pathCount > 0 else { return }
        session.tell(LoopEvent(.changed, at: .now(), cause: changedNow))
        changedNow = Cause(reason: .inputs)
    }

    /// Whatever was read before this is to be read again.
    func touchAll(_ sequence: Sequence) {
        for entry in nodes.entries { touched[entry.id] = sequence }
        tracked.recent.noteUpheaval(sequence)
    }

    /// Links through which nodes read may lead elsewhere now: that is read and watched from now on.
    private func relink() -> [PathChange] {
        guard let changes = tracked.relink(at: sequence) else { return [] }
        session.git?.forget()
        watch()
        let races = LinkedRaces.problems(in: nodes)
        if !races.isEmpty {
            let reason = "a new link makes a race"
            tell(LoopEvent(.notice, at: .now(), reason: reason, diagnostics: races))
        }
        return changes
    }

    func watch() { session.watch(nodes, and: brokenSources) }

    /// A place in the order for what no watched path stands for.
    func nextSequence() -> Sequence {
        offset += 1
        sequence += 1
        return sequence
    }
}

extension Cause {
    fileprivate mutating func note(_ path: String) {
        guard !paths.contains(path) else { return }
        pathCount += 1
        if paths.count < 16 { paths.append(path) }
    }
}

extension Project {
    /// Relative to the root; nil for what lies outside.
    func relative(_ path: String) -> String? {
        guard path != root else { return "" }
        guard path.utf8.starts(with: root.utf8), path.utf8.dropFirst(root.utf8.count).first == 0x2F else { return nil }
        return String(decoding: path.utf8.dropFirst(root.utf8.count + 1), as: UTF8.self)
    }
}
