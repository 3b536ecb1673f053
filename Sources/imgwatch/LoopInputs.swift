/// Batches and readings: what the watcher saw goes to the engine before anything that was read after it.

import Engine
import Foundation
import Git
import Graph
import Inputs
import Project
import Reporting
import Watching

extension Loop {
    /// A reading under which the inputs change is tried again so often before the engine is told.
    static let readingAttempts = 3
    /// So often, in one reading, what changed meanwhile is read again.
    private static let updates = 20

    /// The barrier: delivers everything that the kernel queued before this call.
    func drain() {
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
        if isConfiguration || unreadSince != nil { reloadProject() }
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
            for found in nodes.change(path, isRemoval: change.isRemoval, at: Sequence(change.sequence) + offset) {
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
            let count = suspicions[operation, default: [:]][path, default: 0] + 1
            suspicions[operation, default: [:]][path] = count
            guard count == Self.suspiciousChanges else { continue }
            tell(
                notice: """
                    suspected race: \(path) changes again and again while \(entry.id) runs; if that step writes it, \
                    add it to the step's outputs
                    """
            )
        }
    }

    private static let suspiciousChanges = 4

    /// One save is several batches: it is told once, before what follows from it.
    func tellChanged() {
        guard changedNow.pathCount > 0 else { return }
        session.tell(LoopEvent(.changed, at: .now(), cause: changedNow))
        changedNow = Cause(reason: .inputs)
    }

    /// Whatever was read before this is to be read again.
    private func touchAll(_ sequence: Sequence) {
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

    private func watch() {
        do {
            try session.watch(nodes, and: brokenSources)
        } catch {
            tell(notice: "\(error)")
        }
    }

    // MARK: Keying

    /// Answers ``Effect/key(_:_:)``: reads the node's inputs until they hold still between two barriers.
    func key(_ node: NodeID, _ operation: OperationID) async {
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
            Result { () throws(UnreadableInput) in try session.hold(entry.scope, copying: copying) }
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
                    try session.update(held, at: changed, in: entry.scope, copying: copying)
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
        let answer = await offload { session.answer(entry, held.reading, in: nodes) }
        // A commit or another configuration may be of before the answer or after it.
        guard let answer, recent.floor <= barrier else { return nil }
        return SettledReading(
            answer: answer,
            copies: held.copies,
            bases: bases,
            hadFreshNeeds: hadFreshNeeds,
            barrier: barrier
        )
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
    private func nextSequence() -> Sequence {
        offset += 1
        sequence += 1
        return sequence
    }

    // MARK: Configuration

    /// The configuration or a file that it names changed; a broken one changes nothing but the error that is shown.
    private func reloadProject() {
        guard isReadable() else { return }
        do {
            let loaded = try session.load(nodes.project.file)
            if isConfigurationBroken { tell(notice: "the configuration is fine again") }
            (isConfigurationBroken, brokenSince, brokenSources, brokenDiagnostics) = (false, nil, [], [])
            guard loaded.project != nodes.project else { return }
            adopt(loaded.project)
        } catch {
            if brokenSources != error.sourceFiles {
                brokenSources = error.sourceFiles
                watch()
            }
            guard staysBroken() else { return }
            isConfigurationBroken = true
            guard brokenDiagnostics != error.all else { return }
            brokenDiagnostics = error.all
            let reason = "the configuration is broken; the last good one stays in force"
            tell(LoopEvent(.failed, at: .now(), reason: reason, diagnostics: error.all))
        }
    }

    /// Whether nobody is just writing the configuration; else it is looked at again, and what is to start waits.
    ///
    /// A file that stays open, and a git that does not end, hold for a while and not for ever.
    private func isReadable() -> Bool {
        let sources = [nodes.project.file] + nodes.project.sourceFiles + brokenSources
        let isCheckedOut = session.isGitBusy && configurationChangedAt.map { .now - $0 < Self.checkoutPause } ?? false
        let isOpen = sources.contains { Watcher.isOpenForWriting($0) }
        guard isCheckedOut || isOpen, unreadSince.map({ .now - $0 < Self.unreadPatience }) ?? true else {
            unreadSince = nil
            return true
        }
        if unreadSince == nil {
            unreadSince = .now
            // Every key is made again, and finds the files that are open.
            let barrier = nextSequence()
            touchAll(barrier)
            handle(.rescanned(barrier: barrier))
        }
        lookAgain(after: Self.unreadPause)
        return false
    }

    /// Whether it is broken for longer than an editor takes to write what belongs together.
    private func staysBroken() -> Bool {
        let since = brokenSince ?? .now
        brokenSince = since
        if .now - since >= Self.brokenPatience { return true }
        lookAgain(after: Self.brokenPatience)
        return false
    }

    private func lookAgain(after pause: Duration) {
        guard recheck == nil else { return }
        recheck = Task {
            try? await Task.sleep(for: pause)
            recheck = nil
            guard !Task.isCancelled, !isOver else { return }
            drain()
            reloadProject()
        }
    }

    private static let unreadPause: Duration = .milliseconds(50)
    /// As the engine waits for git after the last change of the tree.
    private static let checkoutPause: Duration = .milliseconds(400)
    private static let unreadPatience: Duration = .seconds(10)
    private static let brokenPatience: Duration = .milliseconds(150)

    private func adopt(_ project: Project) {
        if project.registry != nodes.project.registry {
            tell(notice: "`registry` changed: images go there when imgwatch is started again")
        }
        let graph = mode == .once ? project.graph.selecting(nodes.graph.nodes.map(\.id)) : project.graph
        nodes = ProjectNodes(project, graph: graph)
        session.git?.forget()
        watch()
        let barrier = nextSequence()
        touchAll(barrier)
        readings = readings.filter { nodes.graph.contains($0.key) }
        engine.parallel = project.parallel
        let memory = session.memory(of: graph, in: project)
        published = published.filter { graph.contains($0.key) }.merging(memory.published) { known, _ in known }
        handle(.reloaded(graph, memory: memory.successes, barrier: barrier))
        tell(
            LoopEvent(
                .reloaded,
                at: .now(),
                project: project.name,
                registry: session.store.registryText,
                nodes: graph.nodes.map { .init($0.id, $0.kind) }
            )
        )
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
