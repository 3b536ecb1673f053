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
        /// Where links on the way to these lead, relative to the root.
        var ends: [String]
        /// The context of an image, relative to the root: links in it do not lead out of it.
        var context: String?
        /// What it reads by way of links.
        var linked: LinkedSources
    }

    let project: Project
    /// The nodes that this loop runs: all, or those that a command line names with what they need.
    let graph: Graph
    let entries: [Entry]
    let written: WrittenPaths
    private let positions: [NodeID: Int]

    init(_ project: Project, graph: Graph) {
        (self.project, self.graph) = (project, graph)
        entries = graph.nodes.compactMap { node in
            if let step = project.step(node.id) { return Self.entry(step, in: project) }
            return project.image(node.id).map { Self.entry($0, in: project) }
        }
        written = WrittenPaths(of: project)
        positions = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.id, $0) })
    }

    subscript(id: NodeID) -> Entry? { positions[id].map { entries[$0] } }

    private static func entry(_ step: Step, in project: Project) -> Entry {
        let linked = LinkedSources(of: step, in: project.root)
        let literals = step.inputs.filter(\.isLiteral).map(\.staticPrefix)
        return Entry(
            id: step.id,
            scope: InputScope(of: step, linked: linked),
            outputs: step.outputs,
            outputScope: InputScope(outputs: step.outputs),
            extra: [],
            literals: literals,
            ends: literals.compactMap { end(of: $0, inContext: nil, project) },
            context: nil,
            linked: linked
        )
    }

    private static func entry(_ image: Image, in project: Project) -> Entry {
        let sources = image.variants.contextPaths.map(\.path).filter { path in
            path != "." && !path.isEmpty && !path.unicodeScalars.contains { "*?[\\".unicodeScalars.contains($0) }
        }
        let linked = LinkedSources(of: image, in: project.root)
        let extra = image.definingFiles
        let literals = sources.map { image.context.isEmpty ? $0 : image.context + "/" + $0 }
        return Entry(
            id: image.id,
            scope: InputScope(of: image, linked: linked),
            outputs: [],
            outputScope: InputScope(outputs: []),
            extra: extra + extra.flatMap { LinkedSources.ends(of: $0, in: project.root) },
            literals: literals,
            ends: literals.compactMap { end(of: $0, inContext: image.context, project) },
            context: image.context,
            linked: linked
        )
    }

    /// Whether a step of the project makes this path.
    func isGenerated(_ path: String) -> Bool {
        written.paths.contains { $0.covers(path) }
    }

    /// The nodes that a change of this path concerns.
    ///
    /// With `isWhole` it concerns all that may read below it, too: what is removed may have been a folder.
    func change(_ path: String, isWhole: Bool, at sequence: Sequence) -> [PathChange] {
        let isLink = !isWhole && entries.contains { $0.scope.isOnTheWay(path) } && isLink(path)
        var readers: [NodeID] = []
        var owners: [NodeID] = []
        for entry in entries {
            let isReader =
                entry.scope.reads(path) || entry.scope.leadsBack(path) || isWhole && entry.scope.mayRead(below: path)
                || isLink && entry.scope.isOnTheWay(path)
                || entry.names(path, isWhole: isWhole)
            if isReader { readers.append(entry.id) }
            let isOwner = entry.outputs.contains {
                $0.covers(path) || isWhole && OutputPath(path: path).covers($0.path)
            }
            if isOwner { owners.append(entry.id) }
        }
        guard !owners.isEmpty else { return [PathChange(path: path, sequence: sequence, readers: readers)] }
        return owners.map { owner in
            PathChange(path: path, sequence: sequence, readers: readers.filter { $0 != owner }, owner: owner)
        }
    }

    /// Whether a link through which a node reads or writes came, went, or may lead elsewhere now.
    func mayRelink(_ path: String) -> Bool {
        let place = OutputPath(path: path)
        return entries.contains { entry in
            entry.linked.links.contains(where: place.covers) || entry.linked.turns.contains(where: place.covers)
                || entry.scope.isOnTheWay(path)
        } || written.turns.contains(where: place.covers) || isLink(path)
    }

    /// Whether anything is read or written by way of links.
    var hasLinks: Bool { !written.turns.isEmpty || entries.contains { $0.linked != .none } }

    private func isLink(_ path: String) -> Bool { FileStat(of: project.root + "/" + path)?.isLink == true }

    /// Whether inputs, outputs or the project's own files can lie in this folder.
    func mayHoldInputs(_ directory: String) -> Bool {
        entries.contains { entry in
            entry.scope.mayRead(below: directory) || entry.outputScope.mayRead(below: directory)
                || entry.named.contains { $0 != directory && OutputPath(path: directory).covers($0) }
                || entry.linked.turns.contains { $0 != directory && OutputPath(path: directory).covers($0) }
        } || written.turns.contains { $0 != directory && OutputPath(path: directory).covers($0) }
    }

    /// Whether a step of the project makes something below this folder, and the folder with it.
    private func holdsGenerated(_ path: String) -> Bool {
        written.paths.contains { OutputPath(path: path).covers($0.path) }
    }

    /// Declared inputs that are not there, nor made by a step, relative to the root.
    func missing(_ entry: Entry) -> [String] {
        entry.literals.filter { path in
            let place = place(of: path, for: entry)
            let ends = [place, Self.end(of: path, inContext: entry.context, project) ?? place].compactMap(\.self)
            return ends.allSatisfy { FileStat(of: project.root + "/" + $0) == nil }
                && !ends.contains { isGenerated($0) || holdsGenerated($0) }
        }
    }

    /// ` (Dockerfile:3)`, where an instruction of an image's Dockerfile names the path.
    func instruction(reading path: String, of id: NodeID) -> String {
        guard let image = project.image(id) else { return "" }
        let context = image.context.isEmpty ? "" : image.context + "/"
        let source = image.variants.contextPaths.first { context + $0.path == path }
        return source.map { " (\(image.dockerfile):\($0.line))" } ?? ""
    }

    /// Where the path is found, which may be a link: those on the way to it are followed.
    ///
    /// It is nil where they lead an image in a circle: what the kernel finds there is not what the image reads.
    private func place(of path: String, for entry: Entry) -> String? {
        guard let slash = path.lastIndex(of: "/") else { return path }
        guard let folder = Self.end(of: String(path[..<slash]), inContext: entry.context, project) else {
            return entry.context == nil ? path : nil
        }
        return folder.isEmpty ? String(path[path.index(after: slash)...]) : folder + path[slash...]
    }

    /// Where links lead: for a command as the kernel says, for an image as BuildKit does, inside the context.
    private static func end(of path: String, inContext context: String?, _ project: Project) -> String? {
        guard let context, !context.isEmpty else {
            return LinkRoute(path, in: project.root, isConfined: context != nil).end
        }
        let source = String(decoding: path.utf8.dropFirst(context.utf8.count + 1), as: UTF8.self)
        let route = LinkRoute(source, in: project.root + "/" + context, isConfined: true)
        return route.end.map { $0.isEmpty ? context : context + "/" + $0 }
    }
}

