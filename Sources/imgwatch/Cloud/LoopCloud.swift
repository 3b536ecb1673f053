/// Images that CodeBuild makes: their context is sent, a build is started and followed, and what it pushed is taken.

import AWS
import Building
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
import Synchronization

extension Loop {
    /// An edit that overtakes it ends the build; the end of the loop does not.
    func makeInCloud(
        _ image: Image,
        _ inputs: ImageInputs,
        _ publication: Publication,
        _ run: ActiveRun
    ) async -> Result<StoredImage, ImageProblem> {
        let (session, settings) = (session, nodes.project.cloud)
        let result = await cancellable(run) { () async throws(ImageProblem) in
            let build = CloudBuild(image, publication, session, settings)
            return try await build.make(inputs, isCancelled: { run.isCancelled })
        }
        drain()
        guard run.isCancelled, let record = session.cloud.records[image.id.name], record.key == publication.key,
            !record.isOver
        else { return result }
        if isStopping {
            session.tell(notice: "AWS goes on with \(image.id) in \(record.id); the next start looks what came of it")
        } else {
            Task { await stopOvertaken(image.id, record) }
        }
        return result
    }
}

extension Loop {
    /// Ends a build once another key is known: a file that was saved as it was has the same one, and the build is
    /// followed again.
    private func stopOvertaken(_ id: NodeID, _ record: CloudRecords.Record) async {
        for _ in 0..<Self.looks where !isOver {
            try? await Task.sleep(for: Self.lookPause)
            guard let view = engine.view(of: id) else { break }
            guard let key = view.key else { continue }
            if key == record.key { return }
            break
        }
        guard !isStopping, session.cloud.records[id.name]?.id == record.id else { return }
        await session.cloud.stop(id.name, record)
    }

    private static let looks = 100
    private static let lookPause = Duration.milliseconds(100)
}

/// One image on its way through the cloud.
struct CloudBuild: Sendable {
    private let image: Image
    private let publication: Publication
    private let session: Session
    private let settings: CloudSettings?

    init(_ image: Image, _ publication: Publication, _ session: Session, _ settings: CloudSettings?) {
        (self.image, self.publication, self.session, self.settings) = (image, publication, session, settings)
    }

    private var builds: CloudBuilds { session.cloud }

    func make(
        _ inputs: ImageInputs,
        isCancelled: @escaping @Sendable () -> Bool
    ) async throws(ImageProblem) -> StoredImage {
        guard let settings, let registry = session.store.remote else {
            throw .failed(Failure("CodeBuild needs `aws` and a `registry` in the configuration"))
        }
        var order = try order(inputs.bases.references)
        let context = try await context(order, inputs, isCancelled: isCancelled)
        // What is built for an older key is of no use any more.
        let older = builds.records[image.id.name]
        // Not ended with the run: what costs is stopped whatever comes.
        let stopping = Task { [builds, image, publication] in
            await builds.stop(older, of: image.id.name, unless: publication.key)
        }
        let build = try await start(order, context, settings, isCancelled)
        await stopping.value
        // One that was begun before a commit pushes under the name that it had then.
        if let record = builds.records[image.id.name], record.id == build.id || record.isBatch {
            order.reference = record.reference
        }
        let end = try await follow(build, order, registry)
        // It was gone from the bucket, or another version of it was meant.
        if end.complaints.contains(where: { $0.hasPrefix("DOWNLOAD_SOURCE") }) { builds.forget(context, settings) }
        guard let manifest = try await pushed(order, registry, isSure: end.isOver && end.status == .succeeded) else {
            throw failure(end, order)
        }
        builds.records.end(image.id.name, id: build.id, isFailure: false)
        return session.store.stored(manifest, key: publication.key)
    }

    // MARK: Before the build

    /// So many archives are packed at once.
    private static let packing = Slots(4)

    func order(_ references: [String: String]) throws(ImageProblem) -> CloudOrder {
        let cloud: CloudImage
        do throws(DockerfileProblem) { cloud = try CloudImage(image) } catch {
            let place = "\(image.dockerfile):\(error.line)"
            throw .failed(Failure("\(place): \(error.reason); \(error.remedy)"))
        }
        let tag = session.store.pushedTag(of: image, publication)
        return CloudOrder(
            cloud: cloud,
            reference: session.store.address.reference(image.id.name, tag: tag),
            key: publication.key,
            references: references,
            revision: image.showsRevision ? publication.provenance.revision : nil
        )
    }

    func context(
        _ order: CloudOrder,
        _ inputs: ImageInputs,
        isCancelled: @escaping @Sendable () -> Bool
    ) async throws(ImageProblem) -> CloudContext {
        let wanted = session.wantedHeads(image.evaluation.split(isWhole: true), of: image, inputs)
        guard let files = wanted.first?.files else { throw .failed(Failure("there is nothing to build")) }
        let (layout, dockerfile) = (session.store.layout, order.cloud.dockerfile(order.references))
        let buildspec = settings?.pipeline == nil ? nil : order.wholeBuildspec.text
        let (builds, settings) = (builds, settings)
        return try await Self.packing.with { () async throws(ImageProblem) in
            try await Deadline.offside {
                Result { () throws(ImageProblem) in
                    let files = try files()
                    let signature = CloudContext.signature(dockerfile, buildspec, files)
                    if let known = builds.packed(signature, settings) { return known }
                    let context = try CloudContext(
                        dockerfile: dockerfile,
                        buildspec: buildspec,
                        files,
                        in: layout,
                        isCancelled: isCancelled
                    )
                    builds.note(context, signature)
                    return context
                }
            }.get()
        }
    }

