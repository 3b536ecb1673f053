/// What a person would look up in three consoles: the builds of the images, their functions, and what these show.

import AWS
import Foundation
import Graph
import Project
import Reporting

extension CloudBuilds {
    /// Asks AWS for what concerns the project's nodes; where it can't be asked, a note says why.
    func fill(_ status: inout LoopStatus, of project: Project) async {
        guard project.cloud != nil else { return }
        do throws(AWSError) {
            let client = try await services.access().client()
            let found = try await builds(of: status.nodes.map(\.node), client)
            let shown = try await functions(of: project, client)
            for index in status.nodes.indices {
                status.nodes[index].build = found[status.nodes[index].node]
                status.nodes[index].function = shown[status.nodes[index].node]
            }
        } catch {
            status.notes = (status.notes ?? []) + ["AWS can't be asked: \(error.reason); \(error.remedy)"]
        }
    }

    private func builds(
        of images: [String],
        _ client: AWSClient
    ) async throws(AWSError) -> [String: LoopStatus.CloudBuild] {
        let codebuild = CodeBuild(client)
        let known = records.all.filter { images.contains($0.key) }
        var ids: [String: String] = [:]
        let batches = try await codebuild.batches(Set(known.values.filter(\.isBatch).map(\.id)).sorted())
        for (image, record) in known {
            let batch = batches.first { $0.id == record.id }
            ids[image] = record.isBatch ? record.member(of: batch)?.id : record.id
        }
        let builds = try await codebuild.builds(Set(ids.values).filter { !$0.isEmpty }.sorted())
        return ids.compactMapValues { id in
            guard let build = builds.first(where: { $0.id == id }) else { return nil }
            var found = LoopStatus.CloudBuild(
                project: build.project,
                id: build.id,
                status: build.status.rawValue,
                phase: build.phase
            )
            (found.logGroup, found.logStream) = (build.logGroup, build.logStream)
            return found
        }
    }

    private func functions(
        of project: Project,
        _ client: AWSClient
    ) async throws(AWSError) -> [String: LoopStatus.CloudFunction] {
        var found: [String: LoopStatus.CloudFunction] = [:]
        let functions = Functions(client)
        for deploy in project.deploys {
            guard case .function(let wanted) = deploy.action else { continue }
            var shown = LoopStatus.CloudFunction(name: wanted.name, state: "missing")
            if let function = try await functions.function(wanted.name) {
                (shown.image, shown.state) = (function.image, function.state)
                (shown.update, shown.reason) = (function.updateStatus, function.updateReason)
            }
            if let alias = wanted.alias {
                (shown.alias, shown.version) = (alias, try await functions.alias(alias, of: wanted.name)?.version)
            }
            found[deploy.id.name] = shown
        }
        return found
    }
}
