/// The heads of images: what an engine builds once, under a key of its own, for all the tails that follow.

import Dockerfile
import Engine
import Foundation
import Glibc
import Graph
import ImageEngines
import Inputs
import OCI
import Project
import Serving
import Synchronization

/// A head that is wanted: of which image, and all that decides it.
struct WantedHead: Sendable {
    var head: Split.Head
    var image: Image
    var key: String
    /// Those of the context that it reads, where they lie now; made when they are needed.
    var files: @Sendable () throws(ImageProblem) -> [ContextEntry]
    /// Images of the project that it is made from.
    var bases: [BaseImage]
    /// What arguments stand for that name images of the project, by those names.
    var references: [String: String]
    /// Whether it gets its name, for those who come later.
    var isKept = true
    /// Whether the engine may take what it built before.
    var usesCache = true

    /// For which its stages want their bases.
    var platforms: Set<String> { Set([image.platform] + head.evaluation.stages.compactMap(\.platform)) }

    /// The name in the layout.
    var name: String { "\(Self.place(of: image.id.name)):\(key)" }

    /// What stands before the colon of the names of an image's heads; no repository begins so.
    static func place(of image: String) -> String { "\(ImageStore.unpushed)head/\(image)" }
}

/// Safe to use from several threads.
final class HeadBuilder: Sendable {
    let store: ImageStore
    private let environment: [String: String]
    /// Absolute; each build has a folder in it, named after its process.
    private let scratch: String
    private let choice = EngineChoice()
    /// By image, platform and stage.
    private let running = Mutex<[String: HeadBuild]>([:])
    private let count = Mutex(0)
    /// The latest of each, by image, platform and stage.
    let keys = Mutex<[String: HeadKey]>([:])
    /// Pushes of heads that are under way, or were.
    let sharing = Mutex<[Task<Void, Never>]>([])
    /// The keys of heads that were shared, or found to be.
    let shared = Mutex<Set<String>>([])

    init(store: ImageStore, environment: [String: String], scratch: String) {
        (self.store, self.environment, self.scratch) = (store, environment, scratch)
    }

    /// Removes what a crash left; of who runs, nothing.
    static func clear(_ scratch: String) {
        ContextPlace.clear()
        for name in (try? FileManager.default.contentsOfDirectory(atPath: scratch)) ?? [] {
            let owner = name.split(separator: "-").first.flatMap { pid_t($0) }
            if let owner, owner != getpid(), kill(owner, 0) == 0 || errno == EPERM { continue }
            ContextFolder.remove("\(scratch)/\(name)")
        }
    }

    /// The head's manifest in the layout, where it was built before, and all of it is still there.
    func find(_ wanted: WantedHead) -> Descriptor? {
        guard let manifest = try? store.layout.resolve(wanted.name),
            let content = try? store.layout.readManifest(manifest),
            (content.layers + [content.configuration]).allSatisfy({ store.layout.hasBlob($0) })
        else { return nil }
        return manifest
    }

    /// Builds the head; who asks for the same one joins, and who asks for another one of the same stage ends it.
    ///
    /// Who is cancelled goes away; the build goes on, for whoever comes next.
    func build(_ wanted: WantedHead, _ session: Session) async throws(ImageProblem) -> Descriptor {
        let place = "\(wanted.image.id.name) \(wanted.image.platform) \(wanted.head.stage)"
        while true {
            if let found = find(wanted) {
                share(wanted, found, session)
                return found
            }
            let new = HeadBuild(key: wanted.key)
            let current = running.withLock { running in
                if let current = running[place] { return current }
                running[place] = new
                return new
            }
            if current === new {
                Task { [self] in
                    let result = await make(wanted, new, session)
                    running.withLock { $0[place] = nil }
                    new.finish(result)
                }
            } else if current.key != wanted.key || current.isCancelled {
                current.cancel()
                await current.end()
                if Task.isCancelled { throw .cancelled }
                continue
            }
            return try await current.value()
        }
    }

    /// Which engine builds for whoever wants this builder.
    ///
    /// Throws why none works.
    func engine(
        for builder: Builder,
        of image: Image,
        _ session: Session
    ) async throws(EngineProblem) -> EngineChoice.Chosen {
        let runner = session.engineRunner(for: image.id, HeadBuild(key: ""), environment)
        return try await choose(for: builder, running: runner).get()
    }

    /// Builds it whether it is there or not, beside whatever is under way.
    func buildAnew(_ wanted: WantedHead, _ session: Session) async throws(ImageProblem) -> Descriptor {
        try await make(wanted, HeadBuild(key: wanted.key), session).get()
    }

    /// Nothing is built.
    var isIdle: Bool { running.withLock(\.isEmpty) }

    /// Ends all that is under way.
    func end() async {
        for build in running.withLock({ Array($0.values) }) {
            build.cancel()
            await build.end()
        }
        for task in sharing.withLock(\.self) { task.cancel() }
        await finishSharing()
    }

    /// The name of a folder that nobody has, for what comes and goes with one build.
    func newFolder() -> String {
        let number = count.withLock { count in
            count += 1
            return count
        }
        return "\(scratch)/\(getpid())-\(number)"
    }

    // MARK: Building

