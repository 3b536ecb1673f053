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
    /// Of those that it is made from, the ones that other builds make: these builds.
    var live: [String: String]
    /// By the names of images that it is made from: by digest where that is known, else by the tag.
    var references: [String: String]
}

extension Loop {
    /// What is to be done with the images that CodeBuild makes, needs first.
    struct Detachable: Sendable {
        /// These must be built.
        var items: [DetachedImage] = []
        /// These are being built already: their builds.
        var live: [String: String] = [:]
        /// These can't be: they are made of what is not there, and is not made in AWS.
        var left: [String] = []
        /// The keys of all of them.
        var keys: [String: String] = [:]
    }

    /// Everything was read, and nothing was started.
    func detachable() async throws(ImageProblem) -> Detachable {
        var found = Detachable()
        let images = nodes.graph.nodes.filter { $0.kind == .image }
        for node in images where node.runsElsewhere { found.keys[node.id.name] = engine.view(of: node.id)?.key }
        let keys = found.keys
        found.live = try await live(keys)
        for node in images {
            var isOpen = !node.runsElsewhere && !isFresh(node.id)
            for need in node.needs {
                let isStaleStep = nodes.graph[need]?.kind == .step && !isFresh(need)
                isOpen = isOpen || isStaleStep || found.left.contains(need.name)
            }
            if isOpen {
                found.left.append(node.id.name)
            } else if !node.runsElsewhere {
                continue
            } else if found.live[node.id.name] == nil, let item = try await detached(node, found) {
                found.items.append(item)
            }
        }
        return found
    }

    private func live(_ keys: [String: String]) async throws(ImageProblem) -> [String: String] {
        do throws(AWSError) { return try await session.cloud.live(keys) } catch { throw ImageProblem(error) }
    }

    private func isFresh(_ id: NodeID) -> Bool { engine.view(of: id)?.isFresh ?? false }

    /// nil where the registry has it.
    private func detached(_ node: Node, _ found: Detachable) async throws(ImageProblem) -> DetachedImage? {
        guard let image = nodes.project.image(node.id), let view = engine.view(of: node.id),
            let publication = publication(of: node, view), let keyed = readings[node.id],
            let own = keyed.answer.keying.own, try await !isThere(image, publication)
        else { return nil }
        let needs = node.needs.filter { nodes.graph[$0]?.kind == .image }
        let bases = needs.map { BaseImage.probe($0.name, key: engine.view(of: $0)?.key ?? "") }
        return DetachedImage(
            image: image,
            inputs: ImageInputs(of: image, keyed.answer, own: own, bases: bases),
            publication: publication,
            function: nodes.project.function(of: image),
            waitsFor: needs.map(\.name).filter { name in found.items.contains { $0.image.id.name == name } },
            live: found.live.filter { build in needs.contains { $0.name == build.key } },
            references: Dictionary(uniqueKeysWithValues: needs.map { ($0.name, reference(of: $0)) })
        )
    }

    /// Whether the registry has the image under the tag that its build would push.
    ///
    /// One that was built under another name, before a commit, gets this one, too.
    private func isThere(_ image: Image, _ publication: Publication) async throws(ImageProblem) -> Bool {
        guard let remote = session.store.remote else { return false }
        let tag = session.store.pushedTag(of: image, publication)
        do throws(RegistryError) {
            if try await remote.key(image.id.name, tag)?.key == publication.key { return true }
            guard let record = session.cloud.records[image.id.name], record.key == publication.key,
                let old = record.reference.split(separator: ":").last.map(String.init), old != tag,
                let manifest = try await remote.image(image.id.name, old, key: publication.key)
            else { return false }
            let stored = session.store.stored(manifest, key: publication.key)
            do throws(ImageProblem) { try await remote.publish(stored, image.id.name, [tag], moving: []) } catch {
                throw RegistryError("\(tag) can't be set", remedy: "see the registry's own log")
            }
            return true
        } catch {
            throw ImageProblem(error)
        }
    }

