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
        let isConfiguration = concernsConfiguration(batch.changes)
        if isConfiguration { configurationChangedAt = .now }
        // A link that makes a race, or made one, is no file of the configuration.
        if isConfiguration || unreadSince != nil || isConfigurationBroken { reloadProject() }
        deliver(batch.changes)
        if batch.changes.contains(where: { session.isGitPath($0.path) }) { noteGit() }
    }

    /// Whether one is of a file of the configuration, or of all that is in a folder above it.
    private func concernsConfiguration(_ changes: [Watching.Change]) -> Bool {
        let sources = [nodes.project.file] + nodes.project.sourceFiles + brokenSources
        return changes.contains { change in
            let isWhole = change.isRecursive || change.isRemoval
            return sources.contains { $0 == change.path || isWhole && $0.hasPrefix(change.path + "/") }
        }
    }

    /// A path that may be another one now, at its place in the order.
    private struct Told {
        var path: String
        var isWhole: Bool
        var place: Sequence
    }

    private func deliver(_ changes: [Watching.Change]) {
        var told: [Told] = []
        for change in changes {
            guard let path = nodes.project.relative(change.path) else { continue }
            let place = Sequence(change.sequence) + offset
            if change.isRecursive, !change.isRemoval {
                told += differences(below: path).map { Told(path: $0, isWhole: false, place: place) }
            } else {
                told.append(Told(path: path, isWhole: change.isRemoval, place: place))
            }
        }
        deliver(told)
    }

    private func deliver(_ told: [Told]) {
        var delivered: [PathChange] = []
        for told in told {
            for found in nodes.change(told.path, isWhole: told.isWhole, at: told.place) {
                if let owner = found.owner { written[owner] = max(written[owner, default: -1], found.sequence) }
                for id in found.readers + (found.owner.map { [$0] } ?? []) {
                    touched[id] = max(touched[id, default: 0], found.sequence)
                }
                guard !found.readers.isEmpty || found.owner != nil else { continue }
                recent.note(found, isWhole: told.isWhole)
                delivered.append(found)
            }
        }
        guard !delivered.isEmpty else { return }
        treeChangedAt = .now
        if delivered.contains(where: { nodes.mayRelink($0.path) }) { relink() }
        noteChanged(delivered)
        handle(.changed(delivered))
    }

    /// Events were lost: what is on disk is compared with what is known, and only real differences count.
    private func noteRescan() {
        let place = nextSequence()
        deliver(differences(below: "").map { Told(path: $0, isWhole: false, place: place) })
        relink()
    }

    /// The paths at and below this one at which the disk differs from what is known of the nodes' files.
    ///
    /// It is known from now on. Nodes that are being read for the first time are read again.
    private func differences(below path: String) -> [String] {
        var found: Set<String> = []
        for entry in nodes.entries where entry.mayConcern(path) {
            guard let known = held[entry.id], known.files.scope == entry.scope,
                let now = try? session.update(known.files, at: [ChangedPath(path, isWhole: true)], of: entry, in: nodes)
            else {
                recent.noteLoss(of: entry.id, at: sequence)
                continue
            }
            held[entry.id]?.files = now
            found.formUnion(now.differences(from: known.files))
        }
        return found.sorted()
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
        recent.noteUpheaval(sequence)
    }

    /// Links through which nodes read may lead elsewhere now: that is read and watched from now on.
    private func relink() {
        let current = ProjectNodes(nodes.project, graph: nodes.graph)
        guard current.entries.map(\.linked) != nodes.entries.map(\.linked) else { return }
        nodes = current
        recent.noteRedefinition(sequence)
        session.git?.forget()
        watch()
        let races = LinkedRaces.problems(in: nodes)
        if !races.isEmpty {
            let reason = "a new link makes a race"
            tell(LoopEvent(.notice, at: .now(), reason: reason, diagnostics: races))
        }
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
