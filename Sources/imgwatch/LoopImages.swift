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
        for _ in 0..<Self.snapshotAttempts {
            guard !run.isCancelled else { break }
            guard let snapshot = await snapshot(image, run) else { continue }
            switch snapshot {
            case .failed(let failure): return end(run, RunEnd(.failed(failure), barrier: sequence))
            case .taken(let built, let taken, let key):
                handle(.snapshot(image.id, run.start.operation, taken))
                guard let publication = await run.decision(), publication.key == key else { return endCancelled(run) }
                return await publish(built, of: image, publication, run, isBuilt: true)
            }
        }
        endCancelled(run)
    }

    private enum ImageSnapshot: Sendable {
        case taken(StoredImage, Snapshot, key: String)
        case failed(Failure)
    }

    /// Reads, assembles, and looks again: nil where an input changed meanwhile.
    private func snapshot(_ image: Image, _ run: ActiveRun) async -> ImageSnapshot? {
        drain()
        let start = sequence
        guard let entry = nodes[image.id], let bases = bases(of: image) else {
            return .failed(Failure("a base is missing"))
        }
        let nodes = nodes, session = session
        let keyed = readings[image.id].flatMap { touched[image.id, default: 0] <= $0.barrier ? $0 : nil }
        let result = await offload { () -> Result<(NodeAnswer, StoredImage), ImageProblem>? in
            guard let answer = keyed?.answer ?? session.read(entry, in: nodes), let own = answer.keying.own,
                answer.keying.missing.isEmpty
            else { return nil }
            let key = Keys.combined(own, bases.map(\.key))
            return Result { () throws(ImageProblem) in
                (
                    answer,
                    try session.store.assemble(
                        image,
                        answer.reading,
                        root: nodes.project.root,
                        key: key,
                        bases: bases
                    )
                )
            }
        }
        drain()
        guard touched[image.id, default: 0] <= start, let result else { return nil }
        switch result {
        case .success(let (answer, stored)):
            let taken = Snapshot(
                own: answer.keying.own ?? "",
                provenance: answer.keying.provenance,
                barrier: sequence
            )
            return .taken(stored, taken, key: stored.key)
        case .failure(.inputChanged): return nil
        case .failure(.failed(let reason)): return .failed(Failure(reason))
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

    /// Sets the names; what was sent counts, also where the run was cancelled meanwhile.
    private func publish(
        _ stored: StoredImage,
        of image: Image,
        _ publication: Publication,
        _ run: ActiveRun,
        isBuilt: Bool
    ) async {
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
        case .failure(.inputChanged): endCancelled(run)
        }
    }

    private func endCancelled(_ run: ActiveRun) { end(run, RunEnd(.cancelled, barrier: sequence)) }
}
