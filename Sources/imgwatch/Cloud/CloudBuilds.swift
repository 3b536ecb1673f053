/// Builds in the cloud, from a context to a digest in the registry: nothing is sent or started twice.

import AWS
import Engine
import Foundation
import Graph
import HTTP
import ImageEngines
import OCI
import Project
import Synchronization

final class CloudBuilds: Sendable {
    let services: CloudServices
    let records: CloudRecords
    private let followers = Mutex<[ObjectIdentifier: BuildFollower]>([:])
    private let logs = Mutex<[String: BuildLog]>([:])
    /// The archives that the bucket is known to have, with their versions there.
    private let uploaded = Mutex<[String: S3Bucket.Object]>([:])

    /// By signatures: what was packed, so that the same need not be packed again.
    private let packed = Mutex<[Digest: (digest: Digest, size: Int)]>([:])

    init(_ services: CloudServices, _ records: CloudRecords) { (self.services, self.records) = (services, records) }

    /// The end of a build's log, for the failure.
    func keep(_ log: BuildLog, of image: String) { logs.withLock { $0[image] = log } }
    func log(of image: String) -> BuildLog? { logs.withLock { $0[image] } }

    func follower(_ access: CloudAccess) -> BuildFollower {
        followers.withLock { followers in
            let follower = followers[ObjectIdentifier(access)] ?? BuildFollower(access)
            followers[ObjectIdentifier(access)] = follower
            return follower
        }
    }

    // MARK: Contexts

    /// What was packed under this signature, where it is in the bucket.
    func packed(_ signature: Digest, _ settings: CloudSettings?) -> CloudContext? {
        guard let settings, let known = packed.withLock({ $0[signature] }) else { return nil }
        let context = CloudContext(digest: known.digest, size: known.size)
        return uploaded.withLock { $0[settings.place(of: context.key)] } == nil ? nil : context
    }

    func note(_ context: CloudContext, _ signature: Digest) {
        packed.withLock { $0[signature] = (context.digest, context.size) }
    }

    /// Puts the archive into the bucket, unless it is there.
    ///
    /// - Returns: The version that holds it, and whether anything was sent.
    func upload(
        _ context: CloudContext,
        _ settings: CloudSettings
    ) async throws(AWSError) -> (version: String?, isSent: Bool) {
        guard let path = context.path else {
            return (uploaded.withLock { $0[settings.place(of: context.key)]?.version }, false)
        }
        let file = HTTPBody.file(path: path, offset: 0, length: context.size)
        return try await upload(file, context.digest, as: context.key, settings)
    }

    /// The same of a text that a build reads.
    ///
    /// - Returns: Its key.
    func upload(_ text: String, named suffix: String, _ settings: CloudSettings) async throws(AWSError) -> String {
        let bytes = Array(text.utf8)
        let digest = Digest.sha256(of: bytes)
        let key = "\(CloudContext.folder)/\(digest.hex).\(suffix)"
        _ = try await upload(.bytes(bytes), digest, as: key, settings)
        return key
    }

    private func upload(
        _ content: HTTPBody,
        _ digest: Digest,
        as key: String,
        _ settings: CloudSettings
    ) async throws(AWSError) -> (version: String?, isSent: Bool) {
        let bucket = try await services.access().bucket(settings.bucket ?? "")
        let name = settings.place(of: key)
        let holds = { (object: S3Bucket.Object) in
            object.size == content.length && (object.digest ?? digest) == digest
        }
        if let known = uploaded.withLock({ $0[name] }) { return (known.version, false) }
        if let there = try await bucket.object(key), holds(there) {
            uploaded.withLock { $0[name] = there }
            return (there.version, false)
        }
        let sent = try await bucket.put(content, digest, as: key)
        // Somebody else was first.
        let object: S3Bucket.Object?
        if let sent { object = sent } else { object = try await bucket.object(key) }
        guard let object, holds(object) else {
            throw AWSError(
                "\(name) holds something else than its name says",
                remedy: "delete that object; what imgwatch puts there is not overwritten"
            )
        }
        uploaded.withLock { $0[name] = object }
        return (object.version, sent != nil)
    }

