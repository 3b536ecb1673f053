/// Makes images from Dockerfiles without RUN: no daemon, no root, nothing but files read and blobs written.

package import Dockerfile
package import OCI
internal import Synchronization

/// All that decides an image.
package struct AssemblyRequest: Sendable {
    package var evaluation: Evaluation
    package var context: BuildContext
    /// Images of the project by name: bases, and what `COPY --from` reads.
    package var bases: [String: BuiltImage]
    /// What engines have built, by the stage's index: such a stage goes on from there.
    package var heads: [Int: AssemblyHead]
    /// Images from outside, by their references as the Dockerfile writes them: their manifests, which lie in the layout
    /// with configuration and layers.
    package var externals: [String: Descriptor]
    /// Added to those of the Dockerfile, and stronger.
    package var labels: [String: String]
    /// Of the manifest.
    package var annotations: [String: String]
    /// As `linux/amd64`.
    package var platform: String
    /// Of the layers that are made; those of bases stay as they are.
    package var encoding: LayerEncoding
    /// Asked between instructions and between files; the assembly then ends with the problem `cancelled`.
    package var isCancelled: @Sendable () -> Bool

    package init(
        evaluation: Evaluation,
        context: BuildContext,
        bases: [String: BuiltImage] = [:],
        heads: [Int: AssemblyHead] = [:],
        externals: [String: Descriptor] = [:],
        labels: [String: String] = [:],
        annotations: [String: String] = [:],
        platform: String = "linux/amd64",
        encoding: LayerEncoding = .stored,
        isCancelled: @escaping @Sendable () -> Bool = { Task.isCancelled }
    ) {
        (self.evaluation, self.context, self.bases) = (evaluation, context, bases)
        (self.labels, self.annotations, self.platform) = (labels, annotations, platform)
        (self.externals, self.encoding, self.isCancelled) = (externals, encoding, isCancelled)
        self.heads = heads
    }
}

/// The image of a stage up to one of its instructions; those that follow are the evaluation's.
package struct AssemblyHead: Sendable {
    /// In the layout, with configuration and layers.
    package var manifest: Descriptor
    /// Whether the stage has had a CMD.
    package var hasCommand: Bool
    package init(manifest: Descriptor, hasCommand: Bool) { (self.manifest, self.hasCommand) = (manifest, hasCommand) }
}

/// The same request gives the same bytes on any machine, with layers that are really compressed the same tars.
///
/// Safe to use from several threads.
package final class Assembler: Sendable {
    let layout: ImageLayout
    let cache: LayerCache
    let indexes: LayerIndexCache
    let tars: OpenTars
    let archives: ArchiveIndex
    /// The images that were read last from the layout, by their manifests.
    let loaded = Mutex<[Digest: BuiltImage]>([:])
    /// Held while an image is read.
    let loading = Mutex<Void>(())

    package init(layout: ImageLayout, cache: LayerCache, indexes: LayerIndexCache = .inMemory()) {
        (self.layout, self.cache, self.indexes) = (layout, cache, indexes)
        tars = OpenTars(scratch: layout.path)
        archives = ArchiveIndex(tars: tars)
    }

    /// Writes the image's blobs to the layout, without a tag.
    ///
    /// Blocks; ends early with the problem `cancelled` when the request is cancelled.
    package func assemble(_ request: AssemblyRequest) throws(BuildProblem) -> BuiltImage {
        let platform = try Platform(request.platform)
        let packed = Self.stagesInImage(request)
        var done: [Int: Stage] = [:]
        var last: Stage?
        for stage in request.evaluation.stages {
            var build = StageBuild(
                assembler: self,
                request: request,
                stages: done,
                platform: platform,
                isPacked: packed.contains(stage.index)
            )
            let result = try build.run(stage)
            done[stage.index] = result
            last = result
        }
        guard let last else {
            throw BuildProblem("dockerfile-empty", "the Dockerfile has no stage", remedy: "add a FROM instruction")
        }
        return try publish(last, request)
    }

    /// The target and the stages that it is based on; only their layers are in the image.
    private static func stagesInImage(_ request: AssemblyRequest) -> Set<Int> {
        let stages = request.evaluation.stages
        var result: Set<Int> = []
        var stage = stages.last
        while let current = stage, result.insert(current.index).inserted, request.heads[current.index] == nil {
            guard case .stage(let base) = current.base else { break }
            stage = stages.first { $0.index == base }
        }
        return result
    }

    private func publish(_ stage: Stage, _ request: AssemblyRequest) throws(BuildProblem) -> BuiltImage {
        var configuration = stage.configuration
        for (name, value) in request.labels { configuration.execution.labels[ExactText(name)] = value }
        configuration.diffIDs = stage.layers.map(\.diffID)
        do throws(OCIError) {
            // The base's are not packed here: an image must not name what the layout has lost. Those from outside are
            // elsewhere too.
            for layer in stage.layers
            where !stage.externalLayers.contains(layer.digest) && !layout.hasBlob(layer.descriptor) {
                throw OCIError.missingBlob(layer.digest, layout: layout.path)
            }
            let descriptor = try layout.writeBlob(configuration.encoded(), mediaType: MediaType.configuration)
            let manifest = Manifest(
                configuration: descriptor,
                layers: stage.layers.map(\.descriptor),
                annotations: request.annotations
            )
            let written = try layout.writeBlob(manifest.encoded(), mediaType: MediaType.manifest)
            return BuiltImage(
                manifest: written,
                configuration: configuration,
                layers: stage.layers,
                externalLayers: stage.externalLayers,
                packedLayers: stage.packedLayers,
                rootFS: stage.tree
            )
        } catch {
            throw .storage(error)
        }
    }
}

/// A stage that is done.
struct Stage: Sendable {
    var configuration: ImageConfiguration
    /// Empty for a stage whose layers are in no image.
    var layers: [LayerRecord]
    /// Those of the layers that are from outside.
    var externalLayers: Set<Digest>
    /// Those of the layers that this assembly made.
    var packedLayers: Set<Digest>
    var tree: FileTree

    init(
        configuration: ImageConfiguration,
        layers: [LayerRecord],
        externalLayers: Set<Digest>,
        packedLayers: Set<Digest> = [],
        tree: FileTree
    ) {
        (self.configuration, self.layers) = (configuration, layers)
        (self.externalLayers, self.packedLayers, self.tree) = (externalLayers, packedLayers, tree)
    }

    init(_ image: BuiltImage) {
        self.init(
            configuration: image.configuration,
            layers: image.layers,
            externalLayers: image.externalLayers,
            tree: image.rootFS
        )
    }
}
