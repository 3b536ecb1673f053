import Engine
import Testing

@testable import Simulation

@Suite struct OracleTests {
    /// A step that makes what an image holds, and an image on top of that one.
    struct Site {
        var scenario = Scenario()
        var tree: Tree
        let blueprint: Blueprint

        init() {
            let input = scenario.source()
            let step = scenario.step([input])
            let base = scenario.image([input], needs: [step])
            _ = scenario.image([input], needs: [base])
            tree = Tree(names: scenario.paths)
            blueprint = Blueprint(scenario.recipes, ids: scenario.ids, pathCount: scenario.paths.count)
        }

        func oracle(at moment: Sequence) -> Oracle { Oracle(tree, blueprint, at: moment) }
    }

    var site = Site()

    @Test mutating func `an output is what its step makes, whatever lies there`() {
        _ = site.tree.write(0, 3)
        _ = site.tree.write(1, 999)
        var oracle = site.oracle(at: 2)
        let made = oracle.content(of: 1)
        #expect(made == site.scenario.recipes[0].outcome(0, reading: [3])?.first)
        var other = Oracle(site.tree, site.blueprint, at: 2, runsSteps: false)
        let found = other.content(of: 1)
        #expect(made != nil && found == 999)
    }

    @Test mutating func `a key is that of its instant`() {
        for content in [3, 4, 3] as [Content] { _ = site.tree.write(0, content) }
        let keys: [String?] = ([1, 2, 3] as [Sequence]).map { moment in
            var oracle = site.oracle(at: moment)
            return oracle.key(of: 2)
        }
        #expect(keys[0] == keys[2])
        #expect(keys[0] != keys[1])
        #expect(!keys.contains(nil))
    }

    @Test mutating func `what a mistake keeps from being made has no key`() {
        _ = site.tree.write(0, Recipe.mistake)
        var oracle = site.oracle(at: 1)
        let (outputs, keys) = (oracle.outputs(of: 0), [oracle.key(of: 1), oracle.key(of: 2)])
        #expect(outputs == nil)
        #expect(keys == [nil, nil])
    }
}
