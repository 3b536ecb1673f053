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
            let known = records.all.filter { record in status.nodes.contains { $0.node == record.key } }
            for (image, progress) in try await progress(known) {
                guard let index = status.nodes.firstIndex(where: { $0.node == image }) else { continue }
                status.nodes[index].build = Self.shown(progress)
            }
        } catch {
            status.notes = (status.notes ?? []) + ["CodeBuild can't be asked: \(error.reason); \(error.remedy)"]
        }
        do throws(AWSError) {
            let shown = try await functions(of: project)
            for index in status.nodes.indices { status.nodes[index].function = shown[status.nodes[index].node] }
        } catch {
            status.notes = (status.notes ?? []) + ["Lambda can't be asked: \(error.reason); \(error.remedy)"]
        }
    }

    /// Of what a batch has not started, or never will, what it says of itself.
    private static func shown(_ progress: BuildProgress) -> LoopStatus.CloudBuild? {
        switch progress {
        case .unknown: return nil
        case .waiting(let batch), .left(let batch):
            return LoopStatus.CloudBuild(
                project: batch.project,
                id: batch.id,
                status: batch.status.rawValue,
                phase: batch.phase
            )
        case .begun(let build):
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

    private func functions(of project: Project) async throws(AWSError) -> [String: LoopStatus.CloudFunction] {
        let functions = Functions(try await services.access().client())
        let answers = await withTaskGroup(of: Answer.self) { group in
            for deploy in project.deploys {
                guard case .function(let wanted) = deploy.action else { continue }
                group.addTask {
                    do throws(AWSError) {
                        let shown = try await Self.shown(wanted, functions)
                        return Answer(deploy: deploy.id.name, result: .success(shown))
                    } catch {
                        return Answer(deploy: deploy.id.name, result: .failure(error))
                    }
                }
            }
            return await group.reduce(into: [Answer]()) { $0.append($1) }
        }
        var found: [String: LoopStatus.CloudFunction] = [:]
        for answer in answers { found[answer.deploy] = try answer.result.get() }
        return found
    }

    /// No tuple: a group of those with a text and a result ends the process in a release build (Swift 6.3).
    private struct Answer: Sendable {
        var deploy: String
        var result: Result<LoopStatus.CloudFunction, AWSError>
    }

    private static func shown(
        _ wanted: CloudFunction,
        _ functions: Functions
    ) async throws(AWSError) -> LoopStatus.CloudFunction {
        var shown = LoopStatus.CloudFunction(name: wanted.name, state: "missing")
        if let function = try await functions.function(wanted.name) {
            (shown.image, shown.state) = (function.image, function.state)
            (shown.update, shown.reason) = (function.updateStatus, function.updateReason)
        }
        if let alias = wanted.alias {
            (shown.alias, shown.version) = (alias, try await functions.alias(alias, of: wanted.name)?.version)
        }
        return shown
    }
}
