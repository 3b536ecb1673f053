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
            touchAll(sequence)
            handle(.rescanned(barrier: sequence))
        }
        noteWatchTrouble()
        guard !batch.changes.isEmpty else { return }
        let isConfiguration = batch.changes.contains {
            nodes.project.isSourceFile($0.path) || brokenSources.contains($0.path)
        }
        if isConfiguration { configurationChangedAt = .now }
        // A link that makes a race, or made one, is no file of the configuration.
        if isConfiguration || unreadSince != nil || isConfigurationBroken { reloadProject() }
        deliver(batch.changes)
        if batch.changes.contains(where: { session.isGitPath($0.path) }) { noteGit() }
    }

    /// What can't be watched is said once.
    private func noteWatchTrouble() {
        let failure = session.watcher.failure.map { ([$0.reason] + $0.remedies).joined(separator: "; ") }
        guard failure != watchTrouble else { return }
        watchTrouble = failure
        tell(notice: failure ?? "everything is watched again")
    }

    private func deliver(_ changes: [Watching.Change]) {
        var delivered: [PathChange] = []
        for change in changes {
            guard let path = nodes.project.relative(change.path) else { continue }
            // Like a removal, it concerns whoever reads anything below.
            let isWhole = change.isRemoval || change.isRecursive
            for found in nodes.change(path, isRemoval: isWhole, at: Sequence(change.sequence) + offset) {
                if let owner = found.owner { written[owner] = max(written[owner, default: -1], found.sequence) }
                for id in found.readers + (found.owner.map { [$0] } ?? []) {
                    touched[id] = max(touched[id, default: 0], found.sequence)
                }
                if !found.readers.isEmpty || found.owner != nil { delivered.append(found) }
            }
        }
        guard !delivered.isEmpty else { return }
        recent.note(delivered)
        if delivered.contains(where: { nodes.mayRelink($0.path) }) { relink() }
        noteChanged(delivered)
        handle(.changed(delivered))
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
        recent.noteUpheaval(sequence)
        session.git?.forget()
        watch()
        let races = LinkedRaces.problems(in: nodes)
        if !races.isEmpty {
            let reason = "a new link makes a race"
            tell(LoopEvent(.notice, at: .now(), reason: reason, diagnostics: races))
        }
    }

    func watch() {
        do {
            try session.watch(nodes, and: brokenSources)
        } catch {
            tell(notice: "\(error)")
        }
    }

    // MARK: Git

    /// Git's own files changed: looks whether it is at rest, and whether HEAD moved.
    private func noteGit() {
        guard let git = session.git else { return }
        if git.repository.isBusy() {
            guard !isGitBusy else { return }
            isGitBusy = true
            return handle(.gitBusy)
        }
        let head = session.headID()
        guard isGitBusy || head != gitHead else { return }
        // A lock that came and went without a commit changes no name: nothing needs to be looked at again.
        let barrier = head == gitHead ? -1 : nextSequence()
        (isGitBusy, gitHead) = (false, head)
        // Another branch may lie in another folder of refs.
        if session.gitFoldersMoved() { watch() }
        // What is being read may have been named before the commit.
        if barrier >= 0 { touchAll(barrier) }
        handle(.gitRest(barrier: barrier))
    }

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

    func isSourceFile(_ path: String) -> Bool { path == file || sourceFiles.contains(path) }
}
