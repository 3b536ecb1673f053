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
        let order: CommandOrder
        do throws(ImageProblem) {
            order = try CommandOrder(image, publication, in: session, root: root)
        } catch {
            return .failure(error)
        }
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
            await order.noteMixture()
            if image.push, session.store.remote != nil { tell(mixtureOf: order) }
            return .failure(.inputChanged(path: image.context.isEmpty ? root : "\(root)/\(image.context)"))
        }
        return await cancellable(run) { () async throws(ImageProblem) in try await order.take() }
    }

    /// What a command has pushed itself nobody takes back; imgwatch goes by what it has made sure of.
    private func tell(mixtureOf order: CommandOrder) {
        session.tellOnce(
            "files changed while the command made \(order.reference): if it pushed that itself, what the registry "
                + "shows there may hold both states; imgwatch does not use it. What is left in $IMGWATCH_ARCHIVE, or "
                + "tagged and not pushed, gets its name only when it is known to be right"
        )
    }
}

/// What a command that makes an image is told, and where what it left is looked for.
struct CommandOrder: Sendable {
    private let image: Image
    private let session: Session
    private let root: String
    private let tag: String
    private let key: String
    let reference: String
    private let folder: String
    /// The command's own.
    private let environment: [String: String]

    init(_ image: Image, _ publication: Publication, in session: Session, root: String) throws(ImageProblem) {
        (self.image, self.session, self.root) = (image, session, root)
        let own = (image.building.command?.environment ?? []).map { ($0.key, $0.value) }
        environment = session.environment.merging(own) { $1 }
        let tags = session.store.tags(of: image, publication)
        key = publication.key
        // Under a tag that shows one thing after another, what is there already would be taken for what is made now.
        tag = tags.isShared ? publication.provenance.tag(key: key) : tags.main
        folder = session.heads.newFolder()
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .failed(Failure("\(folder) can't be made: \(error.localizedDescription)"))
        }
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
            KeyValue("IMGWATCH_PLATFORM", image.platforms.joined(separator: ",")),
            KeyValue("IMGWATCH_ARCHIVE", archive),
            KeyValue("IMGWATCH_PUSH", registry == nil ? "false" : "true"),
        ]
    }

    /// Files changed while the command ran: what it has pushed is of no use.
    func noteMixture() async { await registry?.noteMixture(image.id.name, tag) }

    // MARK: What it left

    /// In the archive, in the registry, or in the store of an engine, in this order.
    func take() async throws(ImageProblem) -> StoredImage {
        if FileManager.default.fileExists(atPath: archive) { return try await adoptArchive() }
        if let registry {
            var pushed: [Manifest] = []
            do throws(RegistryError) {
                for platform in image.platforms {
                    guard let one = try await registry.shown(image.id.name, tag, for: platform) else { break }
                    pushed.append(one)
                }
            } catch {
                throw ImageProblem(error)
            }
            if !pushed.isEmpty {
                let found = Dictionary(uniqueKeysWithValues: zip(image.platforms, pushed))
                let (store, image, key) = (session.store, image, key)
                return try await joined { platform throws(ImageProblem) in
                    guard let one = found[platform] else { throw .incomplete }
                    return try store.adopt(one, of: image, key: key)
                }
            }
        }
        let reasons = await save()
        if Task.isCancelled { throw .cancelled }
        guard let reasons else { return try await adoptArchive() }
        throw .failed(
            Failure(
                """
                the command left no image at \(reference)\(reasons.map { "; \($0)" }.joined()); let it push or tag \
                what it builds as $IMGWATCH_REF, or write it to the file $IMGWATCH_ARCHIVE, as `docker save` does, or \
                as a tar of an OCI layout
                """
            )
        )
    }

    /// Out of an engine's store into the archive, by the engine that the command itself speaks to.
    ///
    /// - Returns: What the engines that are there said; nil where one had it.
    private func save() async -> [String]? {
        let (archive, reference, environment) = (archive, reference, environment)
        let build = HeadBuild(key: key)
        let run = session.engineRunner(for: image.id, build, environment)
        return await withTaskCancellationHandler {
            await Deadline.offside {
                var reasons: [String] = []
                for kind in [EngineKind.docker, .podman, .buildah]
                where Program.isInstalled(kind.rawValue, in: environment) {
                    guard let reason = ImageEngine(kind, run: run).save(reference, to: archive) else { return nil }
                    reasons.append("\(kind.rawValue): \(reason)")
                }
                return reasons
            }
        } onCancel: {
            build.cancel()
        }
    }

    private static let form = """
        let it write what `docker save` writes, or a tar of an OCI layout with all its `platforms`, not compressed
        """

    private func adoptArchive() async throws(ImageProblem) -> StoredImage {
        let (store, image, key, archive) = (session.store, image, key, archive)
        return try await joined { platform throws(ImageProblem) in
            do throws(OCIError) {
                let taking = ImageImport(into: store.layout, encoding: store.encoding(of: image)) { _ in nil }
                let annotations = image.annotations(key: key)
                let taken = try taking.take(archive: archive, platform: platform, annotations: annotations)
                return StoredImage(key: key, manifest: taken.manifest)
            } catch {
                if case .fileSystem = error { throw ImageProblem(error) }
                throw .failed(Failure("what the command left in $IMGWATCH_ARCHIVE: \(error.reason); \(Self.form)"))
            }
        }
    }

    /// The image for all its platforms, each of which must be what it is said to be.
    private func joined(
        _ part: @escaping @Sendable (_ platform: String) throws(ImageProblem) -> StoredImage
    ) async throws(ImageProblem) -> StoredImage {
        let (store, image, key) = (session.store, image, key)
        return try await Deadline.offside {
            Result { () throws(ImageProblem) in
                var parts: [(platform: String, image: StoredImage)] = []
                for platform in image.platforms {
                    let one = try part(platform)
                    let its = store.platform(of: one.manifest)
                    guard its == nil || its == platform else {
                        throw .failed(
                            Failure(
                                "the command's image is for \(its ?? ""), and not for \(platform); let it make that, "
                                    + "as by `--platform $IMGWATCH_PLATFORM`, or mend `platforms`"
                            )
                        )
                    }
                    parts.append((platform, one))
                }
                return parts.count == 1 ? parts[0].image : try store.join(parts, key: key)
            }
        }.get()
    }
}