    /// It may have been removed meanwhile.
    func forget(_ context: CloudContext, _ settings: CloudSettings) {
        uploaded.withLock { $0[settings.place(of: context.key)] = nil }
    }

    // MARK: Builds

    /// CodeBuild takes so much text in a request, and more of an object in a bucket.
    func inline(_ buildspec: Buildspec, _ settings: CloudSettings) async throws(AWSError) -> String {
        let text = buildspec.text
        guard text.utf8.count > Self.mostInline else { return text }
        let key = try await upload(text, named: "yml", settings)
        return try await services.access().bucket(settings.bucket ?? "").arn(key)
    }

    /// In bytes, a little below the 25,600 that CodeBuild takes.
    private static let mostInline = 25_000

    /// Starts a build, or finds the one that is under way for this key.
    func start(
        _ order: CloudOrder,
        _ context: CloudContext,
        version: String?,
        _ settings: CloudSettings,
        isCancelled: @escaping @Sendable () -> Bool,
        onHold: @Sendable (AWSError) -> Void
    ) async throws(AWSError) -> CodeBuild.Build {
        let client = try await services.access().client()
        let image = order.cloud.image.id.name
        let known = records[image]
        if let known, known.key == order.key, !known.isOver,
            let build = try await underWay(known, of: image, isCancelled)
        {
            return build
        }
        var failures = known?.key == order.key ? known?.failures ?? 0 : 0
        while true {
            var request = try await request(order, context, version, settings)
            request.token = Self.token(request, failures)
            let build: CodeBuild.Build
            if let name = settings.pipeline {
                let run = PipelineRun(name, context.key, version, isCancelled)
                build = try await run.build(request.token, Pipelines(client), CodeBuild(client))
            } else {
                build = try await startSurely(request, client, isCancelled, onHold)
            }
            // The answer of an attempt that failed, which nobody has on record.
            if build.isOver, build.status != .succeeded, failures < Self.mostFailures {
                failures += 1
                continue
            }
            records.set(
                image,
                CloudRecords.Record(
                    key: order.key,
                    reference: order.reference,
                    id: build.id,
                    failures: failures,
                    started: Int(build.start ?? 0)
                )
            )
            return build
        }
    }

    private func request(
        _ order: CloudOrder,
        _ context: CloudContext,
        _ version: String?,
        _ settings: CloudSettings
    ) async throws(AWSError) -> CodeBuild.Order {
        var request = CodeBuild.Order(project: settings.project, token: "")
        request.source = settings.place(of: context.key)
        (request.sourceVersion, request.buildspec) = (version, try await inline(order.buildspec, settings))
        (request.environment, request.machine) = (order.variables, order.machine)
        return request
    }

    /// A request that AWS knows already is answered by its build, maybe as that once was.
    private func startSurely(
        _ request: CodeBuild.Order,
        _ client: AWSClient,
        _ isCancelled: @Sendable () -> Bool,
        _ onHold: @Sendable (AWSError) -> Void
    ) async throws(AWSError) -> CodeBuild.Build {
        let codebuild = CodeBuild(client)
        let build = try await accepted(isCancelled, onHold) { () async throws(AWSError) in
            try await codebuild.start(request)
        }
        guard let start = build.start, start < Double(client.now - Self.freshness) else { return build }
        return try await codebuild.builds([build.id]).first ?? build
    }

    /// In seconds.
    private static let freshness = 5

    /// The build on record, once AWS has started it; nil where none goes on.
    private func underWay(
        _ record: CloudRecords.Record,
        of image: String,
        _ isCancelled: @Sendable () -> Bool
    ) async throws(AWSError) -> CodeBuild.Build? {
        while !isCancelled() {
            switch try await progress([image: record])[image] {
            case .begun(let build): return build.isOver ? nil : build
            case .waiting: break
            case .unknown where record.isNew: break
            case .unknown, .left, nil: return nil
            }
            try? await Task.sleep(for: Self.holdPause)
        }
        throw .notNeeded
    }

    /// So many answers of failed attempts are passed over.
    static let mostFailures = 50

