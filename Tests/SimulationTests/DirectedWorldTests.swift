import Engine
import Graph
import Testing

@testable import Simulation

@Suite struct DirectedWorldTests {
    @Test(arguments: DirectedWorld.allCases)
    func `no directed world breaks a promise`(world: DirectedWorld) {
        for seed in world.seeds {
            let violations = Outcome(world.scenario, seed: seed).violations
            #expect(violations.isEmpty, "\(world) with seed \(seed): \(violations.first?.description ?? "")")
        }
    }

    @Test func `steps that loop end as failures that say so`() {
        var world = World(DirectedWorld.loops.scenario, seed: 0)
        world.run()
        var looping: [NodeID] = []
        for id in world.ids {
            let status = world.engine.status(of: id)
            if case .failed(let failure) = status, failure.reason.hasPrefix("looping") { looping.append(id) }
        }
        // Of two that rewrite each other's inputs, the second one is at rest as soon as the first is stopped.
        #expect(Set(looping).isSuperset(of: world.ids[2...4]))
        #expect(!Set(looping).isDisjoint(with: world.ids[0...1]))
    }
}
