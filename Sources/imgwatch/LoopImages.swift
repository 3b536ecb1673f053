/// Runs of images: one instant is read and assembled, judged by the engine, and published under its names.

import Building
import Engine
import Foundation
import Graph
import Inputs
import OCI
import Project
import Reporting

extension Loop {
    /// An image whose inputs never hold still for the length of one reading goes round after so many.
    private static let snapshotAttempts = 20

    func run(_ image: Image, _ run: ActiveRun) async {
        drain()
        guard nodes[image.id] != nil, !run.isCancelled else { return endCancelled(run) }
        let key = run.start.publication.key
        let session = session
        let found = await offload { session.store.image(of: image, key: key) }
        drain()
        // By a key that edits have overtaken nothing is published: its needs may have been stale then.
        if let found, let keyed = readings[image.id], touched[image.id, default: 0] <= keyed.barrier, !run.isCancelled {
            return await publish(found, of: image, run.start.publication, run, isBuilt: false)
        }
        tellStarted(run)
        var isRestless = false
        for _ in 0..<Self.snapshotAttempts where !run.isCancelled {
            guard let taken = await snapshot(image, copying: isRestless) else { continue }
            handle(.snapshot(image.id, run.start.operation, taken.snapshot))
            guard let publication = await run.decision(), publication.key == taken.inputs.key else { break }
            switch await assemble(image, taken.inputs, run) {
            case .success(let stored): return await publish(stored, of: image, publication, run, isBuilt: true)
            case .failure(.failed(let reason)):
                drain()
                if run.isCancelled { return endCancelled(run) }
                return end(run, RunEnd(.failed(Failure(reason)), barrier: sequence))
            case .failure(.inputChanged):
                run.reconsider()
                isRestless = true
            case .failure(.cancelled): break
            }
        }
        endCancelled(run)
    }

    /// An image's inputs as they were at one instant, for the engine and for the assembler.
    private struct TakenSnapshot: Sendable {
        var snapshot: Snapshot
        var inputs: ImageInputs
    }

    /// Nil where the inputs do not settle.
    ///
    /// What changes faster than it can be packed is copied within the instant, and packed from the copy.
    private func snapshot(_ image: Image, copying isRestless: Bool) async -> TakenSnapshot? {
        guard let settled = await current(image, copying: isRestless), let bases = settled.bases,
            let own = settled.answer.keying.own, settled.answer.keying.missing.isEmpty,
            // What was stale at that instant, and is not now, was made anew since; else the engine says no.
            settled.hadFreshNeeds || !engine.hasFreshNeeds(image.id)
        else { return nil }
        return TakenSnapshot(
            snapshot: Snapshot(own: own, provenance: settled.answer.keying.provenance, barrier: settled.barrier),
            inputs: ImageInputs(
                reading: settled.answer.reading,
                copies: settled.copies,
                bases: bases,
                revision: image.showsRevision ? settled.answer.keying.provenance.revision : nil,
                key: Keys.combined(own, bases.map(\.key))
            )
        )
    }

    /// What the key was made from, where nothing changed since; else the inputs are read again.
    private func current(_ image: Image, copying isRestless: Bool) async -> SettledReading? {
        drain()
        guard let entry = nodes[image.id] else { return nil }
        guard !isRestless, let keyed = readings[image.id], touched[image.id, default: 0] <= keyed.barrier else {
            return await settle(entry, copying: isRestless)
        }
        let isReady = engine.hasFreshNeeds(image.id)
        return SettledReading(answer: keyed.answer, bases: bases(of: image), hadFreshNeeds: isReady, barrier: sequence)
    }

    /// Packs what the snapshot read: other bytes than the key names end it as changed.
    private func assemble(
        _ image: Image,
        _ inputs: ImageInputs,
        _ run: ActiveRun
    ) async -> Result<StoredImage, ImageProblem> {
        let session = session, root = nodes.project.root
        return await offload {
            Result { () throws(ImageProblem) in
                try session.store.assemble(image, from: inputs, root: root) { run.isCancelled }
            }
        }
    }

    /// In the order of the needs; nil where one is not published.
    func bases(of image: Image) -> [BaseImage]? {
        var bases: [BaseImage] = []
        for need in nodes.graph[image.id]?.needs ?? [] where nodes.graph[need]?.kind == .image {
            guard let base = published[need] else { return nil }
            bases.append(BaseImage(name: need.name, key: base.key, image: base.stored, reference: base.exactReference))
        }
        return bases
    }

    /// Sets the names; what was sent counts, also where the run is cancelled meanwhile.
    private func publish(
        _ stored: StoredImage,
        of image: Image,
        _ publication: Publication,
        _ run: ActiveRun,
        isBuilt: Bool
    ) async {
        guard run.beginPublishing() else { return endCancelled(run) }
        let session = session
        let result = await offload {
            Result { () throws(ImageProblem) in try session.store.publish(stored, of: image, publication) }
        }
        drain()
        switch result {
        case .success(let shown):
            published[image.id] = shown
            if let node = nodes.graph[image.id] {
                told.remove(run.start.operation)
                session.tell(LoopEvent(shown, of: node, run, publication, isBuilt: isBuilt))
            }
            end(run, RunEnd(.succeeded, barrier: sequence, publication: publication))
        case .failure(.failed(let reason)): end(run, RunEnd(.failed(Failure(reason)), barrier: sequence))
        case .failure(.inputChanged), .failure(.cancelled): endCancelled(run)
        }
    }

    private func endCancelled(_ run: ActiveRun) { end(run, RunEnd(.cancelled, barrier: sequence)) }
}