    /// The same for whoever asks for the same; another one after a failure.
    static func token(_ order: CodeBuild.Order, _ failures: Int) -> String {
        let texts = [order.project, order.source, order.sourceVersion, order.buildspec, order.machine?.image]
        let all = texts.map { $0 ?? "" } + order.environment.flatMap { [$0.name, $0.value] } + ["\(failures)"]
        return Digest.sha256(of: Array(all.joined(separator: "\0").utf8)).hex
    }

    /// Where CodeBuild has no room, it is asked again until it has.
    func accepted<Value: Sendable>(
        _ isCancelled: @Sendable () -> Bool,
        _ onHold: @Sendable (AWSError) -> Void,
        _ start: () async throws(AWSError) -> Value
    ) async throws(AWSError) -> Value {
        var isTold = false
        while true {
            do throws(AWSError) {
                return try await start()
            } catch {
                guard error.code == "AccountLimitExceededException" else { throw error }
                if !isTold { onHold(error) }
                isTold = true
            }
            try? await Task.sleep(for: Self.holdPause)
            if isCancelled() { throw .notNeeded }
        }
    }

    static let holdPause = Duration.seconds(1)

    /// Ends the build of an image that another key has overtaken, where it is still under way.
    func stop(_ record: CloudRecords.Record?, of image: String, unless key: String) async {
        guard let record, record.key != key, !record.isOver else { return }
        await stop(image, record)
    }

    func stop(_ image: String, _ record: CloudRecords.Record) async {
        guard let client = try? await services.access().client() else { return }
        let codebuild = CodeBuild(client)
        do throws(AWSError) {
            if record.isBatch {
                try await stopMember(image, record, codebuild)
            } else {
                try await codebuild.stop(record.id)
            }
            records.end(image, id: record.id, isFailure: false)
        } catch {
            // It ends by itself, and what it pushes has a name that says what it is.
        }
    }

    /// The others of a batch go on; one that is of no use to any image is ended whole.
    private func stopMember(
        _ image: String,
        _ record: CloudRecords.Record,
        _ codebuild: CodeBuild
    ) async throws(AWSError) {
        let others = records.all.filter { $0.key != image && $0.value.id == record.id && !$0.value.isOver }
        guard !others.isEmpty else { return try await codebuild.stopBatch(record.id) }
        guard case .begun(let build) = try await progress([image: record])[image] else { return }
        try await codebuild.stop(build.id)
    }

    // MARK: What goes on

    /// What goes on for the images of a project.
    struct Live: Sendable {
        /// By the names of images: the builds that make them as they are now; "" where a batch is still to start it.
        var builds: [String: String] = [:]
        /// Batches that are still to start what nobody needs any more.
        var stale: Set<String> = []
    }

    /// Of these images, by name with the keys that they have now.
    ///
    /// What has ended is noted, and counts as a failure where it was one.
    func live(_ keys: [String: String]) async throws(AWSError) -> Live {
        let known = records.all.filter { keys[$0.key] != nil && !$0.value.isOver }
        let progress = try await progress(known)
        var live = Live()
        for (image, record) in known {
            let isWanted = record.key == keys[image]
            switch progress[image] ?? .unknown {
            case .begun(let build) where !build.isOver: if isWanted { live.builds[image] = build.id }
            case .begun(let build): records.end(image, id: record.id, isFailure: build.status != .succeeded)
            case .waiting(let batch):
                if isWanted {
                    live.builds[image] = ""
                } else if mayEnd(batch.id, for: keys) {
                    live.stale.insert(batch.id)
                }
            case .unknown where record.isNew: if isWanted { live.builds[image] = record.isBatch ? "" : record.id }
            case .left, .unknown: records.end(image, id: record.id, isFailure: true)
            }
        }
        return live
    }

    /// Whether a batch is still to make nothing but these images: then others lose nothing by its end.
    func mayEnd(_ batch: String, for keys: [String: String]) -> Bool {
        records.all.allSatisfy { $0.value.id != batch || $0.value.isOver || keys[$0.key] != nil }
    }

    /// Ends a batch whole; what it was still to make is nobody's any more.
    func stopBatch(_ id: String) async throws(AWSError) {
        try await CodeBuild(try await services.access().client()).stopBatch(id)
        for (image, record) in records.all where record.isBatch && record.id == id {
            records.end(image, id: id, isFailure: false)
        }
    }
}