    private func make(
        _ wanted: WantedHead,
        _ build: HeadBuild,
        _ session: Session
    ) async -> Result<Descriptor, ImageProblem> {
        let fetching = Task { () -> Result<Descriptor?, ImageProblem> in
            if let shared = await fetch(wanted, session) { return .success(shared) }
            do throws(ImageProblem) {
                // What is pulled from there is in the layout: also where images go elsewhere, or nowhere.
                let nothing = wanted.image.reduced(to: Evaluation(stages: []))
                for platform in wanted.platforms {
                    try await session.fetchBases(of: nothing, wanted.bases.parts(for: platform))
                }
                return .success(nil)
            } catch {
                return .failure(error)
            }
        }
        build.onCancel { fetching.cancel() }
        do throws(ImageProblem) {
            if let shared = try await fetching.value.get() { return .success(shared) }
            if build.isCancelled { return .failure(.cancelled) }
            let registry = wanted.bases.isEmpty ? nil : await session.serveBases()
            // Which engine works is asked while the context is written.
            let runner = session.engineRunner(for: wanted.image.id, build, environment)
            async let choosing = choose(for: wanted.image.building.builder, running: runner)
            let folder = newFolder()
            let prepared = await Deadline.offside { [environment] in
                Result { () throws(ImageProblem) in
                    try HeadRequest(wanted, in: folder, build, port: registry?.port, environment)
                }
            }
            // Nobody waits for an engine that does not answer where there is nothing to build.
            if case .failure = prepared { build.cancel() }
            let chosen = await choosing
            let result = await Deadline.offside {
                Result { () throws(ImageProblem) in
                    try self.build(wanted, prepared.get(), chosen, build, session)
                }
            }
            await registry?.registry.stop()
            if case .success(let manifest) = result { share(wanted, manifest, session) }
            return result
        } catch {
            return .failure(error)
        }
    }

    private func choose(
        for builder: Builder,
        running runner: @escaping EngineRunner
    ) async -> Result<EngineChoice.Chosen, EngineProblem> {
        await Deadline.offside { [choice] in
            Result { () throws(EngineProblem) in try choice.choose(for: builder, running: runner) }
        }
    }

    private func build(
        _ wanted: WantedHead,
        _ prepared: HeadRequest,
        _ chosen: Result<EngineChoice.Chosen, EngineProblem>,
        _ build: HeadBuild,
        _ session: Session
    ) throws(ImageProblem) -> Descriptor {
        defer { withExtendedLifetime(prepared) {} }
        do throws(EngineProblem) {
            let chosen = try chosen.get()
            session.tellOnce(Self.notice(chosen))
            try self.build(prepared, chosen, session) { event in
                if build.isAwaited { session.tell(event, of: wanted.image.id) }
            }
        } catch {
            throw Self.problem(error, wanted, isCancelled: build.isCancelled)
        }
        guard prepared.isComplete else { throw .inputChanged(path: prepared.request.context) }
        return try take(prepared.request.result, wanted)
    }

    /// By Docker's own language in its latest version, or, where that can't be fetched, in the version that the engine
    /// brings along: what this does not know it refuses.
    private func build(
        _ prepared: HeadRequest,
        _ chosen: EngineChoice.Chosen,
        _ session: Session,
        onEvent: @escaping (EngineEvent) -> Void
    ) throws(EngineProblem) {
        do throws(EngineProblem) {
            do throws(EngineProblem) {
                try chosen.engine.build(prepared.request, chosen.version, onEvent: onEvent)
            } catch {
                guard error.lacksFrontend, prepared.leaveSyntaxOut() else { throw error }
                session.tellOnce("what `# syntax=` names can't be fetched: \(chosen.version.text) reads it by its own")
                try chosen.engine.build(prepared.request, chosen.version, onEvent: onEvent)
            }
        } catch {
            if error.kind == .unavailable { choice.forget(chosen.engine.kind) }
            throw error
        }
    }

    private static func notice(_ chosen: EngineChoice.Chosen) -> String {
        let others = chosen.passedOver.isEmpty ? "" : " (\(chosen.passedOver.joined(separator: "; ")))"
        return "\(chosen.version.text) builds what only an engine can\(others)"
    }

    private static func problem(_ problem: EngineProblem, _ wanted: WantedHead, isCancelled: Bool) -> ImageProblem {
        if problem.kind == .cancelled || isCancelled { return .cancelled }
        let line = problem.line ?? problem.step.flatMap { wanted.head.line(of: $0) }
        let place = line.map { "\(wanted.image.dockerfile):\($0): " } ?? ""
        let log = problem.log.map { "\n    \($0)" }.joined()
        return .failed(
            Failure("\(place)\(problem.reason); \(problem.remedy)\(log)", isTransient: problem.kind == .unavailable)
        )
    }

    /// Puts the image into the layout, under the head's name where it is to be kept.
    private func take(_ archive: String, _ wanted: WantedHead) throws(ImageProblem) -> Descriptor {
        do throws(OCIError) {
            let externals = (try? store.externals(of: wanted.image)) ?? [:]
            let known = store.layers(of: wanted.bases.map(\.image.manifest) + externals.values)
            let taking = ImageImport(into: store.layout, encoding: store.encoding(of: wanted.image)) { known[$0] }
            let annotations = [ImageStore.keyName: wanted.key]
            let manifest = try taking.take(
                archive: archive,
                platform: wanted.image.platform,
                annotations: annotations
            ).manifest
            if wanted.isKept { try store.layout.tag(wanted.name, as: manifest) }
            return manifest
        } catch {
            throw ImageProblem(error)
        }
    }
}
