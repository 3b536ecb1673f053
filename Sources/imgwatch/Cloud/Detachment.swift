/// Builds in the cloud that nobody waits for: what is stale is sent and started, in the order of the bases, and the
/// rest happens in AWS.

import AWS
import Engine
import Foundation
import Graph
import OCI
import Project
import Registry
import Reporting

/// Starts what was found.
struct Detachment: Sendable {
    let session: Session
    let settings: CloudSettings
    /// Milliseconds since 1970, by this machine's clock: who begins later has the newer images.
    private let began: Int

    init(_ session: Session, _ settings: CloudSettings, _ items: [DetachedImage]) {
        (self.session, self.settings) = (session, settings)
        let all = items.map { "\($0.image.id.name) \($0.publication.key)" }.joined(separator: "\n")
        let now = Int(Timestamp.now().milliseconds)
        began = items.isEmpty ? now : session.cloud.records.begin("\(Digest.sha256(of: Array(all.utf8)))", now: now)
    }

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
    func start(_ found: Loop.Detachable) async throws(ImageProblem) -> [Started] {
        do throws(AWSError) {
            // First: who comes between is to know of it, and one that proves untrue costs one update.
            await builds.announce(try await generation(), to: found.items.compactMap(\.function?.name))
        } catch {
            throw ImageProblem(error)
        }
        let started = try await begin(found)
        builds.records.endAttempt()
        return started
    }

    private func begin(_ found: Loop.Detachable) async throws(ImageProblem) -> [Started] {
        for (name, key) in found.keys { await builds.stop(builds.records[name], of: name, unless: key) }
        do throws(AWSError) {
            for batch in found.ended { try await builds.stopBatch(batch) }
        } catch {
            throw ImageProblem(error)
        }
        let ready = try await upload(found.items)
        // What a function shows is AWS's business from now on: whoever comes next looks.
        for item in found.items where item.function != nil {
            for deploy in item.image.deploys { _ = session.remember(deploy.id, nil, as: nil) }
        }
        do throws(AWSError) {
            guard found.items.contains(where: { !$0.waitsFor.isEmpty }) else {
                return try await startEach(ready, patience: 0)
            }
            let order = try await batchOrder(ready)
            do throws(AWSError) {
                return try await startBatch(order, ready)
            } catch {
                guard Self.isRefusal(error) else { throw error }
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

    /// Whether this project, or whoever asks, may start no batches; any other error is one.
    private static func isRefusal(_ error: AWSError) -> Bool {
        let said = error.reason.split(separator: ": ").dropFirst(2).joined(separator: ": ").lowercased()
        let isOfBatches = error.code == "InvalidInputException" && (said.contains("batch") || said.contains("role"))
        return isOfBatches || error.code == "AccessDeniedException" || error.status == 403
    }

    /// Gives functions images that are there.
    func settle(_ functions: [SettledFunction]) async throws(ImageProblem) {
        let results = await withTaskGroup(of: Result<Void, AWSError>.self) { group in
            for one in functions {
                group.addTask {
                    do throws(AWSError) {
                        let functions = Functions(try await builds.services.access().client())
                        let digest = "\(one.shown.stored.manifest.digest)"
                        if try await one.function.isUpToDate(digest, functions) { return .success(()) }
                        try await FunctionUpdate(one.function, one.shown, session, began: began).perform()
                        session.tell(
                            notice: "the function \(one.function.name) shows \(one.shown.exactReference)"
                        )
                        return .success(())
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for case .failure(let error) in results {
            // Whoever may only build has built.
            guard error.status == 403 else { throw ImageProblem(error) }
            session.tellOnce("\(error.reason); \(error.remedy)")
        }
    }

    /// For how many seconds a build waits for its base, where AWS does not: half an hour.
    private static let patience = 1800

    private func upload(_ items: [DetachedImage]) async throws(ImageProblem) -> [Ready] {
        var ready: [Ready] = []
        for item in items {
            let build = CloudBuild(item.image, item.publication, session, settings)
            var order = try build.order(item.references)
            var detached = CloudOrder.Detached(function: item.function)
            if !item.live.isEmpty {
                detached.patience = Self.patience
                session.tell(
                    notice: "\(item.image.id) waits in AWS for what is being built already, and costs meanwhile: "
                        + item.live.keys.sorted().joined(separator: ", ")
                )
            }
            detached.builds = item.live
            order.detached = detached
            let context = try await build.context(order, item.inputs) { false }
            let version = try await build.upload(context, settings)
            do throws(AWSError) {
                order.detached?.settings = try await upload(item.function?.settings)
                // Only now: by AWS's clock, as far as it was asked.
                order.detached?.generation = try await generation()
            } catch {
                throw ImageProblem(error)
            }
            ready.append(Ready(item: item, order: order, context: context, version: version))
        }
        return ready
    }

    private func generation() async throws(AWSError) -> Int {
        began + (try await builds.services.access().client().skew) * 1000
    }

    /// They may say what is not everybody's to read, and variables of builds are shown in consoles.
    private func upload(_ function: Functions.Settings?) async throws(AWSError) -> String? {
        guard let function, !function.isEmpty else { return nil }
        let text = String(decoding: function.fields.encoded(), as: UTF8.self)
        return settings.place(of: try await builds.upload(text, named: "json", settings))
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

    /// Builds of one batch, as CodeBuild limits them.
    private static let mostBuilds = 100

    /// The graph of all of them.
    private func buildspec(_ ready: [Ready], _ names: [String]) -> Buildspec {
        var buildspec = Buildspec(ready.flatMap(\.order.cloud.buildspec.images))
        buildspec.isDetached = true
        buildspec.nodes = ready.map { one in
            Buildspec.Node(
                CloudBuilds.identifier(of: one.item.image.id.name, in: names),
                dependsOn: one.item.waitsFor.map { CloudBuilds.identifier(of: $0, in: names) },
                variables: one.order.variables(settings.place(of: one.context.key), version: one.version, one.context)
                    .map { Buildspec.Pair($0.name, $0.value) },
                machine: one.order.machine.map { Buildspec.Machine(type: $0.type, image: $0.image) }
            )
        }
        return buildspec
    }

    private func batchOrder(_ ready: [Ready]) async throws(AWSError) -> CodeBuild.Order {
        guard ready.count <= Self.mostBuilds else {
            throw AWSError(
                "a batch has \(Self.mostBuilds) builds at most, and these are \(ready.count)",
                remedy: "build some of them by name first, or with `imgwatch build --wait`"
            )
        }
        let names = ready.map(\.item.image.id.name)
        var order = CodeBuild.Order(project: settings.project, token: "")
        order.buildspec = try await builds.inline(buildspec(ready, names), settings)
        return order
    }

    private func startBatch(_ order: CodeBuild.Order, _ ready: [Ready]) async throws(AWSError) -> [Started] {
        let names = ready.map(\.item.image.id.name)
        var order = order
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
                    started: Int(Timestamp.now().milliseconds) / 1000
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
