/// Runs of images: one instant is read and assembled, judged by the engine, and published under its names.

import Building
import Dockerfile
import Engine
import Foundation
import Graph
import Inputs
import OCI
import Project
import Reporting

extension Loop {
    /// An image whose inputs never hold still for the length of one reading goes round after so many.
    private static let snapshotAttempts = 20

    func run(_ image: Image, _ run: ActiveRun) async {
        drain()
        guard nodes[image.id] != nil, !run.isCancelled else { return endCancelled(run) }
        let publication = run.start.publication
        if !lost.contains(image.id), let found = await find(image, publication, run), isCurrent(image, run) {
            switch await send(found, of: image, run) {
            case .success(let sent):
                if isCurrent(image, run) { return await publish(sent, of: image, publication, run, isBuilt: false) }
            // Some of it is gone from everywhere: it is built again.
            case .failure(.incomplete): break
            case .failure(let problem): return end(run, problem)
            }
        }
        guard !run.isCancelled else { return endCancelled(run) }
        tellStarted(run)
        await build(image, run)
    }

    /// What was built before under this key; ends early where the run is cancelled, since a registry may not answer.
    private func find(_ image: Image, _ publication: Publication, _ run: ActiveRun) async -> StoredImage? {
        let session = session, isAsking = mayBeElsewhere(run)
        let found = await cancellable(run) { () async throws(ImageProblem) in
            let others = session.cloud.otherTags(of: image, publication, session.store)
            return await session.store.find(image, publication, asking: isAsking, others: others)
        }
        return (try? found.get()) ?? nil
    }

    /// By a key that edits have overtaken nothing is published that was built earlier: its needs may have been stale
    /// then.
    private func isCurrent(_ image: Image, _ run: ActiveRun) -> Bool {
        drain()
        return !run.isCancelled
            && readings[image.id].map { touched[image.id, default: 0] <= $0.barrier } == true
    }

    /// Whether somebody else may have pushed what is to be built: not what was edited here just now, unless it is what
    /// a commit holds.
    private func mayBeElsewhere(_ run: ActiveRun) -> Bool {
        // A build there costs more than a question, and may have ended while nobody looked.
        if nodes.graph[run.start.node]?.runsElsewhere == true { return true }
        if case .commit(_, _, isDirty: false) = run.start.publication.provenance { return true }
        return ![.inputs, .outputs, .need].contains(run.start.cause.reason)
    }

    private func build(_ image: Image, _ run: ActiveRun) async {
        var isRestless = false
        for _ in 0..<Self.snapshotAttempts where !run.isCancelled {
            guard let taken = await snapshot(image, run, copying: isRestless) else { continue }
            handle(.snapshot(image.id, run.start.operation, taken.snapshot))
            guard let publication = await run.decision(), publication.key == taken.inputs.key else { break }
            switch await made(image, taken.inputs, publication, run) {
            case .success(let stored):
                switch await send(stored, of: image, run) {
                case .success(let sent):
                    return await publish(sent, of: image, publication, run, isBuilt: true)
                case .failure(let problem): return end(run, problem)
                }
            case .failure(.inputChanged(let path)):
                drain()
                if touched[image.id, default: 0] <= taken.snapshot.barrier { noteUntold(path) }
                run.reconsider()
                isRestless = true
            case .failure(let problem): return end(run, problem)
            }
        }
        endCancelled(run)
    }

    private func made(
        _ image: Image,
        _ inputs: ImageInputs,
        _ publication: Publication,
        _ run: ActiveRun
    ) async -> Result<StoredImage, ImageProblem> {
        if let command = image.building.command { return await make(image, by: command, inputs, publication, run) }
        if image.building.builder == .codebuild { return await makeInCloud(image, inputs, publication, run) }
        return await assemble(image, inputs, run)
    }

