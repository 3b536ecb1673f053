/// Lambda functions as deploys: a function gets the image that was published last, by its digest.

import AWS
import Dockerfile
import Engine
import Foundation
import Graph
import OCI
import Project
import Reporting

extension Loop {
    /// An edit does not end it: the engine lets it finish, and then takes the newest image.
    func update(_ function: CloudFunction, to shown: PublishedImage, _ run: ActiveRun) async {
        let (session, began) = (session, imageBegan[nodes.project.deploy(run.start.node)?.image ?? run.start.node])
        let result = await cancellable(run) { () async throws(ImageProblem) in
            let update = FunctionUpdate(function, shown, session, began: began)
            do throws(AWSError) { try await update.perform() } catch { throw ImageProblem(error) }
        }
        drain()
        guard !run.isCancelled else { return end(run, RunEnd(.cancelled, barrier: sequence)) }
        switch result {
        case .success: end(run, RunEnd(.succeeded, barrier: sequence))
        case .failure(.failed(let failure)): end(run, RunEnd(.failed(failure), barrier: sequence))
        case .failure: end(run, RunEnd(.cancelled, barrier: sequence))
        }
    }
}