    private func reference(of id: NodeID) -> String {
        if let shown = published[id], nodes.graph[id]?.runsElsewhere != true { return shown.exactReference }
        guard let image = nodes.project.image(id), let node = nodes.graph[id], let view = engine.view(of: id),
            let publication = publication(of: node, view)
        else { return "" }
        return session.store.address.reference(id.name, tag: session.store.pushedTag(of: image, publication))
    }

    /// Functions whose image is in the registry.
    func settledFunctions(besides building: Set<String>) async -> [(function: CloudFunction, shown: PublishedImage)] {
        var found: [(function: CloudFunction, shown: PublishedImage)] = []
        for node in nodes.graph.nodes where node.kind == .deploy {
            guard let deploy = nodes.project.deploy(node.id), case .function(let function) = deploy.action,
                !building.contains(deploy.image.name), let image = nodes.project.image(deploy.image),
                let own = nodes.graph[image.id], let view = engine.view(of: image.id),
                let publication = publication(of: own, view),
                let stored = await session.store.find(image, publication, asking: true)
            else { continue }
            found.append((function, session.store.shown(stored, of: image, publication)))
        }
        return found
    }
}

extension ImageStore {
    /// What a build in the cloud pushes: a tag that shows one thing after another is set when the image is there.
    func pushedTag(of image: Image, _ publication: Publication) -> String {
        let tags = tags(of: image, publication)
        return tags.isShared ? publication.provenance.tag(key: publication.key) : tags.main
    }
}

extension Deploy.Action {
    fileprivate var isFunction: Bool { if case .function = self { true } else { false } }
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
    let generation = Int(Timestamp.now().milliseconds)

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

    /// What is built for other keys than those of now is stopped, of all images.
    func start(_ items: [DetachedImage], keys: [String: String]) async throws(ImageProblem) -> [Started] {
        for (name, key) in keys { await builds.stop(builds.records[name], of: name, unless: key) }
        let ready = try await upload(items)
        // What a function shows is AWS's business from now on: whoever comes next looks.
        for item in items {
            guard let deploy = item.image.deploys.first(where: { $0.action.isFunction }) else { continue }
            _ = session.remember(deploy.id, nil, as: nil)
        }
        do throws(AWSError) {
            guard items.contains(where: { !$0.waitsFor.isEmpty }) else {
                return try await startEach(ready, patience: 0)
            }
            do throws(AWSError) {
                return try await startBatch(ready)
            } catch {
                let isRefused = error.code == "InvalidInputException" && error.reason.lowercased().contains("batch")
                guard isRefused || error.code == "AccessDeniedException" || error.status == 403 else { throw error }
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
            do throws(AWSError) {
                let update = FunctionUpdate(function, shown, session, began: generation)
                if try await update.isDone() { continue }
                try await update.perform()
            } catch {
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
            if !item.live.isEmpty { order.detached?.patience = Self.patience }
            order.detached?.builds = item.live.filter { !$0.value.isEmpty }
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
            if !one.item.waitsFor.isEmpty { order.detached?.patience = patience }
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
        var order = CodeBuild.Order(project: settings.project, token: "")
        order.buildspec = buildspec.text
        let codebuild = CodeBuild(try await builds.services.access().client())
        var batch: CodeBuild.Batch
        var failures = ready.map { builds.records.failures(of: $0.item.image.id.name, key: $0.order.key) }.max() ?? 0
        repeat {
            order.token = CloudBuilds.token(order, failures)
            let request = order
            batch = try await builds.accepted(
                { false },
                { session.tell(notice: "CodeBuild has no room: \($0.reason)") }
            ) {
                () async throws(AWSError) in try await codebuild.startBatch(request)
            }
            failures += 1
            // The answer of an attempt that failed.
        } while batch.isOver && batch.status != .succeeded && failures < CloudBuilds.mostFailures
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
