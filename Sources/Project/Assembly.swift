/// Builds the project as meant out of all that was read, once nothing is wrong with it.

import Dockerfile
import Foundation
import Graph

struct Assembly {
    let file: ProjectFile
    let outputs: [Output]
    /// The outputs, and what they are called behind links.
    let written: [Output]
    let readings: [NodeID: DockerfileReader.Reading]
    let readers: [Reader]

    func project(root: String, path: String, ordering: Ordering, sourceFiles: [String]) -> Project {
        let needs = Dictionary(ordering.order.map { ($0.id, $0.needs) }, uniquingKeysWith: { first, _ in first })
        let registry = file.registry?.value ?? .embedded
        let steps = file.steps.compactMap { step($0, needs: needs[$0.id] ?? []) }
        let images = file.images.compactMap { image($0, needs) }
        let graph = Graph(ordering.order.compactMap { node($0, registry: registry) })
        var project = Project(
            root: root,
            file: path,
            name: root.split(separator: "/").last.map(String.init) ?? "root",
            registry: registry,
            parallel: file.parallel ?? max(4, ProcessInfo.processInfo.activeProcessorCount),
            quiet: file.quiet,
            steps: steps,
            images: images,
            graph: graph,
            sourceFiles: sourceFiles
        )
        project.cloud = file.cloud?.value
        project.storeLimit = file.storeLimit ?? Project.usualStoreLimit
        return project
    }

    private func step(_ entry: StepEntry, needs: [NodeID]) -> Step? {
        guard let command = entry.command else { return nil }
        let outputs = outputs.filter { $0.step == entry.id }
        return Step(
            id: entry.id,
            command: command,
            inputs: entry.inputs,
            outputs: outputs.map(\.path),
            outputPlaces: outputs.map(\.place),
            needs: needs,
            environment: entry.environment,
            directory: entry.directory.value,
            timeout: entry.timeout,
            onChange: entry.onChange,
            quiet: entry.quiet,
            place: entry.place
        )
    }

    private func image(_ entry: ImageEntry, _ allNeeds: [NodeID: [NodeID]]) -> Image? {
        guard let reading = readings[entry.id], let dockerfile = entry.dockerfile, let context = entry.context else {
            return nil
        }
        var image = Image(
            id: entry.id,
            dockerfile: dockerfile.value,
            context: context.value,
            target: entry.target?.value,
            arguments: entry.meantArguments,
            labels: entry.labels,
            ignore: entry.ignore.map(\.value),
            ignoreFile: reading.ignoreFile,
            needs: allNeeds[entry.id] ?? [],
            push: entry.push,
            aliases: entry.aliases.map(\.value),
            tag: entry.naming.tag?.value,
            movesTag: entry.naming.movesTag,
            showsRevision: entry.naming.showsRevision,
            compression: entry.naming.compression,
            building: entry.building,
            source: reading.dockerfile,
            deploys: entry.deploys.compactMap { deploy($0, needs: allNeeds[$0.id] ?? []) },
            place: entry.place,
            evaluation: Evaluation(stages: []),
            ignorePatterns: reading.ignorePatterns,
            ignorePlaces: reading.ignorePlaces
        )
        image.variants = reading.variants
        return image
    }

    private func deploy(_ entry: DeployEntry, needs: [NodeID]) -> Deploy? {
        guard let action = entry.function.map({ .function($0) }) ?? entry.command.map({ Deploy.Action.command($0) })
        else {
            return nil
        }
        return Deploy(
            id: entry.id,
            image: entry.image,
            action: action,
            needs: needs,
            environment: entry.environment,
            directory: entry.directory.value,
            timeout: entry.timeout,
            place: entry.place
        )
    }

    private func node(_ vertex: Vertex, registry: RegistryTarget) -> Node? {
        if let step = file.steps.first(where: { $0.id == vertex.id }) {
            return Node(
                step.id,
                .step,
                needs: vertex.needs,
                sources: writers(for: step.id),
                definition: Definition.of(step),
                hasInputs: !step.inputs.isEmpty,
                finishesOnChange: step.onChange == .finish,
                quiet: step.quiet ?? file.quiet
            )
        }
        if let deploy = file.images.flatMap(\.deploys).first(where: { $0.id == vertex.id }) {
            return Node(deploy.id, .deploy, needs: vertex.needs, definition: Definition.of(deploy))
        }
        guard let image = file.images.first(where: { $0.id == vertex.id }), let reading = readings[image.id] else {
            return nil
        }
        var bases: [NodeID] = []
        for base in reading.bases where !bases.contains(base.image) { bases.append(base.image) }
        return Node(
            image.id,
            .image,
            needs: vertex.needs,
            sources: bases + writers(for: image.id),
            definition: Definition.of(image, context: image.context?.value ?? "", reading.variants),
            runsCommand: image.building.command != nil,
            runsElsewhere: image.building.builder == .codebuild,
            isManual: image.building.builder == .codebuild && file.cloud?.value.confirms == true,
            quiet: file.quiet,
            destination: Self.destination(of: image, registry: registry)
        )
    }

    /// The steps whose outputs the node reads, in declared order, itself not among them.
    private func writers(for id: NodeID) -> [NodeID] {
        guard let reader = readers.first(where: { $0.id == id }) else { return [] }
        return file.steps.map(\.id).filter { step in
            step != id
                && written.contains { output in output.step == step && reader.reads.contains { $0.meets(output) } }
        }
    }

    private static func destination(of image: ImageEntry, registry: RegistryTarget) -> String {
        var destination = Definition()
        switch registry {
        case .embedded: destination.add("registry", "embedded")
        case .layout(let folder): destination.add("layout", folder)
        case .remote(let prefix): destination.add("remote", prefix)
        }
        destination.add("push", "\(image.push)")
        destination.add("aliases", image.aliases.map(\.value).sorted())
        if let tag = image.naming.tag { destination.add("tag", tag.value.text) }
        if image.naming.movesTag { destination.add("tag-moves", "true") }
        return destination.text
    }
}
