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
        guard nodes[image.id] != nil, let node = nodes.graph[image.id] else { return endCancelled(run) }
        let key = run.start.publication.key
        let session = session
        if let found = await offload({ session.store.image(of: image, key: key) }) {
            return await publish(found, of: image, run.start.publication, run, isBuilt: false)
        }
        session.tell(LoopEvent(started: run, node))
        var isRestless = false
        for _ in 0..<Self.snapshotAttempts where !run.isCancelled {
            guard let taken = await snapshot(image, copying: isRestless) else { continue }
            handle(.snapshot(image.id, run.start.operation, taken.snapshot))
            guard let publication = await run.decision(), publication.key == taken.inputs.key else { break }
            switch await assemble(image, taken.inputs, run) {
            case .success(let stored): return await publish(stored, of: image, publication, run, isBuilt: true)
            case .failure(.failed(let reason)):
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

    /// Reads, and looks again at a barrier: nil where an input changed meanwhile.
    ///
    /// What changes faster than it can be packed is copied within the instant, and packed from the copy.
    private func snapshot(_ image: Image, copying isRestless: Bool) async -> TakenSnapshot? {
        drain()
        let start = sequence
        guard let entry = nodes[image.id] else { return nil }
        let nodes = nodes, session = session
        let keyed = readings[image.id].flatMap { touched[image.id, default: 0] <= $0.barrier ? $0.answer : nil }
        let read = if let keyed { keyed } else { await offload { session.read(entry, in: nodes) } }
        guard let answer = read else { return nil }
        let copies = isRestless ? await offload { session.copies(of: answer.reading) } : [:]
        drain()
        guard touched[image.id, default: 0] <= start, let own = answer.keying.own, answer.keying.missing.isEmpty,
            let bases = bases(of: image)
        else { return nil }
        return TakenSnapshot(
            snapshot: Snapshot(own: own, provenance: answer.keying.provenance, barrier: sequence),
            inputs: ImageInputs(
                reading: answer.reading,
                copies: copies,
                bases: bases,
                key: Keys.combined(own, bases.map(\.key))
            )
        )
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
    private func bases(of image: Image) -> [BaseImage]? {
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
                session.tell(LoopEvent(shown, of: node, run, publication, isBuilt: isBuilt))
            }
            end(run, RunEnd(.succeeded, barrier: sequence, publication: publication))
        case .failure(.failed(let reason)): end(run, RunEnd(.failed(Failure(reason)), barrier: sequence))
        case .failure(.inputChanged), .failure(.cancelled): endCancelled(run)
        }
    }

    private func endCancelled(_ run: ActiveRun) { end(run, RunEnd(.cancelled, barrier: sequence)) }
}
