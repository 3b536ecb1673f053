/// The virtual deploys: they show a publication to the world.

import Engine

enum DeployStage: Sendable {
    case apply
    case exit
}

extension World {
    mutating func beginDeploy(_ index: Int) {
        let duration =
            scenario.isSteady ? runs[index].recipe.duration : runs[index].recipe.duration * random.pick([1, 5, 20]) / 5
        runs[index].publication = runs[index].start.publication
        schedule(.deploy(run: index, .apply), after: random.int(duration / 2...duration))
        schedule(.deploy(run: index, .exit), after: duration)
    }

    mutating func proceed(deploy index: Int, _ stage: DeployStage) {
        guard runs[index].isLive, let publication = runs[index].publication else { return }
        let node = runs[index].node
        let recipe = runs[index].recipe
        let fails = recipe.fails(publication.key)
        switch stage {
        case .apply:
            guard !fails else { return }
            let before = registry.deploy(node, Registry.Deployment(publication: publication, command: recipe.command))
            log("\(ids[node]) shows \(publication.key), round \(publication.round)")
            judgeOrder("\(ids[node])", from: before, to: publication)
        case .exit: end(index, fails ? .failed(Failure("exit status 1")) : .succeeded)
        }
    }
}
