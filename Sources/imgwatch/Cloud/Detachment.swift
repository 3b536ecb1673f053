/// Builds in the cloud that nobody waits for: what is stale is sent and started, in the order of the bases, and the
/// rest happens in AWS.

import AWS
import Dockerfile
import Engine
import Foundation
import Graph
import OCI
import Project
import Registry
import Reporting

/// An image that is to be built, and all that it is made from.
struct DetachedImage: Sendable {
    var image: Image
    var inputs: ImageInputs
    var publication: Publication
    /// The function that gets it.
    var function: CloudFunction?
    /// Those of the images that it is made from which are being built, too.
    var waitsFor: [String]
    /// By the names of images that it is made from: by digest where that is known, else by the tag.
    var references: [String: String]
}

extension Loop {
    /// The images that CodeBuild must build, needs first; those that are in the registry, or wait for what is not
    /// built in the cloud, are not among them.
    ///
    /// Everything was read, and nothing was started.
    func detachable() async -> [DetachedImage] {
        var found: [DetachedImage] = []
        for node in nodes.graph.nodes {
            guard let image = nodes.project.image(node.id), image.building.builder == .codebuild,
                let view = engine.view(of: node.id), let publication = publication(of: node, view),
                let keyed = readings[node.id], let own = keyed.answer.keying.own
            else { continue }
            if view.isFresh, published[node.id] != nil { continue }
            if await session.store.has(image, publication) { continue }
            let needs = node.needs.filter { nodes.graph[$0]?.kind == .image }
            let inputs = ImageInputs(
                of: image,
                keyed.answer,
                own: own,
                bases: needs.map { BaseImage.probe($0.name, key: engine.view(of: $0)?.key ?? "") }
            )
            found.append(
                DetachedImage(
                    image: image,
                    inputs: inputs,
                    publication: publication,
                    function: nodes.project.function(of: image),
                    waitsFor: needs.map(\.name).filter { name in found.contains { $0.image.id.name == name } },
                    references: Dictionary(uniqueKeysWithValues: needs.map { ($0.name, reference(of: $0)) })
                )
            )
        }
        return found
    }

    private func reference(of id: NodeID) -> String {
        if let shown = published[id] { return shown.exactReference }
        guard let image = nodes.project.image(id), let node = nodes.graph[id], let view = engine.view(of: id),
            let publication = publication(of: node, view)
        else { return "" }
        return session.store.address.reference(id.name, tag: session.store.tags(of: image, publication).main)
    }

    /// Functions whose image is in the registry already, and that do not show it yet.
    func settledFunctions(besides building: Set<String>) async -> [(function: CloudFunction, shown: PublishedImage)] {
        var found: [(function: CloudFunction, shown: PublishedImage)] = []
        for node in nodes.graph.nodes where node.kind == .deploy {
            guard let deploy = nodes.project.deploy(node.id), case .function(let function) = deploy.action,
                !building.contains(deploy.image.name), let image = nodes.project.image(deploy.image),
                let own = nodes.graph[image.id], let view = engine.view(of: image.id),
                let publication = publication(of: own, view), engine.view(of: node.id)?.isFresh != true
            else { continue }
            guard let stored = await session.store.find(image, publication, asking: true) else { continue }
            found.append((function, session.store.shown(stored, of: image, publication)))
        }
        return found
    }

    /// Images that are made here of what is made there: they wait for that.
    func undetachable(building: Set<String>) -> [String] {
        nodes.graph.nodes.filter { node in
            node.kind == .image && !node.runsElsewhere
                && nodes.graph.needs(of: node.id).contains { building.contains($0.name) }
        }.map(\.id.name)
    }
}

extension Project {
    /// The function that gets the image, where there is one.
    func function(of image: Image) -> CloudFunction? {
        for deploy in image.deploys { if case .function(let function) = deploy.action { return function } }
        return nil
    }
}

/// Starts what was found.
struct Detachment: Sendable {
    let session: Session
    let settings: CloudSettings
    /// Milliseconds since 1970: who begins later has the newer images.
    let generation = Int(Date().timeIntervalSince1970 * 1000)

    /// One image that is being built now.
    struct Started: Sendable {
        var image: String
        var reference: String
        /// Of the build, or of the batch.
        var id: String
        var isBatch: Bool
    }

    private var builds: CloudBuilds { session.cloud }

    /// Contexts that are in the bucket, and what is to be done with them.
    private struct Ready: Sendable {
        var item: DetachedImage
        var order: CloudOrder
        var context: CloudContext
        var version: String?
    }

