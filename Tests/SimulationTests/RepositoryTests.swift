import Engine
import Testing

@testable import Simulation

@Suite struct RepositoryTests {
    @Test func `names follow the commits that changed the inputs, and what differs from them`() {
        var scenario = Scenario()
        let (first, second) = (scenario.source(), scenario.source())
        let base = scenario.image([first])
        let top = scenario.image([second], needs: [base])
        var tree = Tree(names: scenario.paths)
        let blueprint = Blueprint(scenario.recipes, ids: scenario.ids, pathCount: scenario.paths.count)
        var repository = Repository(exists: true, pathCount: 2, nodeCount: 2)
        _ = tree.write(first, 1)
        _ = tree.write(second, 1)
        repository.commit(tree, blueprint)
        _ = tree.write(second, 2)
        #expect(repository.provenance(of: base, tree, blueprint) == .commit(id: "c1", time: 1, isDirty: false))
        #expect(repository.provenance(of: top, tree, blueprint) == .commit(id: "c1", time: 1, isDirty: true))
        repository.commit(tree, blueprint)
        _ = tree.write(first, 2)
        #expect(repository.provenance(of: top, tree, blueprint) == .commit(id: "c2", time: 2, isDirty: false))
        #expect(repository.joinedProvenance(of: top, tree, blueprint) == .commit(id: "c2", time: 2, isDirty: true))
        repository.commit(tree, blueprint)
        #expect(repository.joinedProvenance(of: top, tree, blueprint) == .commit(id: "c3", time: 3, isDirty: false))
    }
}
