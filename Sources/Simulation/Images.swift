/// The virtual builder: it reads an image's inputs in pieces, makes a snapshot, and speaks to a registry.

import Engine

enum ImageStage: Sendable {
    case read
    /// Files that changed meanwhile are read again.
    case reread
    /// The snapshot's key is made.
    case named
    case packed
    /// The content tag's request is carried out.
    case tagged
    /// The alias's request is carried out.
    case moved
}

extension World {
    mutating func beginImage(_ index: Int) {
        let publication = runs[index].start.publication
        if registry.holds(publication.key) {
            runs[index].publication = publication
            schedule(.image(run: index, .packed), after: random.int(1...4))
        } else {
            schedule(.image(run: index, .read), after: 0)
        }
    }

    mutating func proceed(image index: Int, _ stage: ImageStage) {
        guard runs[index].isLive else { return }
        switch stage {
        case .read: readNext(index)
        case .reread:
            for (position, path) in runs[index].recipe.inputs.enumerated() {
                runs[index].seen[position] = tree.files[path]
            }
            settle(index)
        case .named: offer(index)
        case .packed: requestTag(index)
        case .tagged: applyTag(index)
        case .moved: applyAlias(index)
        }
    }

    private func pause(_ index: Int) -> ClosedRange<Int> { 0...max(1, runs[index].recipe.duration / 4) }

    private mutating func readNext(_ index: Int) {
        let inputs = runs[index].recipe.inputs
        let position = runs[index].seen.count
        guard position < inputs.count else { return settle(index) }
        runs[index].seen.append(tree.files[inputs[position]])
        schedule(.image(run: index, .read), after: random.int(pause(index)))
    }

    /// Read, barrier, re-read what changed meanwhile.
    private mutating func settle(_ index: Int) {
        drain()
        guard runs[index].isLive, !runs[index].isCancelled else { return }
        let recipe = runs[index].recipe
        let isTorn = zip(recipe.inputs, runs[index].seen).contains { tree.files[$0] != $1 }
        if isTorn, defect != .snapshotsUnsettled {
            return schedule(.image(run: index, .reread), after: random.int(pause(index)))
        }
        // What cannot be read is neither a success nor a failure of this key: the next reading names what is missing.
        guard !runs[index].seen.contains(nil) else { return end(index, .cancelled) }
        guard engine.hasFreshNeeds(ids[runs[index].node]) || defect == .publishesWithoutCommitGate else {
            return end(index, .cancelled)
        }
        runs[index].bases = shownBases(of: runs[index].node)
        let snapshot = Snapshot(
            own: recipe.ownKey(runs[index].node, reading: runs[index].seen.map { $0?.content }),
            provenance: repository.provenance(of: runs[index].node, tree, blueprint),
            barrier: drained
        )
        runs[index].snapshot = snapshot
        guard scenario.naming > 0 else { return offer(index) }
        schedule(.image(run: index, .named), after: random.int(0...scenario.naming))
    }

    /// The engine is asked whether the snapshot may be published; its bases are those of its instant.
    private mutating func offer(_ index: Int) {
        guard let snapshot = runs[index].snapshot, runs[index].isLive, !runs[index].isCancelled else { return }
        guard runs[index].bases == shownBases(of: runs[index].node) else { return end(index, .cancelled) }
        judge.snapshots[runs[index].node] = snapshot.barrier
        send(.snapshot(runs[index].start.node, runs[index].start.operation, snapshot))
    }

    mutating func publish(_ operation: OperationID, _ publication: Publication) {
        guard let index = runOf[operation], runs[index].snapshot != nil, runs[index].publication == nil,
            !runs[index].isCancelled
        else { return violate(.effects, "\(publication.key) is published without a snapshot") }
        runs[index].publication = publication
        let takes = runs[index].recipe.upload ?? random.pick([3, 20, 80])
        schedule(.image(run: index, .packed), after: registry.holds(publication.key) ? 1 : takes)
    }

    // MARK: Requests

    private var flakiness: Int { now < end + Bounds.flakiness ? scenario.flakiness : 0 }

    private mutating func requestTag(_ index: Int) {
        guard !runs[index].isCancelled, let publication = runs[index].publication else { return }
        if !registry.holds(publication.key), runs[index].recipe.fails(publication.key) {
            return end(index, .failed(Failure("RUN make: exit status 2")))
        }
        request(index, .tagged)
    }

    private mutating func request(_ index: Int, _ stage: ImageStage) {
        if now < outageEnd || random.chance(flakiness) {
            return end(index, .failed(Failure("registry: 503", isTransient: true)))
        }
        runs[index].isInFlight = true
        let takes = random.chance(scenario.slowness) ? 330 : random.int(1...25)
        schedule(.image(run: index, stage), after: takes)
    }

    private mutating func applyTag(_ index: Int) {
        guard let publication = runs[index].publication else { return }
        judgePublication(index, publication)
        registry.tag(publication)
        guard !isAnswerLost(index) else { return }
        if runs[index].isCancelled { return end(index, .cancelled) }
        request(index, .moved)
    }

    private mutating func applyAlias(_ index: Int) {
        guard let publication = runs[index].publication else { return }
        let node = runs[index].node
        let before = registry.move(
            Registry.Alias(image: node, destination: publication.destination),
            to: publication
        )
        log("alias of \(ids[node]) shows \(publication.key), round \(publication.round)")
        judgeOrder("the alias of \(ids[node])", from: before, to: publication)
        guard !isAnswerLost(index) else { return }
        end(index, .succeeded, publication: publication)
    }

    /// The registry did what it was asked for, and could not say so; or nobody is left to hear it.
    private mutating func isAnswerLost(_ index: Int) -> Bool {
        runs[index].isInFlight = false
        guard runs[index].generation == generation else {
            end(index, .cancelled)
            return true
        }
        guard random.chance(flakiness / 2) else { return false }
        end(index, .failed(Failure("registry: connection reset", isTransient: true)))
        return true
    }
}
