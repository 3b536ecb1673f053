/// What the engine reports, with what only the runtime knows of it.

import Engine
import Foundation
import Graph
import OCI
import Project
import Reporting

extension Loop {
    func tell(_ report: Report) {
        switch report {
        case .planned: return tellReady()
        case .superseded(_, let operation, _): superseded.insert(operation)
        // A run that was told as superseded has been told.
        case .uncounted(_, let operation) where superseded.contains(operation): return
        default: break
        }
        if var event = LoopEvent(report, in: nodes.graph, at: .now()) {
            complete(&event, report)
            session.tell(event)
        }
        if report == .idle { noteIdle() }
    }

    private func complete(_ event: inout LoopEvent, _ report: Report) {
        guard case .finished(let id, let operation) = report else { return }
        event.ms = finished[operation]
        finished[operation] = nil
        event.key = engine.view(of: id)?.key
        event.round = sequence
    }

    private func tellReady() {
        guard !isReady else { return }
        isReady = true
        guard mode != .plan else { return }
        session.tell(
            LoopEvent(
                .ready,
                at: .now(),
                project: nodes.project.name,
                registry: session.store.registryText,
                nodes: nodes.graph.nodes.map { .init($0.id, $0.kind) }
            )
        )
    }
}

extension LoopEvent {
    init(started run: ActiveRun, _ node: Node) {
        self.init(
            .started,
            at: .now(),
            node: node.id,
            kind: node.kind,
            round: run.start.publication.round,
            key: run.start.publication.key,
            cause: run.start.cause
        )
    }

    /// An image is published: built, or found under its key.
    init(_ shown: PublishedImage, of node: Node, _ run: ActiveRun, _ publication: Publication, isBuilt: Bool) {
        let kind: Kind = isBuilt ? (shown.isPushed ? .pushed : .finished) : .reused
        self.init(
            kind,
            at: .now(),
            node: node.id,
            kind: node.kind,
            round: publication.round,
            key: publication.key,
            ref: shown.references.first,
            refs: shown.references,
            digest: "\(shown.stored.manifest.digest)",
            cause: run.start.cause,
            ms: run.milliseconds,
            layers: isBuilt ? shown.stored.newLayers : nil,
            bytes: isBuilt ? shown.stored.newBytes : nil
        )
    }
}
