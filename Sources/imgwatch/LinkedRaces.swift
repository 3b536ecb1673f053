/// The race check for what the loader can't see in a text: links that patterns and wildcards find on the disk.

import Graph
import Inputs
import Project

enum LinkedRaces {
    /// The project, where no node reads by way of a link what a step writes that it does not need.
    static func checked(_ loaded: Loaded) throws(Diagnostics) -> Loaded {
        let project = loaded.project
        let found = problems(in: ProjectNodes(project, graph: project.graph))
        guard found.isEmpty else {
            throw Diagnostics(loaded.warnings + found, sourceFiles: project.ownFiles)
        }
        return loaded
    }

    /// One for each node and step.
    static func problems(in nodes: ProjectNodes) -> [Diagnostic] {
        let project = nodes.project
        return nodes.entries.flatMap { entry -> [Diagnostic] in
            guard !entry.linked.sources.isEmpty, let scope = scope(of: entry, in: project) else { return [] }
            let reached = Set(project.graph.needs(of: entry.id) + [entry.id])
            return project.steps.filter { !reached.contains($0.id) }.compactMap { step in
                step.outputs.first { scope.reads($0.path) || $0.isDirectory && scope.mayRead(below: $0.path) }.map {
                    problem(entry, step, $0, in: project)
                }
            }
        }
    }

    /// Only what the node reads behind links.
    private static func scope(of entry: ProjectNodes.Entry, in project: Project) -> InputScope? {
        if let step = project.step(entry.id) { return InputScope(linkedBy: step, entry.linked) }
        return project.image(entry.id).map { InputScope(linkedBy: $0, entry.linked) }
    }

    private static func problem(
        _ entry: ProjectNodes.Entry,
        _ step: Step,
        _ output: OutputPath,
        in project: Project
    ) -> Diagnostic {
        let links = entry.linked.links.sorted().map { "`\($0)`" }.joined(separator: ", ")
        let isImage = project.image(entry.id) != nil
        return Diagnostic(
            id: "race",
            place: project.step(entry.id)?.place ?? project.image(entry.id)?.place ?? Place(file: project.file),
            reason: "the \(isImage ? "image" : "step") `\(entry.id)` reads through \(links) what the step `\(step.id)` "
                + "writes, `\(output.path)`; without a need on it, what is read may be old or half written",
            remedy: "Add `\(step.id)` to the needs of `\(entry.id)`."
        )
    }
}
