/// Why a path counts for the nodes of a project, or does not: the loop's own rules, as `why` tells them.

import Dockerfile
import Foundation
import Graph
import Inputs
import Project
import Reporting

struct PathReasons {
    private let nodes: ProjectNodes
    private var project: Project { nodes.project }

    init(_ project: Project) { nodes = ProjectNodes(project, graph: project.graph) }

    /// Of a path as it was typed, relative to this absolute folder; it need not exist.
    func report(_ written: String, from folder: String) -> PathReport {
        let absolute = AbsolutePath.clean(written, in: folder)
        guard let path = place(of: absolute) else {
            var report = PathReport(path: written, inProject: nil, kind: Self.kind(of: absolute))
            report.notes = ["lies outside the project, \(project.root): nothing there is read or watched"]
            return report
        }
        let absent = written.hasSuffix("/") ? PathReport.Kind.folder : .missing
        let route = LinkRoute(path, in: project.root, isConfined: false)
        var report = PathReport(path: written, inProject: path, kind: Self.kind(of: project.root + "/" + path, absent))
        if !route.links.isEmpty {
            report.target = route.end
            if route.end == nil { report.notes.append("leads out of the project, or in a circle") }
        }
        report.notes += notes(of: path)
        let names = [path] + [report.target].compactMap(\.self)
        let isFolder = report.kind == .folder || Self.kind(of: project.root + "/" + (names.last ?? path)) == .folder
        report.nodes = nodes.entries.flatMap { relations(of: $0, to: names, isFolder: isFolder) }
        if !report.isRead {
            let isExplained = !report.notes.isEmpty
            if !isExplained { report.notes = ["nobody reads it"] }
            if !isExplained, report.nodes.isEmpty { report.nodes = passers(of: path) }
        }
        report.then = dependents(of: report)
        return report
    }

    // MARK: The path

    /// Relative to the project's folder; nil where it lies outside.
    ///
    /// Names that do not exist stand behind those that do, which may lead here through links.
    private func place(of path: String) -> String? {
        if let inside = relative(path) { return inside }
        var (head, rest) = (path, "")
        while head != "/" {
            if let real = AbsolutePath.real(head) { return relative(real + rest) }
            rest = "/" + (head as NSString).lastPathComponent + rest
            head = (head as NSString).deletingLastPathComponent
        }
        return nil
    }

    private func relative(_ path: String) -> String? {
        guard path != project.root else { return "" }
        let folder = project.root == "/" ? "/" : project.root + "/"
        return path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : nil
    }

    /// `absent` is what it counts for where nothing is there.
    private static func kind(of path: String, _ absent: PathReport.Kind = .missing) -> PathReport.Kind {
        FileStat(of: path).map { $0.isDirectory ? .folder : $0.isLink ? .link : .file } ?? absent
    }

    private static func isInGit(_ path: String) -> Bool { path.split(separator: "/").contains(".git") }

    private func notes(of path: String) -> [String] {
        var notes: [String] = []
        if project.root + "/" + path == project.file {
            notes.append("is the configuration: when it is saved, it is read again, and what comes out otherwise runs")
        }
        if path == ".env" { notes.append("gives the configuration its variables, and is read again with it") }
        if case .layout(let folder) = project.registry, let layout = relative(folder),
            OutputPath(path: layout).covers(path)
        {
            notes.append("lies in the OCI layout that imgwatch itself writes")
        }
        if Self.isInGit(path) {
            notes.append("is git's own: it says which commit this is, and is no input unless `.git` is named")
        }
        for image in project.images {
            let own = image.dockerfile + ".dockerignore"
            if image.ignoreFile == own, path == image.sharedIgnoreFile {
                notes.append("is not the ignore file of \(image.id): \(own) takes its place")
            }
        }
        return notes
    }

    // MARK: The nodes

    /// What the node has to do with the path, which may have two names.
    private func relations(of entry: ProjectNodes.Entry, to names: [String], isFolder: Bool) -> [PathReport.Entry] {
        var found: [(relation: PathReport.Relation, rules: [PathReport.Rule])] = []
        let outputs = project.step(entry.id)?.outputs ?? []
        let made = outputs.filter { output in names.contains(where: output.covers) }
        let madeBelow = isFolder ? outputs.filter { output in names.contains { Self.holds($0, output) } } : []
        if !made.isEmpty { found.append((.makes, made.map { rule(of: $0, entry) })) }
        if made.isEmpty, !madeBelow.isEmpty { found.append((.makesBelow, madeBelow.map { rule(of: $0, entry) })) }
        let defining = definitions(entry, names)
        if !defining.isEmpty { found.append((.isDefinedBy, defining)) }
        let reasons = names.compactMap { entry.scope.reason(for: $0) }
        let below = isFolder ? names.compactMap { entry.scope.reason(below: $0) } : []
        if let reason = reasons.first(where: { $0.exclusion == nil }) {
            found.append((.reads, rules(of: reason, entry)))
        } else if let reason = below.first(where: { $0.exclusion == nil }) {
            found.append((.readsBelow, rules(of: reason, entry)))
        } else if let reason = reasons.first ?? below.first {
            found.append((.leavesOut, rules(of: reason, entry)))
        }
        let kind: NodeKind = project.image(entry.id) == nil ? .step : .image
        return found.map { PathReport.Entry(entry.id, kind, $0.relation, $0.rules) }
    }

