import Graph
import Testing

@testable import Simulation

@Suite struct RandomScenarioTests {
    static let scenarios = (0..<400).map { Scenario(seed: $0) }

    @Test func `who reads what a step makes needs that step`() {
        for scenario in Self.scenarios {
            let blueprint = Blueprint(scenario.recipes, ids: scenario.ids, pathCount: scenario.paths.count)
            for (node, recipe) in scenario.recipes.enumerated() {
                let makers = recipe.inputs.compactMap { blueprint.owners[$0] }
                #expect(makers.allSatisfy(blueprint.reach[node].contains))
            }
        }
    }

    @Test func `every kind of act, of node and of oddity occurs`() {
        let acts = Self.scenarios.flatMap { $0.script.map { "\($0.act)".prefix { $0 != "(" } } }
        #expect(Set(acts).count == 20)
        let recipes = Self.scenarios.flatMap(\.recipes)
        #expect(Set(recipes.map(\.kind)) == [.step, .image, .deploy])
        #expect(Set(recipes.map { "\($0.oddity)".prefix { $0 != "(" } }).count == 7)
        #expect(recipes.contains { $0.isManual } && recipes.contains { $0.finishesOnChange })
        #expect(recipes.contains { $0.kind == .step && $0.inputs.isEmpty })
        #expect(
            Self.scenarios.contains { scenario in
                scenario.recipes.contains {
                    $0.kind == .step && $0.needs.contains { scenario.recipes[$0].kind == .image }
                }
            }
        )
        #expect(recipes.contains { $0.kind == .step && $0.outputs.isEmpty })
    }
}
