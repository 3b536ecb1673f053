/// Where images are kept and named: the project's own layout, served on loopback, and what it is exported to.

import AWS
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
    static let keyName = Buildspec.Variable.keyLabel
    /// Of an image's manifest: the keys of its heads, between spaces.
    static let headsName = "io.imgwatch.heads"
    static let platform = Loader.hostPlatform
    /// Names of what is not pushed: no repository name begins so.
    static let unpushed = "_/"

    let layout: ImageLayout
    let address: RegistryAddress
    /// Where images are pushed to; nil where they stay on this machine.
    let remote: RemoteRegistry?
    private let bases: ExternalBases?
    private let assembler: Assembler
    /// By image, and then by the first characters of the key.
    private let known: Mutex<[String: [Substring: [(name: String, manifest: Descriptor)]]]>

    init(
        _ layout: ImageLayout,
        address: RegistryAddress,
        remote: RemoteRegistry? = nil,
        bases: ExternalBases? = nil,
        cache: LayerCache,
        indexes: LayerIndexCache = .inMemory()
    ) throws(OCIError) {
        (self.layout, self.address, self.remote, self.bases) = (layout, address, remote, bases)
        assembler = Assembler(layout: layout, cache: cache, indexes: indexes)
        known = Mutex([:])
        for name in try layout.names() {
            if let manifest = try layout.resolve(name) { note(name, manifest) }
        }
    }

    func note(_ name: String, _ manifest: Descriptor) {
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

    /// In the order in which they were given; those that are no one's but ours, first.
    func names(_ image: Image, key: String) -> [(name: String, manifest: Descriptor)] {
        let repositories = [Self.unpushed + image.id.name] + (image.push ? [image.id.name] : [])
        return known.withLock { known in
            repositories.flatMap { known[$0]?[key.prefix(Provenance.keyLength)] ?? [] }
        }
    }

    /// The image of this key, where it was published before and all of it is still there.
    func image(of image: Image, key: String) -> StoredImage? {
        for (_, manifest) in names(image, key: key).reversed() where isWhole(manifest, of: image, key: key) {
            return stored(manifest, key: key)
        }
        return nil
    }

    /// Of an image in a registry elsewhere the layers may be there alone.
    func isWhole(_ manifest: Descriptor, of image: Image, key: String) -> Bool {
        guard self.key(of: manifest) == key, let parts = try? layout.images(of: manifest) else {
            return false
        }
        return parts.allSatisfy { part in
            guard let content = try? layout.readManifest(part.descriptor) else { return false }
            return layout.hasBlob(content.configuration)
                && (image.push && remote != nil || content.layers.allSatisfy { layout.hasBlob($0) })
        }
    }

    /// Of a manifest or an index; none where it is not here.
    func annotations(of manifest: Descriptor) -> [String: String] {
        (try? layout.readBlob(manifest)).map { Manifest.annotations(in: $0) } ?? [:]
    }

    /// What it was built under: what others have built says it in its configuration alone.
    func key(of manifest: Descriptor) -> String? {
        if let key = annotations(of: manifest)[Self.keyName] { return key }
        guard !MediaType.isIndex(manifest.mediaType), let image = try? layout.readImage(manifest) else { return nil }
        return image.configuration.key
    }

    // MARK: Assembling

    func assemble(
        _ image: Image,
        _ tail: Evaluation,
        on heads: [Int: AssemblyHead],
        hasExports: Bool = false,
        from inputs: ImageInputs,
        reader: InputReader,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(ImageProblem) -> StoredImage {
        do {
            var loaded: [String: BuiltImage] = [:]
            let names = Set(tail.projectBases.map(\.image.name))
            for base in inputs.bases where names.contains(base.name) {
                loaded[base.name] = try base.image.content ?? assembler.load(base.image.manifest)
            }
            var request = AssemblyRequest(
                evaluation: tail.naming(inputs.bases),
                context: try image.buildContext(inputs, reader, for: tail),
                bases: loaded,
                labels: image.allLabels(key: inputs.key, revision: inputs.revision),
                annotations: try annotations(of: image, key: inputs.key, heads),
                platform: image.platform,
                isCancelled: isCancelled
            )
            request.heads = heads
            for (base, manifest) in try externals(of: image) where base.platform == image.platform {
                request.externals[base.reference] = manifest
            }
            request.encoding = encoding(of: image)
            return stored(try assembler.assemble(request), inputs, neighbours: try neighbours(image, inputs))
        } catch let problem as BuildProblem {
            if let path = problem.changedInput { throw .inputChanged(path: path) }
            if isCancelled() { throw .cancelled }
            let place = problem.line.map { "\(image.dockerfile):\($0): " } ?? ""
            let failure = Failure("\(place)\(problem.reason); \(problem.remedy)")
            // Of what an engine exported, a link may lead to more.
            throw problem.isUnsupported || problem.isOfFiles && hasExports ? .unassembled(failure) : .failed(failure)
        } catch let problem as ImageProblem {
            throw problem
        } catch {
            throw .failed(Failure("\(error)"))
        }
    }

    /// What an image is made from stays while the image does.
    private func annotations(
        of image: Image,
        key: String,
        _ heads: [Int: AssemblyHead]
    ) throws(ImageProblem) -> [String: String] {
        var all = image.annotations(key: key)
        var keys: [String] = []
        for head in heads.values {
            if let key = annotations(of: head.manifest)[Self.keyName] { keys.append(key) }
        }
        if !keys.isEmpty { all[Self.headsName] = keys.sorted().joined(separator: " ") }
        return all
    }

    private func stored(_ built: BuiltImage, _ inputs: ImageInputs, neighbours: [Digest: String]) -> StoredImage {
        var stored = StoredImage(key: inputs.key, manifest: built.manifest, content: built)
        let new = built.layers.filter { built.packedLayers.contains($0.digest) }
        (stored.newLayers, stored.newBytes) = (new.count, new.reduce(0) { $0 + $1.size })
        stored.fresh = built.packedLayers
        if let manifest = try? content(of: built.manifest) { stored.fresh.insert(manifest.configuration.digest) }
        stored.neighbours = neighbours
        return stored
    }

    /// The layers that come from a base which lies in the registry where images go, with its repository there.
    private func neighbours(_ image: Image, _ inputs: ImageInputs) throws(ImageProblem) -> [Digest: String] {
        guard let remote else { return [:] }
        var found: [Digest: String] = [:]
        for (base, manifest) in try externals(of: image) {
            guard let repository = ImageReference(parsing: base.reference).flatMap(remote.neighbour) else { continue }
            for layer in try content(of: manifest).layers { found[layer.digest] = repository }
        }
        for base in inputs.bases where base.isPushed {
            for part in (try? layout.images(of: base.image.manifest)) ?? [] {
                for layer in try content(of: part.descriptor).layers {
                    found[layer.digest] = remote.repository(base.name)
                }
            }
        }
        return found
    }

    /// The manifests of the bases outside the project.
    func externals(of image: Image) throws(ImageProblem) -> [BaseName: Descriptor] {
        var found: [BaseName: Descriptor] = [:]
        for pin in image.externalBases {
            guard let known = bases?.manifest(pin) else {
                throw .failed(Failure("the base \(pin.name.text) is not known any more", isTransient: true))
            }
            found[pin.name] = known
        }
        return found
    }

    func content(of manifest: Descriptor) throws(ImageProblem) -> Manifest {
        do throws(OCIError) { return try layout.readManifest(manifest) } catch { throw ImageProblem(error) }
    }

    /// What two images that lie here have differently, but for labels of these names.
    func compare(
        _ here: Descriptor,
        _ there: Descriptor,
        ignoring labels: Set<String> = []
    ) throws(ImageProblem) -> ImageComparison {
        var comparison = ImageComparison()
        do throws(BuildProblem) {
            comparison.compare(try assembler.files(of: here), try assembler.files(of: there))
        } catch {
            throw .failed(Failure("\(error.reason); \(error.remedy)"))
        }
        do throws(OCIError) {
            let (one, other) = (try layout.readImage(here), try layout.readImage(there))
            comparison.compare(one.configuration, other.configuration, ignoring: labels)
        } catch {
            throw ImageProblem(error)
        }
        return comparison
    }

    /// Those that no Dockerfile says, or that count whatever it says.
    static func addedLabels(to image: Image, _ inputs: ImageInputs) -> Set<String> {
        Set(image.allLabels(key: inputs.key, revision: inputs.revision).keys)
    }

    /// The layers of these images that are here, by the hashes of their tars.
    func layers(of manifests: [Descriptor]) -> [Digest: LayerRecord] {
        var found: [Digest: LayerRecord] = [:]
        for manifest in manifests.flatMap({ (try? layout.images(of: $0)) ?? [] }) {
            guard let image = try? layout.readImage(manifest.descriptor) else { continue }
            for (layer, diffID) in zip(image.manifest.layers, image.configuration.diffIDs) {
                guard let type = MediaType.ociLayer(layer.mediaType) else { continue }
                found[diffID] = LayerRecord(diffID: diffID, digest: layer.digest, size: layer.size, mediaType: type)
            }
        }
        return found
    }

    /// Compression pays where images travel.
    func encoding(of image: Image) -> LayerEncoding {
        switch image.compression {
        case .stored: .stored
        case .gzip: .gzip
        case .zstd: .zstd
        case Compression.none?: .none
        case nil: remote?.isFarAway == true && image.push ? .gzip : .stored
        }
    }

    /// A copy beside the blobs; it goes with its owner.
    func copy(of file: String) throws(OCIError) -> PrivateCopy { try PrivateCopy(of: file, in: layout) }
}

extension ImageConfiguration {
    /// Of what it was built, as its label says.
    var key: String? { execution.labels[ExactText(ImageStore.keyName)] }
}

extension Image {
    fileprivate func allLabels(key: String, revision: String?) -> [String: String] {
        var all = revision.map { [Buildspec.Variable.revisionLabel: $0] } ?? [:]
        for label in labels { all[label.key] = label.value }
        all[ImageStore.keyName] = key
        return all
    }

    /// Of the manifest: the key, and what the image is based on where that is outside the project.
    func annotations(key: String) -> [String: String] {
        var all = [ImageStore.keyName: key]
        var stage = evaluation.stages.last
        while case .stage(let index)? = stage?.base { stage = evaluation.stages.first { $0.index == index } }
        if case .external(let text)? = stage?.base, let pin = externalBases.first(where: { $0.reference == text }) {
            all["org.opencontainers.image.base.name"] = ImageReference(parsing: text)?.description
            all["org.opencontainers.image.base.digest"] = pin.digest
        }
        return all
    }

    private func files(of reading: Reading, for part: Evaluation, _ reader: InputReader) -> [InputFile] {
        // Where a link led then, it may not lead now.
        guard part != evaluation, !reading.hasLinks else { return reading.files }
        let part = reduced(to: part)
        return reading.files(in: InputScope(of: part, linked: LinkedSources(of: part, in: reader.root)))
    }

    /// The files that a part of the image was made from, as the context shows them.
    fileprivate func buildContext(
        _ inputs: ImageInputs,
        _ reader: InputReader,
        for part: Evaluation
    ) throws(ImageProblem) -> BuildContext {
        let skipped = context.isEmpty ? 0 : context.utf8.count + 1
        var files: [ContextFile] = []
        for file in self.files(of: inputs.reading, for: part, reader) {
            guard let path = String(file.path.utf8.dropFirst(skipped)), !path.isEmpty else { continue }
            let place = inputs.copies[file.path]?.path ?? reader.root + "/" + file.path
            let kind: ContextFile.Kind
            switch file.kind {
            case .directory: kind = .directory
            case .file(let hash):
                guard let digest = reader.index.digest(of: place, hash) else {
                    throw .inputChanged(path: reader.root + "/" + file.path)
                }
                kind = .file(size: Int(file.stat.size), digest: digest)
            case .link(let target): kind = .symbolicLink(target: target)
            }
            files.append(ContextFile(path: path, kind: kind, mode: file.stat.permissions, absolutePath: place))
        }
        return BuildContext(files) { [ignorePatterns] in ignorePatterns.matches($0) }
    }
}
