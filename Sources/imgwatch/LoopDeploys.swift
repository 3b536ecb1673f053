/// Runs of deploys: a command that acts on one publication of an image, and is told which.

import Dockerfile
import Engine
import Graph
import OCI
import Project
import Reporting

extension Loop {
    /// An edit does not end it: the engine lets it finish, and then runs the newest.
    func run(_ deploy: Deploy, _ run: ActiveRun) async {
        // What the engine saw published is what is deployed, or nothing is.
        guard let node = nodes.graph[deploy.id], !run.isCancelled, let shown = published[deploy.image],
            shown.key == run.start.publication.key
        else { return end(run, RunEnd(.cancelled, barrier: sequence)) }
        run.act(on: shown)
        tellStarted(run)
        switch deploy.action {
        case .command(let command): await execute(command, deploy, node, shown, run)
        case .function(let function): await update(function, to: shown, run)
        }
    }

    private func execute(
        _ command: Step.Command,
        _ deploy: Deploy,
        _ node: Node,
        _ shown: PublishedImage,
        _ run: ActiveRun
    ) async {
        let command = StepCommand(
            command,
            in: deploy.directory,
            deploy.environment + shown.variables(of: deploy.image),
            timeout: deploy.timeout,
            root: nodes.project.root,
            inherited: session.environment
        )
        let result = await execute(command, node, run)
        drain()
        guard !run.isCancelled else { return end(run, RunEnd(.cancelled, barrier: sequence)) }
        end(run, RunEnd(result.failure.map { .failed($0) } ?? .succeeded, barrier: sequence))
    }
}

extension PublishedImage {
    /// What a deploy is told of the image that it acts on.
    fileprivate func variables(of image: NodeID) -> [KeyValue] {
        [
            KeyValue("IMGWATCH_IMAGE", image.name), KeyValue("IMGWATCH_REF", references.first ?? exactReference),
            KeyValue("IMGWATCH_DIGEST", "\(stored.manifest.digest)"), KeyValue("IMGWATCH_KEY", key),
        ]
    }
}