    private func end(_ run: ActiveRun, _ problem: ImageProblem) {
        drain()
        // What was begun to be named is not taken back by an edit: it failed, and that counts.
        guard !run.isCancelled || run.isPublishing else { return endCancelled(run) }
        switch problem {
        case .failed(let failure):
            end(run, RunEnd(.failed(failure), barrier: sequence, isHalfDone: run.isPublishing))
        case .incomplete:
            let failure = Failure("a layer of it is neither here nor in the registry", isTransient: true)
            end(run, RunEnd(.failed(failure), barrier: sequence))
        case .baseIsGone(let name):
            let base = NodeID(name)
            tell(notice: "the registry has not all of \(base) any more: it is built again")
            lost.insert(base)
            published[base] = nil
            handle(.lost(base))
            endCancelled(run)
        case .unassembled(let failure): end(run, RunEnd(.failed(failure), barrier: sequence))
        case .inputChanged, .cancelled: endCancelled(run)
        }
    }

    /// An image's inputs as they were at one instant, for the engine and for the assembler.
    private struct TakenSnapshot: Sendable {
        var snapshot: Snapshot
        var inputs: ImageInputs
    }

    /// Nil where the inputs do not settle.
    ///
    /// What changes faster than it can be packed is copied within the instant, and packed from the copy.
    private func snapshot(_ image: Image, _ run: ActiveRun, copying isRestless: Bool) async -> TakenSnapshot? {
        guard let settled = await current(image, run, copying: isRestless), let bases = settled.bases,
            let own = settled.answer.keying.own, settled.answer.keying.missing.isEmpty,
            // What was stale at that instant, and is not now, was made anew since; else the engine says no.
            settled.hadFreshNeeds || !engine.hasFreshNeeds(image.id)
        else { return nil }
        return TakenSnapshot(
            snapshot: Snapshot(own: own, provenance: settled.answer.keying.provenance, barrier: settled.barrier),
            inputs: ImageInputs(of: image, settled.answer, own: own, bases: bases, copies: settled.copies)
        )
    }

    /// What the key was made from, where nothing changed since; else the inputs are read again.
    private func current(_ image: Image, _ run: ActiveRun, copying isRestless: Bool) async -> SettledReading? {
        drain()
        guard nodes[image.id] != nil else { return nil }
        guard !isRestless, let keyed = readings[image.id], touched[image.id, default: 0] <= keyed.barrier else {
            return await settleUnwritten(image, run, copying: isRestless)
        }
        let isReady = engine.hasFreshNeeds(image.id)
        return SettledReading(answer: keyed.answer, bases: bases(of: image), hadFreshNeeds: isReady, barrier: sequence)
    }

    /// At an instant at which nobody writes an input, however often they are saved: who was in the midst of one then
    /// has closed it since, which is told, or has it open still.
    ///
    /// As with a key, ten seconds are the limit, and one second where only other saves follow.
    private func settleUnwritten(_ image: Image, _ run: ActiveRun, copying: Bool) async -> SettledReading? {
        let start = ContinuousClock.now
        while let settled = await settle(image.id, copying: copying), !run.isCancelled {
            let wasWritten = await waitForWriters(of: settled, run, until: start + Limits.writerPatience)
            drain()
            let isQuiet = !wasWritten && touched[image.id, default: 0] <= settled.barrier
            let patience = wasWritten ? Limits.writerPatience : Self.savesPatience
            if isQuiet || .now - start >= patience { return settled }
        }
        return nil
    }

    /// - Returns: Whether there were any.
    private func waitForWriters(
        of settled: SettledReading,
        _ run: ActiveRun,
        until end: ContinuousClock.Instant
    ) async -> Bool {
        let (session, sources) = (session, nodes.project.ownFiles)
        var wasWritten = false
        while !run.isCancelled, .now < end,
            await !offload({ session.writers(of: settled.answer.reading, and: sources) }).isEmpty
        {
            wasWritten = true
            try? await Task.sleep(for: Self.writerPause)
        }
        return wasWritten
    }

