/// What comes from outside, and how it changes the world.

import Engine
import Graph

extension World {
    mutating func perform(_ act: Act) {
        log("act \(act)")
        switch act {
        case .save, .changeAndBack, .writeForeign, .holdOpen: edit(act)
        case .commit(let during): hold(during)
        case .checkOut(let paths, let content, let during):
            guard hold(during) else { return }
            repository.isWriting = true
            seeGit()
            for path in paths { schedule(.act(.save(path, content)), after: random.int(0...min(during, 2000))) }
        case .pause, .resume, .trigger, .retry, .lose, .tell: command(act)
        case .crash: crash()
        case .overflow:
            tree.overflow()
            judge.hasLostEdits = isUp
            expectDrain()
        case .redefine, .toggleInput, .leave, .moveRegistry, .slots: configure(act)
        case .join(let node, let recipe):
            guard blueprint.recipes[node] == nil, recipe.needs.allSatisfy({ blueprint.recipes[$0] != nil }) else {
                return
            }
            replace(node, recipe)
        case .outage(let during): outageEnd = now + during
        }
    }

    private mutating func edit(_ act: Act) {
        switch act {
        case .save(let path, let content): write(path, content, by: "a person")
        case .changeAndBack(let path, let content, let delay):
            guard let before = tree.content(of: path) else { return }
            write(path, content, by: "a person")
            schedule(.act(.save(path, before)), after: delay)
        case .writeForeign(let path, let content):
            guard !live.contains(where: { runs[$0].node == blueprint.owners[path] }) else { return }
            write(path, content, by: "somebody else")
        case .holdOpen(let path, let content, let during):
            tree.open(path)
            write(path, content &+ 50, by: "a slow writer")
            schedule(.release(path, content), after: during)
        default: break
        }
    }

    // MARK: Git

    /// Takes git's lock, unless somebody has it.
    @discardableResult private mutating func hold(_ during: Int) -> Bool {
        guard !repository.isBusy, repository.exists else { return false }
        repository.isBusy = true
        sendGitBusy()
        schedule(.gitRest, after: during)
        return true
    }

    mutating func sendGitBusy() {
        judge.gitBusySince = judge.gitBusySince ?? now
        send(.gitBusy)
    }

    /// The process that holds the lock writes as long as it is there.
    mutating func seeGit() {
        guard repository.isWriting else { return }
        schedule(.gitSeen, after: 200)
        if isUp { send(.gitAtWork) }
    }

    mutating func restGit() {
        (repository.isBusy, repository.isWriting) = (false, false)
        repository.commit(tree, blueprint)
        drain()
        let sequence = tree.advance()
        guard isUp else { return }
        drained = sequence
        judge.upheaval = sequence
        judge.gitBusySince = nil
        send(.gitRest(barrier: sequence))
    }

    // MARK: The person at the keyboard

    private mutating func command(_ act: Act) {
        guard isUp else { return }
        switch act {
        case .pause:
            judge.isPaused = true
            send(.pause)
        case .resume:
            judge.isPaused = false
            send(.resume)
        case .trigger(let node):
            guard blueprint.recipes[node] != nil else { return }
            for asked in [node] + blueprint.reach[node] { judge.isAsked[asked] = true }
            send(.trigger(ids[node]))
        case .retry:
            judge.retries += 1
            send(.retry)
        case .lose(let node):
            guard blueprint.recipes[node]?.kind == .image else { return }
            judge.upheaval = tree.advance()
            judge.results[node]?.verdict = .neither
            if let key = judge.results[node]?.publication?.key { registry.forget(key) }
            send(.lost(ids[node]))
        default: send(.told)
        }
    }

    // MARK: The configuration

    private mutating func configure(_ act: Act) {
        switch act {
        case .redefine(let node):
            guard var recipe = blueprint.recipes[node] else { return }
            recipe.command += 1
            replace(node, recipe)
        case .toggleInput(let node, let path):
            guard var recipe = blueprint.recipes[node] else { return }
            recipe.command += 1
            if let position = recipe.inputs.firstIndex(of: path) {
                recipe.inputs.remove(at: position)
            } else {
                recipe.inputs.append(path)
            }
            replace(node, recipe)
        case .leave(let node, let delay):
            guard let recipe = blueprint.recipes[node] else { return }
            guard recipe.kind == .step || blueprint.graph.dependents(of: ids[node]).isEmpty else { return }
            schedule(.act(.join(node, recipe)), after: delay)
            leave(node, recipe.outputs)
        case .slots(let count):
            parallel = count
            engine.parallel = count
            noteSlots()
            reload(blueprint.recipes)
        default:
            reload(
                blueprint.recipes.map { recipe in
                    guard var recipe else { return nil }
                    recipe.destination = 1 - recipe.destination
                    return recipe
                }
            )
        }
    }

    /// Takes a node away, and from those that need it what it is to them.
    private mutating func leave(_ node: Int, _ outputs: [Path]) {
        judge.isAsked[node] = false
        judge.told[node] = nil
        judge.readySince[node] = nil
        judge.unfinishedSince[node] = nil
        judge.left[node] = tree.sequence + 1
        if judge.results[node]?.verdict == .failed { judge.results[node] = nil }  // Only successes are remembered.
        let dependents = blueprint.reach.indices.filter { blueprint.reach[$0].contains(node) }
        for index in judge.active where runs[index].node == node { judge.awaiting[index] = dependents }
        var recipes = blueprint.recipes
        recipes[node] = nil
        for dependent in recipes.indices where recipes[dependent]?.needs.contains(node) ?? false {
            recipes[dependent]?.needs.removeAll { $0 == node }
            recipes[dependent]?.inputs.removeAll { outputs.contains($0) }
            recipes[dependent]?.command += 1
        }
        reload(recipes)
    }

    private mutating func replace(_ node: Int, _ recipe: Recipe?) {
        var recipes = blueprint.recipes
        recipes[node] = recipe
        reload(recipes)
    }
}
