/// Builds an image anew by imgwatch's own way and all of it by an engine, and compares; nothing gets a name but heads.

import Building
import Dockerfile
import Engine
import Foundation
import Graph
import ImageEngines
import OCI
import Project

struct Verification: Sendable {
    enum Wish: Sendable {
        /// The image's own, or the first that works.
        case usual
        case only(EngineKind)
        case nobody
    }

    let session: Session
    let engine: Wish
    /// Whether the engine may take what it built before.
    let usesCache: Bool

    /// An image for one platform.
    func verify(_ image: Image, _ inputs: ImageInputs) async throws(ImageProblem) -> Verified {
        if image.building.command != nil {
            throw .failed(Failure("a command of the project's makes it, and not imgwatch"))
        }
        let built = try await session.make(image, inputs) { false }
        try await checkLayers(of: built)
        var byEngine = Verified.ByEngine.left("--no-engine")
        if let builder = builder(for: image) {
            do throws(ImageProblem) {
                byEngine = try await whole(image, inputs, builder, built)
            } catch {
                byEngine = .failed(error.reason)
            }
        }
        return Verified(
            image: image.id,
            platform: image.platform,
            key: inputs.key,
            digest: built.manifest.digest,
            stored: try await stored(image, built),
            byEngine: byEngine
        )
    }

    /// What was made before, of heads and bases, is read as it lies there.
    private func checkLayers(of built: StoredImage) async throws(ImageProblem) {
        let layout = session.store.layout
        let layers = try session.store.content(of: built.manifest).layers
        let broken = await Deadline.offside { layers.first(where: layout.isCorrupt) }
        guard let broken else { return }
        throw .failed(
            Failure(
                "the layer \(broken.digest) in the store is not what its name says; remove "
                    + "\(layout.blobPath(broken.digest)) and start anew: it is made again"
            )
        )
    }

    private func builder(for image: Image) -> Builder? {
        switch engine {
        case .nobody: nil
        case .only(let kind): Builder(rawValue: kind.rawValue)
        case .usual: image.building.builder == .assemble ? .automatic : image.building.builder
        }
    }

    /// What was built before under the key, against what was built now.
    private func stored(_ image: Image, _ built: StoredImage) async throws(ImageProblem) -> Verified.Stored {
        let store = session.store
        guard let whole = store.image(of: image, key: built.key) else { return .nothing }
        let known = whole.part(for: image.platform).manifest
        if known.digest == built.manifest.digest { return .same }
        let (old, new) = (try store.content(of: known), try store.content(of: built.manifest))
        // The configuration names the tars.
        if old.configuration.digest == new.configuration.digest, old.annotations == new.annotations {
            return .otherwiseCompressed(known.digest)
        }
        let comparison = await Deadline.offside { try? store.compare(built.manifest, known) }
        return .other(known.digest, comparison)
    }

    /// By an engine, beside all that it or imgwatch has built before.
    private func whole(
        _ image: Image,
        _ inputs: ImageInputs,
        _ builder: Builder,
        _ built: StoredImage
    ) async throws(ImageProblem) -> Verified.ByEngine {
        let chosen: EngineChoice.Chosen
        do throws(EngineProblem) {
            chosen = try await session.heads.engine(for: builder, of: image, session)
        } catch {
            guard error.kind == .unavailable, builder == .automatic else {
                throw .failed(Failure("\(error.reason); \(error.remedy)"))
            }
            return .left(error.reason)
        }
        var whole = image
        whole.building.builder = Builder(rawValue: chosen.engine.kind.rawValue) ?? builder
        let heads = session.wantedHeads(image.evaluation.split(isWhole: true), of: whole, inputs)
        guard var wanted = heads.first else { return .left("its Dockerfile has no stage") }
        (wanted.isKept, wanted.usesCache) = (false, usesCache)
        let manifest = try await session.heads.buildAnew(wanted, session)
        let (store, labels) = (session.store, ImageStore.addedLabels(to: image, inputs))
        let comparison = try await Deadline.offside {
            Result { () throws(ImageProblem) in try store.compare(built.manifest, manifest, ignoring: labels) }
        }.get()
        return .built(
            Verified.Whole(engine: chosen.engine.kind.rawValue, version: chosen.version.text, comparison: comparison)
        )
    }
}

extension ImageProblem {
    /// For who builds once, and does not go round again.
    var reason: String {
        switch self {
        case .inputChanged(let path): "\(path) changed while it was built; verify it again when nobody edits"
        case .cancelled: "the build was cancelled"
        case .incomplete: "a layer of it is neither here nor in the registry"
        case .baseIsGone(let name): "the registry has not all of \(name) any more; `imgwatch build` builds it again"
        case .unassembled(let failure), .failed(let failure): failure.reason
        }
    }
}

extension Loop {
    /// An image, and what it is made from, as the loop read it; nothing that it needs may be stale.
    func verifiable(_ id: NodeID) throws(SessionError) -> (image: Image, inputs: ImageInputs) {
        let stale = nodes.graph.needs(of: id).filter { engine.view(of: $0)?.isFresh != true }
        guard engine.hasFreshNeeds(id), stale.isEmpty else {
            let names = stale.isEmpty ? "what it needs" : stale.map(\.name).joined(separator: ", ")
            throw SessionError(
                reason: "\(id) can't be verified: \(names) must be built first",
                remedy: "`imgwatch build \(id)` does that, or the running loop, when it is idle"
            )
        }
        if case .failed(let failure)? = engine.view(of: id)?.status {
            throw SessionError(reason: "\(id) can't be verified: \(failure.reason)", remedy: Self.mending)
        }
        guard let image = nodes.project.image(id), let answer = readings[id]?.answer, let bases = bases(of: image),
            let own = answer.keying.own, answer.keying.missing.isEmpty
        else {
            let reason = readings[id]?.answer.keying.missing.first ?? "its inputs do not hold still"
            throw SessionError(reason: "\(id) can't be verified: \(reason)", remedy: Self.mending)
        }
        return (image, ImageInputs(of: image, answer, own: own, bases: bases))
    }

    private static let mending = "`imgwatch plan` shows what would run, and what can't"
}