    /// - Returns: The version of the archive in the bucket.
    func upload(_ context: CloudContext, _ settings: CloudSettings) async throws(ImageProblem) -> String? {
        do throws(AWSError) {
            let (version, isSent) = try await builds.upload(context, settings)
            if isSent {
                session.tell(
                    .step("\(Formats.size(bytes: context.size)) to s3://\(settings.place(of: context.key))"),
                    of: image.id
                )
            }
            return version
        } catch {
            throw ImageProblem(error)
        }
    }

    private func start(
        _ order: CloudOrder,
        _ context: CloudContext,
        _ settings: CloudSettings,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) async throws(ImageProblem) -> CodeBuild.Build {
        let version = try await upload(context, settings)
        do throws(AWSError) {
            // Whoever ends the run must know what was started.
            let starting = Task { [builds, session, image] () async -> Result<CodeBuild.Build, AWSError> in
                do throws(AWSError) {
                    let build = try await builds.start(
                        order,
                        context,
                        version: version,
                        settings,
                        isCancelled: isCancelled
                    ) { error in
                        session.tell(notice: "\(image.id) waits for room in CodeBuild: \(error.reason)")
                    }
                    return .success(build)
                } catch {
                    return .failure(error)
                }
            }
            return try await starting.value.get()
        } catch {
            builds.forget(context, settings)
            throw ImageProblem(error)
        }
    }

    // MARK: The build

    private func follow(
        _ build: CodeBuild.Build,
        _ order: CloudOrder,
        _ registry: RemoteRegistry
    ) async throws(ImageProblem) -> CodeBuild.Build {
        let (session, image) = (session, image)
        let log = Mutex(CloudLog(of: order.buildspec))
        do throws(AWSError) {
            let end = try await builds.follower(builds.services.access()).follow(build.id) {
                ((try? await registry.key(image.id.name, order.tag)) ?? nil)?.key == order.key
            } onNews: { news in
                switch news {
                case .phase(let build):
                    session.tell(.step("CodeBuild \(build.id): \(build.phase)"), of: image.id)
                case .lines(let lines):
                    for event in log.withLock({ $0.read(lines) }) { session.tell(event, of: image.id) }
                }
            }
            if end.isOver {
                builds.records.end(image.id.name, id: end.id, isFailure: end.status != .succeeded)
                builds.keep(log.withLock(\.log), of: image.id.name)
            }
            return end
        } catch {
            throw ImageProblem(error)
        }
    }

    /// What a registry has just taken it may deny for a moment.
    private func pushed(
        _ order: CloudOrder,
        _ registry: RemoteRegistry,
        isSure: Bool
    ) async throws(ImageProblem) -> Descriptor? {
        let end = ContinuousClock.now + (isSure ? Self.patience : .zero)
        while true {
            do throws(RegistryError) {
                if let found = try await registry.image(image.id.name, order.tag, key: order.key) { return found }
            } catch {
                guard error.isTransient else { throw ImageProblem(error) }
            }
            guard ContinuousClock.now < end else { return nil }
            do { try await Task.sleep(for: .milliseconds(300)) } catch { throw .cancelled }
        }
    }

    private static let patience = Duration.seconds(10)

    /// As a failure of an engine on this machine is shown: the line, what it said, and the end of its log.
    private func failure(_ build: CodeBuild.Build, _ order: CloudOrder) -> ImageProblem {
        let log = builds.log(of: image.id.name)
        let problem = log?.problem
        let head = image.evaluation.split(isWhole: true).heads.first
        let line = problem?.line.map { $0 - order.cloud.lineShift } ?? problem?.step.flatMap { head?.line(of: $0) }
        let place = line.map { "\(image.dockerfile):\($0): " } ?? ""
        let reason: String
        switch build.status {
        case .succeeded: reason = "CodeBuild succeeded, and \(order.reference) is not what it should have pushed"
        case .stopped: reason = "somebody stopped \(build.id)"
        case .timedOut:
            reason = "CodeBuild ended it after \(build.timeoutMinutes.map { "\($0) minutes" } ?? "its time")"
        case .fault: reason = "CodeBuild itself failed: \(build.complaints.joined(separator: "; "))"
        case .failed, .inProgress:
            reason = problem?.reason ?? build.complaints.first ?? "the build failed"
        }
        let lines = problem?.log ?? log?.lastLines ?? []
        if lines.contains(where: { line in Self.absences.contains { line.contains($0) } }) {
            return .failed(
                Failure(
                    "the registry has no repository for \(order.reference) (CodeBuild \(build.id)); `imgwatch aws "
                        + "deploy` makes it"
                )
            )
        }
        let text = lines.suffix(Self.mostLines).map { "\n    \($0)" }.joined()
        let remedy = problem?.remedy ?? "`imgwatch retry` starts it again"
        return .failed(
            Failure(
                "\(place)\(reason) (CodeBuild \(build.id)); \(remedy)\(text)",
                isTransient: build.status == .fault
            )
        )
    }

    private static let mostLines = 20
    /// What docker says of a repository that is not there.
    private static let absences = [
        "RepositoryNotFoundException", "does not exist in the registry with id", "name unknown",
    ]
}

/// What an engine printed in a build, between what CodeBuild says.
private struct CloudLog {
    private var echoes: CommandEchoes
    private(set) var log = BuildLog()

    init(of buildspec: Buildspec) { echoes = CommandEchoes(of: buildspec) }

    mutating func read(_ lines: [String]) -> [EngineEvent] {
        var events: [EngineEvent] = []
        for line in lines where !echoes.contains(line) && !line.allSatisfy(\.isWhitespace) { events += log.read(line) }
        return events
    }
}
