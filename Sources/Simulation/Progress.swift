/// P6: who may start does so soon, and who started comes to an end, whatever else is edited.

import Engine
import Graph

extension World {
    /// How long a node may wait that nothing holds, and how long an image may take to be made once, in ms.
    private static let patience = 2000
    private static let sampling = 250

    mutating func noteSlots() {
        if judge.active.count >= parallel {
            judge.freeSince = nil
        } else {
            judge.freeSince = judge.freeSince ?? now
        }
    }

    /// A run begins or ends: its node and what needs it wait anew.
    mutating func disturbProgress(of node: Int) {
        judge.readySince[node] = nil
        for (dependent, reached) in blueprint.reach.enumerated() where reached.contains(node) {
            judge.readySince[dependent] = nil
            judge.unfinishedSince[dependent] = nil
        }
    }

    mutating func noteDelivery(_ notices: [Tree.Notice]) {
        judge.batchAt = now
        for notice in notices {
            judge.delivered[notice.path] = notice.sequence
            for (node, recipe) in blueprint.recipes.enumerated() {
                guard let recipe, recipe.inputs.contains(notice.path) || recipe.outputs.contains(notice.path) else {
                    continue
                }
                if !isOwnWrite(notice.path) {
                    judge.disturbed[node] = (judge.disturbed[node]?.first ?? now, now)
                }
                for (dependent, reached) in blueprint.reach.enumerated() where reached.contains(node) {
                    judge.readySince[dependent] = nil
                    judge.unfinishedSince[dependent] = nil
                }
            }
        }
    }

    /// Whether a run that the engine has not seen the end of may have written its output.
    private func isOwnWrite(_ path: Path) -> Bool {
        judge.active.contains { runs[$0].node == blueprint.owners[path] }
    }

    mutating func sampleProgress() {
        guard now - judge.sampledAt >= Self.sampling || judge.sampledAt > now else { return }
        judge.sampledAt = now
        let isGitHolding =
            judge.gitBusySince.map { since in
                if repository.isWriting { return now < min(max(judge.batchAt, since) + 10_000, since + 600_000) + 400 }
                return now < min(judge.batchAt + 400, since + 10_000)
            } ?? false
        for (node, recipe) in blueprint.recipes.enumerated() {
            guard let recipe else { continue }
            let status = engine.status(of: ids[node])
            if isHeld(node, recipe, status) || isGitHolding || !judge.isPlanned {
                judge.readySince[node] = nil
                if status != .running { judge.unfinishedSince[node] = nil }
                continue
            }
            let since = judge.readySince[node] ?? now
            judge.readySince[node] = since
            if let free = judge.freeSince, now - max(since, free) > Self.patience + (recipe.quiet ?? 0) {
                judge.readySince[node] = nil
                violate(.progress, "\(ids[node]) may start for more than 2 s, and does not (\(status))")
            }
        }
        judgeFinishing()
    }

    /// Whether something holds the node that the promise allows for.
    private func isHeld(_ node: Int, _ recipe: Recipe, _ status: Status) -> Bool {
        switch status {
        case .unkeyed: if recipe.isManual || judge.isPaused { return true }
        case .stale(let holds): if holds.contains(.backOff) || holds.contains(.loop) && isOddWorld { return true }
        case .fresh, .running, .failed, .blocked, .waiting: return true
        }
        return recipe.inputs.contains { tree.writers[$0] > 0 }
            || blueprint.reach[node].contains { engine.status(of: ids[$0]) != .fresh }
    }

    /// A reading or an end may show that the node is not as stale as it was thought, and that a request is met.
    mutating func noteStatus(of id: NodeID) {
        guard let node = nodes[id], let recipe = blueprint.recipes[node] else { return }
        let status = engine.status(of: id)
        if isHeld(node, recipe, status) { judge.readySince[node] = nil }
        if status == .fresh { judge.isAsked[node] = false }
    }

    /// Whether some command changes what commands are made from.
    var isOddWorld: Bool { scenario.recipes.contains(where: \.isOdd) }

    /// Free slots go to the node that has been ready longest.
    mutating func judgeTurn(_ index: Int) {
        let node = runs[index].node
        let since = judge.readySince[node] ?? now
        for (other, waiting) in judge.readySince.enumerated() where other != node {
            guard let waiting, now - waiting > Self.patience, since - waiting > 2 * Self.sampling else { continue }
            violate(.progress, "\(ids[node]) starts before \(ids[other]), which has been ready much longer")
        }
    }

    /// An image whose needs are at rest is made at last, also while its own inputs are edited all the time.
    private mutating func judgeFinishing() {
        for (node, recipe) in blueprint.recipes.enumerated() {
            guard let recipe, recipe.kind == .image else { continue }
            let isRunning = judge.active.contains { runs[$0].node == node }
            guard isRunning || judge.readySince[node] != nil && judge.freeSince != nil else {
                judge.unfinishedSince[node] = nil
                continue
            }
            let since = judge.unfinishedSince[node] ?? now
            judge.unfinishedSince[node] = since
            let patience = 10_000 + 8 * (2 * recipe.duration + (recipe.upload ?? 100) + 700)
            if now - since > patience {
                judge.unfinishedSince[node] = nil
                violate(.progress, "\(ids[node]) is not finished in \(patience / 1000) s")
            }
        }
    }

    mutating func judge(_ expectation: Scenario.Expectation) {
        let node = expectation.node
        guard !judge.counted[node].contains(where: { $0 >= expectation.from && $0 <= expectation.to }) else { return }
        violate(.progress, "\(ids[node]) starves between \(expectation.from) and \(expectation.to) ms")
    }
}
