/// What the loop answers over its control socket; each answer is of one moment.

import Engine
import Foundation
import Glibc
import Graph
import OCI
import Project
import Reporting

extension Loop {
    /// What was saved before this was asked is in it.
    func status() -> LoopStatus {
        if isRunning { drain() }
        let entries = zip(nodes.graph.nodes, engine.views()).map(entry)
        return LoopStatus(
            pid: getpid(),
            command: mode == .watch ? "up" : mode == .once ? "build" : "status",
            project: nodes.project.name,
            file: nodes.project.file,
            registry: session.store.address.text,
            since: startedAt,
            now: .now(),
            activity: activity(entries),
            git: session.git == nil ? .none : gitWork.isBusy ? .busy : .rest,
            notes: notes,
            diagnostics: isConfigurationBroken ? brokenDiagnostics : [],
            nodes: entries
        )
    }

    /// The same with what AWS says.
    func fullStatus() async -> LoopStatus {
        var status = status()
        await session.cloud.fill(&status, of: nodes.project)
        if mode == .plan { await settle(&status) }
        return status
    }

    /// Where nothing runs, what is in the registry and in functions counts, whoever made it; the rest is stale.
    private func settle(_ status: inout LoopStatus) async {
        var digests: [String: String] = [:]
        for (index, node) in nodes.graph.nodes.enumerated() where status.nodes[index].status != .failed {
            var entry = status.nodes[index]
            if let shown = await shown(node) {
                (entry.status, entry.ref, entry.refs) = (.fresh, shown.references.first, shown.references)
                entry.digest = "\(shown.stored.manifest.digest)"
                digests[node.id.name] = entry.digest
            } else if let image = entry.function?.image, let wanted = node.needs.first.flatMap({ digests[$0.name] }) {
                entry.status = image.hasSuffix(wanted) ? .fresh : .stale
            } else if entry.status != .fresh {
                entry.status = .stale
            }
            if entry.status == .fresh { entry.cause = nil }
            (entry.reason, entry.holds) = (nil, [])
            status.nodes[index] = entry
        }
    }

    private func shown(_ node: Node) async -> PublishedImage? {
        guard let image = nodes.project.image(node.id), let view = engine.view(of: node.id),
            let publication = publication(of: node, view),
            let stored = await session.store.find(image, publication, asking: true)
        else { return nil }
        return session.store.shown(stored, of: image, publication)
    }

    /// What keeps the loop from seeing everything, and what it does not wait for.
    private var notes: [String] { [watchTrouble, gitWork.note].compactMap(\.self) }

    private func activity(_ entries: [LoopStatus.Entry]) -> LoopStatus.Activity {
        if isStopping { return .ending }
        if !isReady { return .starting }
        let isAtRest = entries.allSatisfy { entry in
            switch entry.status {
            case .fresh, .failed, .blocked: true
            case .waiting: entry.holds.allSatisfy { ["paused", "trigger"].contains($0.reason) }
            case .reading, .stale, .running, .ending: false
            }
        }
        return isAtRest && runs.isEmpty ? .idle : .working
    }

    private func entry(_ node: Node, _ view: NodeView) -> LoopStatus.Entry {
        let run = runs.values.first { $0.start.node == node.id }
        var status = view.status
        // Nobody can tell yet whether what is being made comes out as it was.
        if status == .fresh, !view.openNeeds.isEmpty { status = .stale(view.openNeeds) }
        var entry = LoopStatus.Entry(node, .init(status, isEnding: run?.isCancelled ?? false))
        switch status {
        case .running:
            guard let run else { break }
            entry.ms = run.milliseconds
            entry.since = Timestamp(milliseconds: Timestamp.now().milliseconds - Int64(run.milliseconds)).rfc3339
        case .failed(let failure):
            entry.reason = failure.reason
            if triesAgain(node.id, view) { entry.holds = [.init(.backOff)] }
        case .stale(let holds), .waiting(let holds): entry.wait(for: holds)
        case .blocked(let needs): entry.wait(for: needs.map(Hold.need))
        case .unkeyed, .fresh: break
        }
        switch view.status {
        case .unkeyed, .fresh: break
        default: entry.cause = .init(run?.start.cause ?? explained(view.cause, of: node.id))
        }
        entry.key = view.key
        let bases = bases(of: node.id)
        entry.bases = bases.isEmpty ? nil : bases
        if let shown = published[node.id] {
            (entry.ref, entry.refs) = (shown.references.first, shown.references)
            entry.digest = "\(shown.stored.manifest.digest)"
        } else if node.kind == .image {
            entry.ref = former[node.id]?.references.first
        }
        return entry
    }

    /// A build ends before there is another try.
    func triesAgain(_ id: NodeID, _ view: NodeView) -> Bool {
        let asksAgain = baseRetry != nil && nodes.project.image(id)?.unresolvedBases.isEmpty == false
        return (view.triesAgain || asksAgain) && mode == .watch
    }

    /// Failed nodes start again with the same key; nil while the loop ends.
    func retry() -> RetryAnswer? {
        guard !isStopping else { return nil }
        if isRunning { drain() }
        Task { await resolveBases() }
        let failed = failures()
        guard !failed.isEmpty else { return RetryAnswer(retried: [], failed: []) }
        handle(.retry)
        let left = failures()
        let retried = failed.map(\.node).filter { node in !left.contains { $0.node == node } }
        return RetryAnswer(retried: retried, failed: left)
    }

    /// What waits for a person's word, and for nothing else that is not fresh.
    var untriggered: [NodeID] {
        nodes.graph.nodes.filter { node in
            guard node.isManual, case .waiting(let holds)? = engine.view(of: node.id)?.status else { return false }
            return holds.contains(.trigger)
        }.map(\.id)
    }

    /// It starts, with what needs it; nil while the loop ends.
    func trigger() -> [String]? {
        guard !isStopping else { return nil }
        if isRunning { drain() }
        let waiting = untriggered
        for id in waiting {
            for dependent in [id] + nodes.graph.dependents(of: id) where nodes.graph[dependent]?.isManual == true {
                handle(.trigger(dependent))
            }
        }
        return waiting.map(\.name)
    }

    private func failures() -> [RetryAnswer.Failure] {
        zip(nodes.graph.nodes, engine.views()).compactMap { node, view in
            guard case .failed(let failure) = view.status else { return nil }
            return RetryAnswer.Failure(node: node.id.name, reason: failure.reason)
        }
    }
}

extension LoopStatus.Entry.State {
    fileprivate init(_ status: Status, isEnding: Bool) {
        self =
            switch status {
            case .unkeyed: .reading
            case .fresh: .fresh
            case .running: isEnding ? .ending : .running
            case .stale(let holds): holds.isEmpty ? .stale : .waiting
            case .failed: .failed
            case .blocked: .blocked
            case .waiting: .waiting
            }
    }
}

/// What `retry` did.
struct RetryAnswer: Codable, Equatable, Sendable {
    struct Failure: Codable, Equatable, Sendable {
        var node: String
        var reason: String
    }
    /// These start again.
    var retried: [String]
    /// These can't be helped by another try: an input is missing.
    var failed: [Failure]

    var json: JSON {
        .object([
            .init("version", .integer(LoopStatus.version)), .init("retried", .texts(retried)),
            .init(
                "failed",
                .array(failed.map { .object([.init("node", .text($0.node)), .init("reason", .text($0.reason))]) })
            ),
        ])
    }
}
