/// Where images are kept and named: the project's own layout, served on loopback, and what it is exported to.

import Building
import Dockerfile
import Engine
import Foundation
import Graph
import Inputs
import OCI
import Project
import Synchronization

final class ImageStore: Sendable {
    static let keyName = "io.imgwatch.key"
    static let platform = Loader.hostPlatform
    /// Names of images that are not pushed: no repository name begins so.
    private static let unpushed = "_/"

    let layout: ImageLayout
    let address: RegistryAddress
    private let assembler: Assembler
    /// By image, and then by the first characters of the key.
    private let known: Mutex<[String: [Substring: [(name: String, manifest: Descriptor)]]]>

    init(_ layout: ImageLayout, address: RegistryAddress, cache: LayerCache) throws(OCIError) {
        (self.layout, self.address) = (layout, address)
        assembler = Assembler(layout: layout, cache: cache)
        known = Mutex([:])
        for name in try layout.names() {
            if let manifest = try layout.resolve(name) { note(name, manifest) }
        }
    }

    /// What the user is told of where images go.
    var registryText: String {
        switch address {
        case .loopback(let port): "http://127.0.0.1:\(port)"
        case .layout(let folder): "oci:\(folder)"
        }
    }

    private func note(_ name: String, _ manifest: Descriptor) {
        guard let colon = name.lastIndex(of: ":"), let dash = name.lastIndex(of: "-"), dash > colon else { return }
        let short = name[name.index(after: dash)...]
        known.withLock { known in
            var names = known[String(name[..<colon]), default: [:]][short, default: []]
            names.removeAll { $0.name == name }
            names.append((name, manifest))
            known[String(name[..<colon])]?[short] = names
            if known[String(name[..<colon])] == nil { known[String(name[..<colon])] = [short: names] }
        }
    }

    private func names(_ image: Image, key: String) -> [(name: String, manifest: Descriptor)] {
        let repository = (image.push ? "" : Self.unpushed) + image.id.name
        return known.withLock { $0[repository]?[key.prefix(Provenance.keyLength)] ?? [] }
    }

    /// The image of this key, where it was published before and all of it is still there.
    func image(of image: Image, key: String) -> StoredImage? {
        for (_, manifest) in names(image, key: key).reversed() where isWhole(manifest, key: key) {
            return StoredImage(key: key, manifest: manifest)
        }
        return nil
    }

    private func isWhole(_ manifest: Descriptor, key: String) -> Bool {
        guard let bytes = try? layout.readBlob(manifest), let content = try? Manifest(decoding: bytes) else {
            return false
        }
        return content.annotations[Self.keyName] == key && layout.hasBlob(content.configuration)
            && content.layers.allSatisfy { layout.hasBlob($0) }
    }

    // MARK: Assembling

    func assemble(
        _ image: Image,
        from inputs: ImageInputs,
        root: String,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(ImageProblem) -> StoredImage {
        var loaded: [String: BuiltImage] = [:]
        do {
            for base in inputs.bases {
                loaded[base.name] = try base.image.content ?? assembler.load(base.image.manifest)
            }
            let request = AssemblyRequest(
                evaluation: image.evaluation.naming(inputs.bases),
                context: image.buildContext(inputs, root: root),
                bases: loaded,
                labels: image.allLabels(key: inputs.key, revision: inputs.revision),
                annotations: [Self.keyName: inputs.key],
                platform: Self.platform,
                isCancelled: isCancelled
            )
            let inherited = Set(loaded.values.flatMap(\.layers).map(\.digest))
            let before = assembledLayers.withLock(\.self)
            let built = try assembler.assemble(request)
            let layers = built.layers.filter { !inherited.contains($0.digest) && !before.contains($0.digest) }
            assembledLayers.withLock { $0.formUnion(built.layers.map(\.digest)) }
            return StoredImage(
                key: inputs.key,
                manifest: built.manifest,
                content: built,
                newLayers: layers.count,
                newBytes: layers.reduce(0) { $0 + $1.size }
            )
        } catch let problem as BuildProblem {
            if problem.changedInput != nil { throw .inputChanged }
            if isCancelled() { throw .cancelled }
            let place = problem.line.map { "\(image.dockerfile):\($0): " } ?? ""
            throw .failed("\(place)\(problem.reason); \(problem.remedy)")
        } catch {
            throw .failed("\(error)")
        }
    }

    /// A copy beside the blobs; it goes with its owner.
    func copy(of file: String) throws(OCIError) -> PrivateCopy { try PrivateCopy(of: file, in: layout) }

    /// Layers that this process made or met: what is not among them counts as new.
    private let assembledLayers = Mutex<Set<Digest>>([])
}

extension Image {
    fileprivate func allLabels(key: String, revision: String?) -> [String: String] {
        var all = revision.map { ["org.opencontainers.image.revision": $0] } ?? [:]
        for label in labels { all[label.key] = label.value }
        all[ImageStore.keyName] = key
        return all
    }

    /// The files that were read, as the context shows them.
    fileprivate func buildContext(_ inputs: ImageInputs, root: String) -> BuildContext {
        let skipped = context.isEmpty ? 0 : context.utf8.count + 1
        let files = inputs.reading.files.compactMap { file -> ContextFile? in
            let kind: ContextFile.Kind
            switch file.kind {
            case .directory: kind = .directory
            case .file(let hash): kind = .file(size: Int(file.stat.size), digest: hash.digest)
            case .link(let target): kind = .symbolicLink(target: target)
            }
            guard let path = String(file.path.utf8.dropFirst(skipped)), !path.isEmpty else { return nil }
            return ContextFile(
                path: path,
                kind: kind,
                mode: file.stat.permissions,
                absolutePath: inputs.copies[file.path]?.path ?? root + "/" + file.path
            )
        }
        return BuildContext(files) { [ignorePatterns] in ignorePatterns.matches($0) }
    }
}
