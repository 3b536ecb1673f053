/// What of AWS a project needs, as the template takes it.

import AWS
import Foundation
import Graph
import Project

extension StackTemplate {
    /// Everything that the configuration names, as though nothing of it were there yet.
    init(of project: Project, stack: String?) {
        let settings = project.cloudSettings
        self.init(stack: stack ?? project.stackName, project: settings.project, bucket: settings.bucket)
        registryPath = project.registryPath
        let bases = Set(project.images.flatMap(\.needs))
        for image in project.images where image.push {
            let functions = image.functions
            var repository = Repository(project.repository(of: image))
            repository.isBase = bases.contains(image.id)
            repository.functions = functions.map(\.name)
            repository.moving = image.movesTag ? .all : image.aliases.isEmpty ? .none : .these(image.aliases)
            repositories.append(repository)
            self.functions += functions.map { Function($0.name, role: $0.role, alias: $0.alias) }
        }
    }
}

extension Image {
    var functions: [CloudFunction] {
        deploys.compactMap { deploy in
            if case .function(let function) = deploy.action { return function }
            return nil
        }
    }
}

extension Project {
    /// Of the stack, where nothing else is asked for.
    var stackName: String { "imgwatch-\(cloudName)" }

    /// `HOST[:PORT]`; nil where images do not go to a registry elsewhere.
    var registryHost: String? { remoteRegistry.map { String($0.prefix { $0 != "/" }) } }

    /// What stands between the registry's host and the names of images.
    var registryPath: String? {
        guard let registry = remoteRegistry, let slash = registry.firstIndex(of: "/") else { return nil }
        let path = registry[registry.index(after: slash)...]
        return path.isEmpty ? nil : String(path)
    }

    /// As ECR calls it.
    func repository(of image: Image) -> String { (registryPath.map { "\($0)/" } ?? "") + image.id.name }

    private var remoteRegistry: String? { if case .remote(let name) = registry { name } else { nil } }
}
