/// Who reads a path, who makes it, and where inputs can be: the project's nodes as the watcher's batches meet them.

import Dockerfile
import Engine
import Graph
import Inputs
import Project

struct ProjectNodes: Sendable {
    struct Entry: Sendable {
        var id: NodeID
        var scope: InputScope
        var outputs: [OutputPath]
        var outputScope: InputScope
        /// Paths that decide the node besides what its scope reads, relative to the root.
        var extra: [String]
        /// What it names and must find, relative to the root.
        var literals: [String]
        /// Where sources that are links lead, and the links, relative to the context.
        var followed: [String] = []
    }

    let project: Project
    /// The nodes that this loop runs: all, or those that a command line names with what they need.
    let graph: Graph
    let entries: [Entry]
    private let positions: [NodeID: Int]

    init(_ project: Project, graph: Graph) {
        (self.project, self.graph) = (project, graph)
        entries = graph.nodes.compactMap { node in
            if let step = project.step(node.id) { return Self.entry(step) }
            return project.image(node.id).map { Self.entry($0, in: project) }
        }
        positions = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.id, $0) })
    }

    subscript(id: NodeID) -> Entry? { positions[id].map { entries[$0] } }

    private static func entry(_ step: Step) -> Entry {
        Entry(
            id: step.id,
            scope: InputScope(of: step),
            outputs: step.outputs,
            outputScope: InputScope(outputs: step.outputs),
            extra: [],
            literals: step.inputs.filter(\.isLiteral).map(\.staticPrefix)
        )
    }

    private static func entry(_ image: Image, in project: Project) -> Entry {
        let sources = image.evaluation.contextPaths.map(\.path).filter { path in
            path != "." && !path.isEmpty && !path.contains { "*?[\\".contains($0) }
        }
        let followed = LinkedSources.targets(of: sources, in: project.root, context: image.context)
        return Entry(
            id: image.id,
            scope: InputScope(of: image, followed: followed),
            outputs: [],
            outputScope: InputScope(outputs: []),
            extra: [image.dockerfile] + (image.ignoreFile.map { [$0] } ?? []),
            literals: sources.map { image.context.isEmpty ? $0 : image.context + "/" + $0 },
            followed: followed
        )
    }

    /// Whether a step of the project makes this path.
    func isGenerated(_ path: String) -> Bool {
        project.steps.contains { $0.outputs.contains { $0.covers(path) } }
    }

    /// The nodes that a change of this path concerns. What is removed may be a folder, and then it concerns all that
    /// may read below it; what comes is reported file by file.
    func change(_ path: String, isRemoval: Bool, at sequence: Sequence) -> [PathChange] {
        var readers: [NodeID] = []
        var owners: [NodeID] = []
        for entry in entries {
            if entry.scope.reads(path) || isRemoval && entry.scope.mayRead(below: path) { readers.append(entry.id) }
            let isOwner = entry.outputs.contains {
                $0.covers(path) || isRemoval && OutputPath(path: path).covers($0.path)
            }
            if isOwner { owners.append(entry.id) }
        }
        guard !owners.isEmpty else { return [PathChange(path: path, sequence: sequence, readers: readers)] }
        return owners.map { owner in
            PathChange(path: path, sequence: sequence, readers: readers.filter { $0 != owner }, owner: owner)
        }
    }

    /// Whether a link that a source leads through may be another one now.
    func mayRelink(_ path: String) -> Bool {
        entries.contains { entry in
            entry.literals.contains { $0 == path || $0.hasPrefix(path + "/") }
                || !entry.followed.isEmpty && entry.scope.reads(path)
        }
    }

    /// Whether inputs, outputs or the project's own files can lie in this folder.
    func mayHoldInputs(_ directory: String) -> Bool {
        entries.contains { entry in
            entry.scope.mayRead(below: directory) || entry.outputScope.mayRead(below: directory)
        }
    }

    /// Declared inputs that are not there, nor made by a step, relative to the root.
    func missing(_ entry: Entry) -> [String] {
        entry.literals.filter { path in
            FileStat(of: project.root + "/" + path) == nil && !isGenerated(path)
        }
    }
}

extension OutputPath {
    init(path: String) { self.init(path: path, isDirectory: true) }
}
