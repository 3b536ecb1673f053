/// The virtual commands: they read and write in pieces, and some do more than they should.

import Engine

enum StepStage: Sendable {
    case read(Int)
    /// Half of an output is written.
    case tear(Int)
    case write(Int)
    case exit
}

extension World {
    mutating func beginStep(_ index: Int) {
        let recipe = runs[index].recipe
        runs[index].bases = shownBases(of: runs[index].node)
        runs[index].isTidy = random.chance(50)
        runs[index].read = Array(repeating: nil, count: recipe.inputs.count)
        let duration =
            scenario.isSteady ? recipe.duration : max(4, recipe.duration * random.pick([30, 100, 100, 200]) / 100)
        for position in recipe.inputs.indices {
            schedule(.step(run: index, .read(position)), after: random.int(0...duration / 2))
        }
        for position in recipe.outputs.indices {
            schedule(.step(run: index, .tear(position)), after: duration / 2 + random.int(0...duration / 4))
            schedule(.step(run: index, .write(position)), after: duration * 3 / 4 + random.int(0...duration / 4))
        }
        schedule(.step(run: index, .exit), after: duration)
    }

    mutating func proceed(step index: Int, _ stage: StepStage) {
        guard runs[index].isLive else { return }
        let recipe = runs[index].recipe
        switch stage {
        case .read(let position): runs[index].read[position] = tree.content(of: recipe.inputs[position])
        case .tear(let position):
            // A command that fails leaves half of its outputs, or what was there before.
            if outcome(index) != nil || !runs[index].isTidy { write(position, torn(by: index), index) }
        case .write(let position):
            if let made = outcome(index) { write(position, made[position], index) }
        case .exit: exit(index)
        }
    }

    private func outcome(_ index: Int) -> [Content?]? {
        runs[index].recipe.outcome(runs[index].node, reading: runs[index].read, on: runs[index].bases)
    }

    private mutating func write(_ position: Int, _ content: Content?, _ index: Int) {
        let recipe = runs[index].recipe
        let isForgotten = position == 0 && recipe.oddity == .forgetsOutput
        write(recipe.outputs[position], isForgotten ? nil : content, by: "run \(index) of \(ids[runs[index].node])")
    }

    private mutating func exit(_ index: Int) {
        let made = outcome(index)
        if made != nil { misbehave(index) }
        end(index, made == nil ? .failed(Failure("exit status 1")) : .succeeded)
    }

    private mutating func misbehave(_ index: Int) {
        let recipe = runs[index].recipe
        let writer = "run \(index) of \(ids[runs[index].node]), undeclared"
        switch recipe.oddity {
        case .none, .cutsOff, .forgetsOutput: break
        case .writesLate:
            guard let output = recipe.outputs.first else { return }
            schedule(.writeLate(output, torn(by: index)), after: random.int(3...40))
        case .modifiesInput:
            guard let input = recipe.inputs.first, let content = tree.content(of: input) else { return }
            write(input, content &+ 1000, by: writer)
        case .rewritesInput:
            guard let input = recipe.inputs.first, let content = tree.content(of: input) else { return }
            write(input, content, by: writer)
        case .modifies(let path): write(path, UInt64(5000 + index), by: writer)
        }
    }

    /// What the aliases of the images that a node needs itself show now.
    func shownBases(of node: Int) -> [String] { blueprint.bases(of: node).map { shown($0)?.key ?? "nothing" } }

    /// What the runtime finds when a command has exited.
    func look(at end: inout RunEnd, of index: Int) {
        let recipe = runs[index].recipe
        end.outputs = outputHash(recipe, recipe.outputs.map { tree.content(of: $0) })
        end.missingOutputs = recipe.outputs.filter { tree.files[$0] == nil }.map { tree.names[$0] }
        guard let reading = runs[index].reading else {
            end.inputsChanged = true
            return
        }
        end.inputsChanged = zip(recipe.inputs, readings[reading].seen).contains { path, seen in
            if defect == .comparesContent { return tree.content(of: path) != seen?.content }
            return tree.files[path] != seen
        }
    }
}
