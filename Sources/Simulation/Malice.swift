/// What happens just after a run began, because that is the worst moment for it.

import Engine
import Graph

extension World {
    mutating func react(to index: Int) {
        let node = runs[index].node
        let count = runs.count { $0.node == node }
        for reaction in scenario.reactions where reaction.node == node && reaction.start ?? count == count {
            schedule(.act(reaction.act), after: reaction.after)
        }
        guard malice > 0, now < end + Bounds.malice, runs[index].recipe.kind != .deploy else { return }
        malice -= 1
        disturb(index)
    }

    private mutating func disturb(_ index: Int) {
        let recipe = runs[index].recipe
        let sources = blueprint.sources(of: runs[index].node).filter { tree.files[$0] != nil }
        guard !sources.isEmpty else { return }
        let path = random.pick(sources)
        let later = random.int(0...recipe.duration + 30)
        let soon = random.int(1...max(2, 2 * recipe.duration + 6))
        switch random.int(0...99) {
        case ..<20: perform(.changeAndBack(path, 9, after: soon))
        case ..<35: schedule(.act(.changeAndBack(path, 9, after: soon)), after: later)
        case ..<45: schedule(.act(.save(path, UInt64(random.int(0...3)))), after: later)
        case ..<57 where scenario.mayCrash:
            schedule(.act(.crash), after: random.chance(60) ? random.int(0...recipe.duration) : 0)
        case ..<60: schedule(.act(.redefine(runs[index].node)), after: random.int(0...recipe.duration))
        case ..<63: schedule(.act(.commit(during: random.pick([2, 50]))), after: random.int(0...recipe.duration))
        case ..<65: schedule(.act(.overflow), after: random.int(0...recipe.duration))
        default: break
        }
    }
}