    private static let savesPatience: Duration = .seconds(1)
    private static let writerPause: Duration = .milliseconds(20)

    /// Packs what the snapshot read: other bytes than the key names end it as changed.
    private func assemble(
        _ image: Image,
        _ inputs: ImageInputs,
        _ run: ActiveRun
    ) async -> Result<StoredImage, ImageProblem> {
        let session = session
        return await cancellable(run) { () async throws(ImageProblem) in
            try await session.make(image, inputs) { run.isCancelled }
        }
    }

    /// Sends all but the names to where the image goes.
    private func send(
        _ stored: StoredImage,
        of image: Image,
        _ run: ActiveRun
    ) async -> Result<StoredImage, ImageProblem> {
        let session = session
        return await cancellable(run) { () async throws(ImageProblem) in
            try await session.store.send(stored, of: image)
        }
    }

    /// Work that ends early where its run is cancelled.
    nonisolated func cancellable<Value: Sendable>(
        _ run: ActiveRun,
        _ work: @escaping @Sendable () async throws(ImageProblem) -> Value
    ) async -> Result<Value, ImageProblem> {
        let task = Task {
            do throws(ImageProblem) { return Result<Value, ImageProblem>.success(try await work()) } catch {
                return .failure(error)
            }
        }
        run.onCancel { task.cancel() }
        return await task.value
    }

    /// In the order of the needs; nil where one is not published.
    func bases(of image: Image) -> [BaseImage]? {
        var bases: [BaseImage] = []
        for need in nodes.graph[image.id]?.needs ?? [] where nodes.graph[need]?.kind == .image {
            guard let base = published[need] else { return nil }
            bases.append(BaseImage(need.name, base))
        }
        return bases
    }

    private func isBuiltOn(_ image: NodeID) -> Bool {
        nodes.graph.dependents(of: image).contains { nodes.graph[$0]?.kind == .image }
    }

    /// Sets the names; what was sent counts, also where the run is cancelled meanwhile.
    private func publish(
        _ stored: StoredImage,
        of image: Image,
        _ publication: Publication,
        _ run: ActiveRun,
        isBuilt: Bool
    ) async {
        let store = session.store
        let move = await cancellable(run) { () async throws(ImageProblem) in
            try await store.move(of: image, publication)
        }
        let moved: MovedTag?
        switch move {
        case .success(let tag): moved = tag
        case .failure(let problem): return end(run, problem)
        }
        guard run.beginPublishing() else { return endCancelled(run) }
        // An edit does not end it.
        let naming = Task { await name(stored, of: image, publication) }
        run.onAbandon { naming.cancel() }
        let result = await naming.value
        drain()
        switch result {
        case .success(let shown):
            published[image.id] = shown
            imageBegan[image.id] = Int(Timestamp.now().milliseconds) - run.milliseconds
            // What is in it takes memory, and can be read again.
            if !isBuiltOn(image.id) { published[image.id]?.stored.forgetContent() }
            lost.remove(image.id)
            if let node = nodes.graph[image.id] {
                told.remove(run.start.operation)
                session.tell(LoopEvent(shown, of: node, run, publication, isBuilt: isBuilt))
                if let moved {
                    tell(notice: "the tag \(moved.tag) of \(image.id) moved; it showed \(moved.digest)")
                }
            }
            end(run, RunEnd(.succeeded, barrier: sequence, publication: publication))
        case .failure(let problem): end(run, problem)
        }
    }

    private func name(
        _ stored: StoredImage,
        of image: Image,
        _ publication: Publication
    ) async -> Result<PublishedImage, ImageProblem> {
        let store = session.store
        do throws(ImageProblem) {
            try await store.push(stored, of: image, publication)
            return await offload {
                Result { () throws(ImageProblem) in try store.publish(stored, of: image, publication) }
            }
        } catch {
            return .failure(error)
        }
    }

    private func endCancelled(_ run: ActiveRun) { end(run, RunEnd(.cancelled, barrier: sequence)) }
}
