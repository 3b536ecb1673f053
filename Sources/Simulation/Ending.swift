/// P2, P5 and P7: once the world is at rest, everything is what a run from scratch would make it.

import Engine
import Graph

extension World {
    mutating func judgeEnding() {
        guard isUp else { return violate(.convergence, "the loop is down at the end") }
        if judge.hasLostEdits || tree.hasNews { violate(.noLostEdit, "what changed last is in no batch") }
        if !judge.isIdle { violate(.effects, "the last word is not idle") }
        var oracle = Oracle(tree, blueprint, at: tree.sequence)
        for (node, recipe) in blueprint.recipes.enumerated() {
            guard let recipe else { continue }
            let status = engine.status(of: ids[node])
            log("at the end \(ids[node]) is \(status)")
            judgeWord(node, status)
            switch status {
            case .unkeyed, .running, .stale: violate(.convergence, "\(ids[node]) ends as \(status)")
            case .fresh: judgeFresh(node, recipe, &oracle)
            case .failed(let failure): judgeFailed(node, recipe, failure)
            case .blocked(let blockers): judgeBlocked(node, blockers)
            case .waiting: judgeWaiting(node, recipe)
            }
        }
        judgeReplay()
    }

    /// The user was told how it ended.
    private mutating func judgeWord(_ node: Int, _ status: Status) {
        let word: Report
        switch status {
        case .failed(let failure): word = .failed(ids[node], failure)
        case .blocked(let blockers): word = .blocked(ids[node], by: blockers)
        case .waiting(let holds): word = .waiting(ids[node], holds)
        case .unkeyed, .running, .stale, .fresh: return
        }
        if judge.told[node] != word {
            violate(.effects, "\(ids[node]) ends as \(status), and the last that was told is \(told(node))")
        }
    }

    private func told(_ node: Int) -> String { judge.told[node].map { "\($0)" } ?? "nothing" }

    private mutating func judgeFresh(_ node: Int, _ recipe: Recipe, _ oracle: inout Oracle) {
        let id = ids[node]
        let latest = runs.last { $0.node == node }
        if recipe.kind != .image, latest?.verdict != .counted {
            violate(.convergence, "\(id) is fresh, and its latest start did not succeed")
        }
        if recipe.kind == .step, recipe.inputs.isEmpty, latest?.generation != generation {
            violate(.convergence, "\(id) has no inputs, and did not run since the loop started")
        }
        guard !isHaunted(node) else { return }
        switch recipe.kind {
        case .step:
            let outputs = recipe.outputs.map { tree.content(of: $0) }
            if outputs != outcomeNow(node, recipe) {
                violate(.convergence, "\(id) is fresh, and its outputs are not those of its inputs")
            } else if areNeedsFresh(node), outputs != oracle.outputs(of: node) {
                violate(.convergence, "\(id) is fresh, and a run from scratch makes something else")
            }
        case .image: judgeFreshImage(node, recipe, &oracle)
        case .deploy:
            let image = recipe.needs.first.flatMap { shown($0) }
            let deployment = registry.deployments[node]
            if image == nil || deployment?.publication.key != image?.key || deployment?.command != recipe.command {
                violate(.convergence, "\(id) is fresh, and does not show what its image's alias shows")
            }
        }
    }

    /// What a run makes of what is there now.
    private func outcomeNow(_ node: Int, _ recipe: Recipe) -> [Content?]? {
        recipe.outcome(node, reading: recipe.inputs.map { tree.content(of: $0) }, on: shownBases(of: node))
    }

    private func areNeedsFresh(_ node: Int) -> Bool {
        blueprint.reach[node].allSatisfy { engine.status(of: ids[$0]) == .fresh }
    }

    /// What the alias of an image shows where it should.
    func shown(_ image: Int) -> Publication? {
        let destination = blueprint.graph[ids[image]]?.destination ?? ""
        return registry.aliases[Registry.Alias(image: image, destination: destination)]
    }

    private mutating func judgeFreshImage(_ node: Int, _ recipe: Recipe, _ oracle: inout Oracle) {
        let id = ids[node]
        guard areNeedsFresh(node) else { return violate(.convergence, "\(id) is fresh, and what it needs is not") }
        guard let key = oracle.key(of: node), let alias = shown(node), alias.key == key, registry.holds(key) else {
            return violate(
                .convergence,
                "\(id) is fresh, and its alias shows \(shown(node)?.key ?? "nothing"), "
                    + "not \(oracle.key(of: node) ?? "nothing")"
            )
        }
        let provenance = repository.joinedProvenance(of: node, tree, blueprint)
        if !provenance.isDirty, !registry.shows(key, as: provenance) {
            violate(.convergence, "\(id) is fresh, and has no tag for \(provenance)")
        }
    }

    private mutating func judgeFailed(_ node: Int, _ recipe: Recipe, _ failure: Failure) {
        let id = ids[node]
        let isMissing = recipe.inputs.contains { blueprint.owners[$0] == nil && tree.files[$0] == nil }
        guard !isMissing else { return }
        switch recipe.kind {
        case .step:
            guard !isOddWorld, outcomeNow(node, recipe) != nil else { return }
            violate(.convergence, "\(id) failed (\(failure.reason)), and a run from scratch succeeds")
        case .image:
            // Where a step is blocked, the image was made of what that has left.
            var oracle = Oracle(tree, blueprint, at: tree.sequence, runsSteps: areNeedsFresh(node))
            guard let key = oracle.key(of: node), !recipe.fails(key), !isHaunted(node) else { return }
            violate(.convergence, "\(id) failed (\(failure.reason)), and a build from scratch succeeds")
        case .deploy:
            guard let image = recipe.needs.first.flatMap({ shown($0) }), !recipe.fails(image.key) else {
                return
            }
            violate(.convergence, "\(id) failed (\(failure.reason)), and succeeds from scratch")
        }
    }

    private mutating func judgeBlocked(_ node: Int, _ blockers: [NodeID]) {
        if blockers.isEmpty { violate(.convergence, "\(ids[node]) is blocked by nothing") }
        for blocker in blockers {
            switch engine.status(of: blocker) {
            case .failed, .waiting: continue
            default: violate(.convergence, "\(ids[node]) is blocked by \(blocker), which is neither failed nor waiting")
            }
        }
    }

    private mutating func judgeWaiting(_ node: Int, _ recipe: Recipe) {
        guard !judge.isPaused, !recipe.isManual || judge.isAsked[node] && judge.results[node] == nil else { return }
        violate(.convergence, "\(ids[node]) waits for a person, who has nothing to do")
    }

    // MARK: P7

    /// The same events in the same order, given to a new engine, lead to the same effects.
    mutating func judgeReplay() {
        var replica = World.engine(judge.graph, judge.memory, parallel, defect)
        for entry in judge.journal {
            replica.parallel = entry.parallel
            let effects =
                entry.event.map { replica.handle($0, at: entry.at) } ?? replica.begin(at: entry.at)
            guard effects == entry.effects else {
                return violate(
                    .determinism,
                    "replayed, \(entry.event.map { "\($0)" } ?? "the beginning") leads elsewhere"
                )
            }
        }
    }
}
