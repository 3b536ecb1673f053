/// The configuration while the loop runs: read again when it is whole, and told when it stays broken.

import Engine
import Foundation
import Git
import Graph
import Inputs
import Project
import Reporting
import Watching

extension Loop {
    /// The configuration or a file that it names changed; a broken one changes nothing but the error that is shown.
    ///
    /// - Parameter isEdited: Otherwise only more is known of what it means, which is no news to who wrote it.
    func reloadProject(isEdited: Bool = true) {
        if isEdited { isReloadUntold = true }
        guard isReadable() else { return }
        do {
            let loaded = try session.load(nodes.project.file)
            if isConfigurationBroken { tell(notice: "the configuration is fine again") }
            (isConfigurationBroken, brokenSince, brokenSources, brokenDiagnostics) = (false, nil, [], [])
            guard loaded.project != nodes.project else { return isReloadUntold = false }
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

    /// Git's files may say so before their events were read.
    private var isGitAtWork: Bool {
        guard let activity = session.git?.repository.activity() else { return false }
        return activity.isBusy && activity != gitWork.abandoned
    }

    /// Whether nobody is just writing the configuration; else it is looked at again, and what is to start waits.
    ///
    /// A file that stays open, and a git that does not end, hold for a while and not for ever.
    private func isReadable() -> Bool {
        let sources = nodes.project.ownFiles + brokenSources
        let isCheckedOut = isGitAtWork && configurationChangedAt.map { .now - $0 < Self.checkoutPause } ?? false
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
            // Another edit may have come after this barrier: what is loaded now is news all the same.
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
        tracked.nodes = ProjectNodes(project, graph: graph)
        storeFloor = 0
        session.git?.forget()
        session.cloud.services.settings = project.cloud
        watch()
        let barrier = nextSequence()
        touchAll(barrier)
        tracked.recent.noteRedefinition(barrier)
        tracked.held = held.filter { nodes.graph.contains($0.key) }
        readings = readings.filter { nodes.graph.contains($0.key) }
        engine.parallel = project.parallel
        let memory = session.memory(of: graph, in: project)
        published = published.filter { graph.contains($0.key) }.merging(memory.published) { known, _ in known }
        former = memory.former
        handle(.reloaded(graph, memory: memory.successes, barrier: barrier))
        guard isReloadUntold else { return }
        isReloadUntold = false
        tell(
            LoopEvent(
                .reloaded,
                at: .now(),
                project: project.name,
                registry: session.store.address.text,
                nodes: graph.nodes.map { .init($0.id, $0.kind) }
            )
        )
    }
}
