/// Between the engine's values and the rows of the state store.

import Building
import Engine
import Foundation
import Graph
import Inputs
import OCI
import Project
import State
import Synchronization

/// What earlier sessions left.
struct Memory {
    var successes: [NodeID: RunSuccess] = [:]
    var published: [NodeID: PublishedImage] = [:]
    /// Nodes that ran, of which nothing counts now.
    var former: [NodeID: Former] = [:]

    struct Former: Sendable {
        /// Why it does not count.
        var reason: Cause.Reason
        /// The references that were published last.
        var references: [String]
    }
}

extension Session {
    /// What is remembered of these nodes; an image of which a reference is missing is not remembered, so that it is
    /// published again.
    func memory(of graph: Graph, in project: Project) -> Memory {
        var memory = Memory()
        for (name, row) in (try? state.successes()) ?? [:] {
            guard let node = graph[NodeID(name)] else { continue }
            guard !row.isVoid else {
                memory.former[node.id] = Memory.Former(reason: .uncounted, references: row.references)
                continue
            }
            switch node.kind {
            case .step: memory.successes[node.id] = .step(key: row.key, outputs: row.outputs)
            case .deploy:
                // What it acted on must be what the image is called now.
                let image = project.deploy(node.id)?.image.name ?? ""
                guard row.references.allSatisfy({ $0.hasPrefix(store.address.reference(image, tag: "")) }) else {
                    continue
                }
                memory.successes[node.id] = .deploy(key: row.key, image: row.outputs)
            case .image:
                let publication = Publication(row)
                guard let image = project.image(node.id), let shown = store.remembered(image, publication) else {
                    memory.former[node.id] = Memory.Former(reason: .references, references: row.references)
                    continue
                }
                memory.successes[node.id] = .image(publication)
                memory.published[node.id] = shown
            }
        }
        return memory
    }

    /// Looks what the references of images that are remembered show in the registry.
    func lookAtReferences(of project: Project) async {
        guard let remote = store.remote else { return }
        var tags: [(image: String, tag: String)] = []
        for (name, row) in (try? state.successes()) ?? [:] {
            guard !row.isVoid, let image = project.image(NodeID(name)), image.push else { continue }
            tags += store.tags(of: image, Publication(row)).all.map { (image: name, tag: $0) }
        }
        await remote.look(at: tags)
    }

    /// Gets the credential and the tokens that pushes will need while nothing is to be pushed yet.
    func prepareForPushes(of project: Project) {
        guard let remote = store.remote else { return }
        Task { await remote.warmUp(project.images.filter { $0.push }.map(\.id.name)) }
    }

    /// Gets what an image is built on into the store, where it is not there yet.
    func fetchBases(of image: Image, _ bases: [BaseImage]) async throws(ImageProblem) {
        try await self.bases.fetchLayers(of: image)
        for base in bases where base.isPushed {
            try await store.remote?.fetchLayers(of: base.image.manifest, base.name)
        }
    }

    /// Durable before it returns; nil voids what there is.
    ///
    /// - Returns: Whether it was written.
    func remember(_ node: NodeID, _ success: RunSuccess?, as shown: PublishedImage?) -> Bool {
        let row: State.Success? =
            switch success {
            case .step(let key, let outputs): State.Success(key: key, outputs: outputs)
            case .deploy(let key, let image):
                State.Success(key: key, outputs: image, references: Array((shown?.references ?? []).prefix(1)))
            case .image(let publication):
                State.Success(
                    key: publication.key,
                    provenance: publication.provenance.text,
                    destination: publication.destination,
                    references: shown?.references ?? [],
                    digest: shown.map { "\($0.stored.manifest.digest)" } ?? ""
                )
            case nil: nil
            }
        do {
            try state.remember(node.name, row)
            return true
        } catch {
            tell(notice: "what is remembered of \(node) could not be written: \(error)")
            return false
        }
    }

    /// What each node's files were, for the next start.
    ///
    /// Blocks until that is written. Much is written once in a while, and at last.
    func saveReadings(_ all: [NodeID: HeldFiles], isLast: Bool) {
        saving.withLock { saved in
            var isLarge = false
            for (id, files) in all where saved[id]?.reading.isSame(as: files.reading) != true {
                let isDue = saved[id].map { .now - $0.at >= Self.savePause } ?? true
                guard isLast || isDue || files.reading.count <= Self.littleReading else { continue }
                // Where it can't be written, the next start reads more.
                try? inputs.write(Self.file(of: id), files.reading.encoded(of: files.scope, reader.index))
                saved[id] = SavedReading(reading: files.reading, at: .now)
                isLarge = isLarge || files.reading.count > Self.littleReading
            }
            reader.index.forget()
            // What reading and packing a large tree took is not needed any more.
            if isLarge { Allocator.trim() }
        }
    }

    /// What the node's files were when they were saved last.
    func remembered(_ entry: ProjectNodes.Entry) -> (reading: Reading, isOfScope: Bool)? {
        let file = URL(fileURLWithPath: inputs.path + "/" + Self.file(of: entry.id))
        // It is replaced, and never changed.
        return (try? Data(contentsOf: file, options: .alwaysMapped))?.withUnsafeBytes {
            Reading.decoded($0, of: entry.scope)
        }
    }

    private static func file(of id: NodeID) -> String { Digest.sha256(of: id.name.utf8).hex }

    private static let savePause: Duration = .seconds(60)
    /// Files: some hundred kilobytes.
    private static let littleReading = 2_000
}

/// A reading that the next start will find.
struct SavedReading: Sendable {
    var reading: Reading
    var at: ContinuousClock.Instant
}

extension Publication {
    fileprivate init(_ row: State.Success) {
        self.init(key: row.key, provenance: Provenance(row.provenance), destination: row.destination, round: 0)
    }
}

extension Provenance {
    fileprivate init(_ text: String) {
        let parts = text.split(separator: " ")
        if parts.count == 3, let time = Int64(parts[1]) {
            self = .commit(id: String(parts[0]), time: time, isDirty: parts[2] == "dirty")
        } else {
            self = text == "none" ? .none : .unknown
        }
    }

    fileprivate var text: String {
        switch self {
        case .commit(let id, let time, let isDirty): "\(id) \(time) \(isDirty ? "dirty" : "clean")"
        case .none: "none"
        case .unknown: "unknown"
        }
    }
}

extension StateStore {
    var layerCache: LayerCache {
        LayerCache(
            lookup: { key in
                try? self.layer(key)
            },
            store: { key, record in
                // Not known the next time, it is packed again.
                try? self.saveLayer(key, record)
            }
        )
    }
}
