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

    /// What was hashed since the last time, for the next start.
    ///
    /// Blocks until that is written, also where another call does it. After a first start, or a checkout, it is a
    /// row for each file: in portions, since who asks the store for a layer meanwhile waits for one of them.
    func saveHashes() {
        saving.withLock { _ in
            let news = reader.index.takeNews()
            let rows = news.sorted { $0.key < $1.key }.map { ($0.key, $0.value.map(IndexedHash.init)) }
            for start in stride(from: 0, to: rows.count, by: Self.savedPortion) {
                let portion = rows[start..<min(start + Self.savedPortion, rows.count)]
                try? state.saveHashes(Dictionary(uniqueKeysWithValues: portion))
            }
        }
    }

    /// Rows: some milliseconds.
    private static let savedPortion = 500
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

extension IndexedHash {
    fileprivate init(_ file: IndexedFile) {
        self.init(
            size: file.stat.size,
            modified: file.stat.modified,
            changed: file.stat.changed,
            inode: file.stat.inode,
            device: file.stat.device,
            mode: file.stat.mode,
            digest: file.hash.digest.hex,
            blobID: file.hash.blobID
        )
    }

    fileprivate var file: IndexedFile? {
        Digest(hex: digest).map { digest in
            let stat = FileStat(
                device: device,
                inode: inode,
                size: size,
                modified: modified,
                changed: changed,
                mode: mode
            )
            return IndexedFile(stat: stat, hash: ContentHash(digest: digest, blobID: blobID))
        }
    }
}

extension StateStore {
    func indexedFiles() throws -> [String: IndexedFile] { try hashIndex().compactMapValues(\.file) }

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
