/// Images that a command of the user's makes: it is told the reference, and what it left there is taken over.

import Dockerfile
import Engine
import Foundation
import Graph
import ImageEngines
import Inputs
import OCI
import Project
import Registry
import Reporting

extension Loop {
    /// Runs the command, and takes over the image that it left; what it read must be as it was.
    func make(
        _ image: Image,
        by command: BuildCommand,
        _ inputs: ImageInputs,
        _ publication: Publication,
        _ run: ActiveRun
    ) async -> Result<StoredImage, ImageProblem> {
        guard let node = nodes.graph[image.id], let entry = nodes[image.id] else { return .failure(.cancelled) }
        let (session, root) = (session, nodes.project.root)
        let order = CommandOrder(image, publication, in: session, root: root)
        defer { order.end() }
        let words = StepCommand(
            command.command,
            in: command.directory,
            command.environment + order.variables(inputs.bases),
            timeout: command.timeout,
            root: root,
            inherited: session.environment
        )
        let result = await execute(words, node, run)
        drain()
        guard !run.isCancelled else { return .failure(.cancelled) }
        if let failure = result.failure { return .failure(.failed(failure)) }
        guard await offload({ inputs.reading.isUnchanged(in: entry.scope, below: root) }) else {
            return .failure(.inputChanged(path: image.context.isEmpty ? root : "\(root)/\(image.context)"))
        }
        return await cancellable(run) { () async throws(ImageProblem) in try await order.take() }
    }
}

/// What a command that makes an image is told, and where what it left is looked for.
struct CommandOrder: Sendable {
    private let image: Image
    private let session: Session
    private let root: String
    private let tag: String
    private let key: String
    private let reference: String
    private let folder: String

    init(_ image: Image, _ publication: Publication, in session: Session, root: String) {
        (self.image, self.session, self.root) = (image, session, root)
        let tags = session.store.tags(of: image, publication)
        key = publication.key
        // Under a tag that shows one thing after another, what is there already would be taken for what is made now.
        tag = tags.isShared ? publication.provenance.tag(key: key) : tags.main
        folder = session.heads.newFolder()
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // An engine's store has no names of layouts.
        if case .layout = session.store.address {
            reference = "localhost/\(image.id.name):\(tag)"
        } else {
            reference = session.store.address.reference(image.id.name, tag: tag)
        }
    }

    func end() { ContextFolder.remove(folder) }

    private var archive: String { folder + "/image.tar" }
    private var registry: RemoteRegistry? { image.push ? session.store.remote : nil }

    /// The arguments come first: nothing of imgwatch's own is hidden by them.
    func variables(_ bases: [BaseImage]) -> [KeyValue] {
        image.argumentTexts(bases.references) + [
            KeyValue("IMGWATCH_IMAGE", image.id.name), KeyValue("IMGWATCH_REF", reference),
            KeyValue("IMGWATCH_TAG", tag), KeyValue("IMGWATCH_KEY", key),
            KeyValue("EXPECTED_REF", reference), KeyValue("EXPECTED_TAG", tag),
            KeyValue("IMGWATCH_CONTEXT", image.context.isEmpty ? root : "\(root)/\(image.context)"),
            KeyValue("IMGWATCH_PLATFORM", ImageStore.platform), KeyValue("IMGWATCH_ARCHIVE", archive),
            KeyValue("IMGWATCH_PUSH", registry == nil ? "false" : "true"),
        ]
    }

    // MARK: What it left

    /// In the archive, in the registry, or in the store of an engine, in this order.
    func take() async throws(ImageProblem) -> StoredImage {
        if FileManager.default.fileExists(atPath: archive) { return try adopt(archive: archive) }
        if let registry {
            let pushed: Manifest?
            do throws(RegistryError) { pushed = try await registry.shown(image.id.name, tag) } catch {
                throw ImageProblem(error)
            }
            if let pushed { return try session.store.adopt(pushed, of: image, key: key) }
        }
        let (archive, reference) = (archive, reference)
        let build = HeadBuild(key: key)
        let run = session.engineRunner(for: image.id, build, session.environment)
        let isSaved = await withTaskCancellationHandler {
            await Deadline.offside {
                [EngineKind.docker, .podman, .buildah].contains {
                    ImageEngine($0, run: run).save(reference, to: archive)
                }
            }
        } onCancel: {
            build.cancel()
        }
        if Task.isCancelled { throw .cancelled }
        if isSaved { return try adopt(archive: archive) }
        throw .failed(
            Failure(
                """
                the command left no image at \(reference); let it push or tag what it builds as $IMGWATCH_REF, or \
                write it to the file $IMGWATCH_ARCHIVE, as `docker save` does, or as a tar of an OCI layout
                """
            )
        )
    }

    private func adopt(archive: String) throws(ImageProblem) -> StoredImage {
        let store = session.store
        let taking = ImageImport(into: store.layout, encoding: store.encoding(of: image)) { _ in nil }
        do throws(OCIError) {
            let taken = try taking.take(
                archive: archive,
                platform: ImageStore.platform,
                annotations: image.annotations(key: key)
            )
            return StoredImage(key: key, manifest: taken.manifest)
        } catch {
            throw ImageProblem(error)
        }
    }
}