extension ProjectNodes.Entry {
    /// What it must find, by the names that it has for it and by those that links lead to.
    fileprivate var named: [String] { literals + ends }

    /// Whether the path is one that the node must find, or a link by which it reads, be it ignored or not.
    fileprivate func names(_ path: String, isWhole: Bool) -> Bool {
        let place = OutputPath(path: path)
        let isNamed = { (name: String) in name == path || isWhole && place.covers(name) }
        return named.contains(where: isNamed) || linked.links.contains(where: isNamed)
    }

    /// Whether what the node reads may lie at this path or below it.
    func mayRead(_ path: String) -> Bool {
        scope.mayRead(below: path) || scope.reads(path) || scope.isOnTheWay(path)
            || named.contains { OutputPath(path: path).covers($0) }
    }

    /// Whether what the node reads or makes may lie at this path or below it.
    func mayConcern(_ path: String) -> Bool {
        mayRead(path)
            || outputs.contains { $0.covers(path) || OutputPath(path: path).covers($0.path) }
    }
}

extension Image {
    /// The Dockerfile and the ignore files that are in force, or would be if they were there.
    fileprivate var definingFiles: [String] {
        let own = dockerfile + ".dockerignore"
        return ignoreFile == own ? [dockerfile, own] : [dockerfile, own, sharedIgnoreFile]
    }
}

extension OutputPath {
    init(path: String) { self.init(path: path, isDirectory: true) }
}
