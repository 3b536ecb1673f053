/// What the engine reports, with what only the runtime knows of it.

import Engine
import Foundation
import Graph
import OCI
import Project
import Reporting

extension Loop {
    /// Tells what the engine does not know of; an idle follows it at last.
    func tell(_ event: LoopEvent) {
        session.tell(event)
        handle(.told)
    }

    func tell(notice: String) { tell(LoopEvent(.notice, at: .now(), reason: notice)) }

    func tell(_ report: Report) {
        // While the loop ends, runs are cancelled for that and nothing else, and nothing more will start.
        guard !isStopping else { return }
        switch report {
        case .planned: return tellReady()
        case .superseded(_, let operation, _):
            // A publication that was sent is not taken back: the run will be told as what it came to.
            guard runs[operation]?.isPublishing != true, told.remove(operation) != nil else { return }
        // Who does not know that it began, or knows that it is superseded, needs no word.
        case .uncounted(_, let operation): guard told.remove(operation) != nil else { return }
        case .finished(_, let operation): told.remove(operation)
        case .failed(let id, _): if let ending, ending.start.node == id { told.remove(ending.start.operation) }
        default: break
        }
        if mode != .plan, var event = LoopEvent(report, in: nodes.graph, at: .now()) {
            if case .stale(let id, let cause) = report { event.cause = explained(cause, of: id) }
            switch report {
            case .finished: complete(&event)
            case .failed(let id, _):
                complete(&event)
                if let view = engine.view(of: id), triesAgain(id, view) { event.holds = [.backOff] }
            case .recovered(let id): published[id].map { event.show($0) }
            default: break
            }
            session.tell(event)
        }
        hasNothingToDo = report == .idle
        if hasNothingToDo {
            noteIdle()
            watchStore()
        }
    }

    func tellStarted(_ run: ActiveRun) {
        told.insert(run.start.operation)
        session.tell(LoopEvent(started: run))
    }

    /// Of a run that nobody needs any more nothing was told yet.
    func tellEnd(_ run: ActiveRun) {
        guard told.remove(run.start.operation) != nil else { return }
        let reason = isStopping ? "imgwatch ends" : "it is no longer in the configuration"
        session.tell(LoopEvent(.superseded, at: .now(), node: run.start.node, kind: run.kind, reason: reason))
    }

    /// Who interrupts the loop and sees nothing happen is told for whom it waits.
    func tellWaiting() {
        Task {
            try? await Task.sleep(for: .seconds(1))
            guard !isOver, !runs.isEmpty else { return }
            let names = runs.values.map(\.start.node.name).sorted().joined(separator: ", ")
            session.tell(notice: "waiting for the end of \(names); interrupt again to end it at once")
        }
    }

    /// A failure that no run led to, an input that is missing, has no key.
    private func complete(_ event: inout LoopEvent) {
        guard let run = ending, run.start.node == event.node else { return }
        event.ms = run.milliseconds
        event.key = run.start.publication.key
        event.round = run.start.publication.round
        event.show(targetOf: run)
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
                registry: session.store.address.text,
                nodes: nodes.graph.nodes.map { .init($0.id, $0.kind) }
            )
        )
    }
}

extension LoopEvent {
    init(started run: ActiveRun) {
        self.init(
            .started,
            at: .now(),
            node: run.start.node,
            kind: run.kind,
            round: run.start.publication.round,
            key: run.start.publication.key,
            cause: run.start.cause
        )
        show(targetOf: run)
    }

    /// What a deploy acts on.
    mutating func show(targetOf run: ActiveRun) {
        guard let target = run.target else { return }
        (ref, digest) = (target.references.first, "\(target.stored.manifest.digest)")
    }

    /// What an image's references show.
    mutating func show(_ shown: PublishedImage) {
        (ref, refs) = (shown.references.first, shown.references)
        (key, digest) = (shown.key, "\(shown.stored.manifest.digest)")
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
            cause: run.start.cause,
            ms: run.milliseconds,
            layers: isBuilt ? shown.stored.newLayers : nil,
            bytes: isBuilt ? shown.stored.newBytes : nil
        )
        show(shown)
    }
}