    func start(_ items: [DetachedImage]) async throws(ImageProblem) -> [Started] {
        for item in items {
            let name = item.image.id.name
            await builds.stop(builds.records[name], of: name, unless: item.publication.key)
        }
        let ready = try await upload(items)
        do throws(AWSError) {
            guard items.contains(where: { !$0.waitsFor.isEmpty }) else {
                return try await startEach(ready, patience: 0)
            }
            do throws(AWSError) {
                return try await startBatch(ready)
            } catch {
                guard error.status == 403 || ["InvalidInputException", "AccessDeniedException"].contains(error.code)
                else { throw error }
                session.tell(
                    notice: "no batch can be started, so each build waits for its base, and costs meanwhile: "
                        + "\(error.reason); \(error.remedy)"
                )
                return try await startEach(ready, patience: Self.patience)
            }
        } catch {
            throw ImageProblem(error)
        }
    }

    /// Gives functions images that are there.
    func settle(_ functions: [(function: CloudFunction, shown: PublishedImage)]) async throws(ImageProblem) {
        for (function, shown) in functions {
            do throws(AWSError) { try await FunctionUpdate(function, shown, session).perform() } catch {
                throw ImageProblem(error)
            }
            session.tell(notice: "the function \(function.name) shows \(shown.exactReference)")
        }
    }

    /// For how many seconds a build waits for its base, where AWS does not: half an hour.
    private static let patience = 1800

    private func upload(_ items: [DetachedImage]) async throws(ImageProblem) -> [Ready] {
        var ready: [Ready] = []
        for item in items {
            let build = CloudBuild(item.image, item.publication, session, settings)
            var order = try build.order(item.references)
            order.detached = CloudOrder.Detached(function: item.function?.name, generation: generation)
            let context = try await build.context(order, item.inputs) { false }
            let version = try await build.upload(context, settings)
            ready.append(Ready(item: item, order: order, context: context, version: version))
        }
        return ready
    }

    // MARK: Builds one by one

    /// Each after those that it waits for: none is ever started before its base.
    private func startEach(_ ready: [Ready], patience: Int) async throws(AWSError) -> [Started] {
        var started: [Started] = []
        for one in ready {
            var order = one.order
            order.detached?.patience = patience
            for base in one.item.waitsFor {
                order.detached?.builds[base] = started.first { $0.image == base }?.id
            }
            let build = try await builds.start(
                order,
                one.context,
                version: one.version,
                settings,
                isCancelled: { false }
            ) { error in
                session.tell(notice: "\(one.item.image.id) waits for room in CodeBuild: \(error.reason)")
            }
            let name = one.item.image.id.name
            started.append(Started(image: name, reference: order.reference, id: build.id, isBatch: false))
        }
        return started
    }

    // MARK: A batch

    private func startBatch(_ ready: [Ready]) async throws(AWSError) -> [Started] {
        let names = ready.map(\.item.image.id.name)
        var buildspec = Buildspec(ready.flatMap(\.order.cloud.buildspec.images))
        buildspec.isDetached = true
        buildspec.nodes = ready.map { one in
            Buildspec.Node(
                CloudBuilds.identifier(of: one.item.image.id.name, in: names),
                dependsOn: one.item.waitsFor.map { CloudBuilds.identifier(of: $0, in: names) },
                variables: one.order.variables(context: "\(settings.bucket ?? "")/\(one.context.key)", one.context)
                    .map { Buildspec.Pair($0.name, $0.value) },
                machine: one.order.machine.map { Buildspec.Machine(type: $0.type, image: $0.image) }
            )
        }
        let text = buildspec.text
        let failures = ready.map { "\(builds.records.failures(of: $0.item.image.id.name, key: $0.order.key))" }
        let token = Digest.sha256(of: Array((text + failures.joined(separator: " ")).utf8)).hex
        var order = CodeBuild.Order(project: settings.project, token: token)
        order.buildspec = text
        let batch = try await CodeBuild(try await builds.services.access().client()).startBatch(order)
        return ready.map { one in
            let name = one.item.image.id.name
            builds.records.set(
                name,
                CloudRecords.Record(
                    key: one.order.key,
                    reference: one.order.reference,
                    id: batch.id,
                    isBatch: true,
                    identifier: CloudBuilds.identifier(of: name, in: names),
                    failures: builds.records.failures(of: name, key: one.order.key),
                    started: generation / 1000
                )
            )
            return Started(image: name, reference: one.order.reference, id: batch.id, isBatch: true)
        }
    }
}

extension CloudBuilds {
    /// What an image is called in the graph of a batch, where only letters, digits and `_` are taken.
    static func identifier(of image: String, in all: [String]) -> String {
        let plain = { (name: String) in
            String(
                decoding: name.utf8.map { ImageReference.isAlphanumeric($0) ? $0 : UInt8(ascii: "_") },
                as: UTF8.self
            )
        }
        let own = plain(image)
        let others = all.filter { plain($0) == own }
        guard others.count > 1, let place = others.firstIndex(of: image) else { return own }
        return "\(own)_\(place + 1)"
    }
}