    private static func holds(_ folder: String, _ output: OutputPath) -> Bool {
        folder.isEmpty || OutputPath(path: folder).covers(output.path)
    }

    private func rule(of output: OutputPath, _ entry: ProjectNodes.Entry) -> PathReport.Rule {
        let step = project.step(entry.id)
        let place = step.flatMap { step in zip(step.outputs, step.outputPlaces).first { $0.0 == output }?.1 }
        return PathReport.Rule(.output, output.path + (output.isDirectory ? "/" : ""), place)
    }

    private func definitions(_ entry: ProjectNodes.Entry, _ names: [String]) -> [PathReport.Rule] {
        guard let image = project.image(entry.id), names.contains(where: entry.extra.contains) else { return [] }
        if names.contains(image.dockerfile) { return [PathReport.Rule(.dockerfile, "its Dockerfile", image.place)] }
        let ignoreFiles = [image.dockerfile + ".dockerignore", image.sharedIgnoreFile]
        if let file = image.ignoreFile, names.contains(file) {
            return [PathReport.Rule(.ignoreFile, "its ignore file")]
        }
        if names.contains(where: ignoreFiles.contains) {
            return [PathReport.Rule(.ignoreFile, "its ignore file, as soon as it is there")]
        }
        let way = entry.extra.first { !LinkedSources.ends(of: $0, in: project.root).isEmpty }
        return [PathReport.Rule(.link, way ?? image.dockerfile)]
    }

    private func rules(of reason: InputReason, _ entry: ProjectNodes.Entry) -> [PathReport.Rule] {
        var rules: [PathReport.Rule] = []
        for rule in reason.names.map({ rule(of: $0, entry) }) where !rules.contains(rule) { rules.append(rule) }
        switch reason.exclusion {
        case .output(let output): rules.append(rule(of: output, entry))
        case .ignored(let ignore): rules.append(PathReport.Rule(.ignored, ignore.text, place(of: ignore, entry)))
        case .git: rules.append(PathReport.Rule(.git, "what is in .git is no input where `.git` is not named"))
        case nil: break
        }
        if let exception = reason.exception {
            rules.append(PathReport.Rule(.exception, exception.text, place(of: exception, entry)))
        }
        return rules
    }

    private func rule(of name: InputReason.Name, _ entry: ProjectNodes.Entry) -> PathReport.Rule {
        switch name {
        case .input(let pattern):
            let isSlashed = pattern.namesFolder && !pattern.text.hasSuffix("**") && pattern.text != "."
            return PathReport.Rule(.input, pattern.text + (isSlashed ? "/" : ""), pattern.place)
        case .source(let source):
            let image = project.image(entry.id)
            return PathReport.Rule(
                .instruction,
                image?.variants.lazy.compactMap { $0.evaluation.instruction(of: source) }.first ?? source.path,
                image.map { Place(file: $0.dockerfile, line: source.line) }
            )
        case .links(let links): return PathReport.Rule(.link, links.joined(separator: " and "))
        }
    }

    private func place(of ignore: IgnoreRule, _ entry: ProjectNodes.Entry) -> Place? {
        let places = project.image(entry.id)?.ignorePlaces ?? []
        return places.indices.contains(ignore.line - 1) ? places[ignore.line - 1] : nil
    }

    /// The images, each with what it would take to read a path that nothing names.
    private func passers(of path: String) -> [PathReport.Entry] {
        project.images.compactMap { image in
            guard let scope = nodes[image.id]?.scope else { return nil }
            let text =
                scope.canName(path)
                ? "its context holds it, but no COPY or ADD takes it"
                : "its context, \(image.context), does not hold it"
            return PathReport.Entry(image.id, .image, .passesBy, [PathReport.Rule(.context, text, image.place)])
        }
    }

    private func dependents(of report: PathReport) -> [NodeID] {
        let affected = report.nodes.filter(\.isAffected).map(\.node)
        let dependents = Set(affected.flatMap { project.graph.dependents(of: $0) }).subtracting(affected)
        return project.graph.nodes.map(\.id).filter(dependents.contains)
    }
}

extension Image {
    /// The ignore file that counts where the Dockerfile has none of its own.
    var sharedIgnoreFile: String { context.isEmpty ? ".dockerignore" : context + "/.dockerignore" }
}
