/// One reading of a configuration, stage by stage; each stage adds to the problems, and only the last one throws.

import Dockerfile
import Foundation
import Graph

struct Loading {
    private let root: String
    private let path: String
    private let name: String
    private let environment: [String: String]
    private let bases: [BaseName: ExternalBase]
    private var problems: [Diagnostic] = []
    private var sourceFiles: [String] = []

    init(file: String, environment: [String: String], bases: [BaseName: ExternalBase]) throws(Diagnostics) {
        let here = FileManager.default.currentDirectoryPath
        let absolute = file.hasPrefix("/") ? file : here + "/" + file
        do throws(Diagnostic) { _ = try Loader.locate(file, from: here) } catch {
            throw Diagnostics([error], sourceFiles: [absolute])
        }
        let slash = absolute.lastIndex(of: "/") ?? absolute.startIndex
        name = String(absolute[slash...].dropFirst())
        let folder = slash == absolute.startIndex ? "/" : String(absolute[..<slash])
        root = AbsolutePath.real(folder) ?? folder
        (self.environment, self.bases) = (environment, bases)
        path = root == "/" ? "/\(name)" : "\(root)/\(name)"
    }

    mutating func run() throws(Diagnostics) -> Loaded {
        guard let file = readFile() else { throw failure() }
        let layout = file.registry.flatMap(layoutOutput)
        let outputs = file.steps.flatMap { step in
            step.outputs.map { Output(step: step.id, path: asFound($0.value), place: $0.place) }
        }
        problems += OutputCheck.problems(outputs, layout: layout?.path.path)
        problems += NameCheck.problems(file) + DeployCheck.problems(file) + CloudCheck.problems(file)
        let written = outputs + outputs.compactMap { $0.linked(root: root) }
        let paths = PathCheck(root: root, outputs: written)
        problems += paths.problems(file)
        var dockerfiles = DockerfileReader(root: root, images: file.images, outputs: outputs, bases: bases)
        dockerfiles.readAll()
        problems += dockerfiles.problems
        sourceFiles += dockerfiles.sourceFiles
        problems += file.images.flatMap { image in
            dockerfiles.readings[image.id].flatMap { ContextCheck(image, $0, paths) }?.problems ?? []
        }
        let ordering = Ordering(Self.vertices(file, dockerfiles.readings))
        problems += ordering.circles()
        let readers =
            file.steps.map { Reader($0, root: root) }
            + file.images.compactMap { image in
                dockerfiles.readings[image.id].flatMap { ImageReads(image, $0, root: root)?.reader }
            }
        let races = RaceCheck(outputs: written, ordering: ordering)
        problems += readers.flatMap(races.problems)
        if let layout { problems += readers.flatMap { RaceCheck.layoutProblems($0, layout: layout) } }
        tidyProblems()
        guard !problems.contains(where: { $0.severity == .error }) else { throw failure() }
        let assembly = Assembly(
            file: file,
            outputs: outputs,
            written: written,
            readings: dockerfiles.readings,
            readers: readers
        )
        let project = assembly.project(root: root, path: path, ordering: ordering, sourceFiles: sources)
        return Loaded(project: project, warnings: problems)
    }

    // MARK: Reading

    private mutating func readFile() -> ProjectFile? {
        let variables = readVariables()
        let text: String
        do {
            text = try TextFile.read(path)
        } catch {
            problems.append(error.diagnostic(at: Place(file: name), what: "the configuration"))
            return nil
        }
        var yaml = YAMLReader(file: name)
        let tree = yaml.read(text)
        problems += yaml.problems
        guard let tree, tree.kind != .null else {
            if yaml.problems.isEmpty { reportEmpty("the configuration is empty") }
            return nil
        }
        var reader = ProjectFileReader(root: root, variables: variables)
        let file = reader.read(tree)
        problems += reader.values.problems
        if file.steps.isEmpty, file.images.isEmpty, !problems.contains(where: { $0.severity == .error }) {
            reportEmpty("the configuration names no steps and no images")
        }
        return file
    }

    private mutating func reportEmpty(_ reason: String) {
        let problem = Diagnostic(
            id: Rule.empty.id,
            place: Place(file: name),
            reason: reason,
            remedy: "Name an image below `images:`, or delete the file and let `imgwatch init` write one from the "
                + "Dockerfiles that it finds."
        )
        problems.append(problem)
    }

    private mutating func readVariables() -> Variables {
        let file = root == "/" ? "/.env" : "\(root)/.env"
        sourceFiles.append(file)
        guard FileKind.of(file) == .file else { return Variables(process: environment) }
        do {
            let text = try TextFile.read(file)
            return Variables(
                process: environment,
                file: EnvironmentFile.parse(text, file: ".env", problems: &problems)
            )
        } catch {
            problems.append(error.diagnostic(at: Place(file: ".env"), what: "the file of variables"))
            return Variables(process: environment)
        }
    }

    // MARK: Stages

    private static func vertices(
        _ file: ProjectFile,
        _ readings: [NodeID: DockerfileReader.Reading]
    ) -> [Vertex] {
        let declared = { (site: NeedsSite) in
            site.names.map { Edge(need: NodeID($0.value), cause: .declared, place: $0.place) }
        }
        // What makes something must not need a deploy, and that is told elsewhere.
        let deployed = Set(file.images.flatMap(\.deploys).map(\.id))
        let made = { (site: NeedsSite) in declared(site).filter { !deployed.contains($0.need) } }
        let steps = file.steps.map { Vertex(id: $0.id, place: $0.place, edges: made($0.needs)) }
        let images = file.images.map { image in
            var edges = made(image.needs)
            for argument in image.arguments {
                guard case .image(let name) = argument.value else { continue }
                edges.append(Edge(need: NodeID(name.value), cause: .argument(argument.key), place: name.place))
            }
            for base in readings[image.id]?.bases ?? [] {
                let cause = Edge.Cause.base(dockerfile: image.dockerfile?.value ?? "", line: base.line)
                edges.append(Edge(need: base.image, cause: cause, place: image.place))
            }
            return Vertex(id: image.id, place: image.place, edges: edges)
        }
        let deploys = file.images.flatMap(\.deploys).map { deploy in
            let edge = Edge(need: deploy.image, cause: .deployed, place: deploy.place)
            return Vertex(id: deploy.id, place: deploy.place, edges: [edge] + declared(deploy.needs))
        }
        return steps + images + deploys
    }

    /// An output that turns out to be a folder is one, whether or not it is written with a slash.
    private func asFound(_ output: OutputPath) -> OutputPath {
        var output = output
        if !output.isDirectory { output.isDirectory = FileKind.of("\(root)/\(output.path)") == .folder }
        return output
    }

    /// The layout's folder as an output of imgwatch, where it lies in the project.
    private func layoutOutput(_ registry: Placed<RegistryTarget>) -> Output? {
        guard case .layout(let folder) = registry.value else { return nil }
        return RelativePath.relative(folder, to: root).map {
            Output(step: NodeID(""), path: OutputPath(path: $0, isDirectory: true), place: registry.place)
        }
    }

    // MARK: Ending

    /// Each once, in the order of the places: the configuration first, then the other files by name.
    private mutating func tidyProblems() {
        var seen: Set<Diagnostic> = []
        problems = problems.filter { seen.insert($0).inserted }
        let sorted = problems.enumerated().sorted {
            let (a, b) = (rank(of: $0.element.place), rank(of: $1.element.place))
            return a == b ? $0.offset < $1.offset : a < b
        }
        problems = sorted.map(\.element)
    }

    private func rank(of place: Place) -> (String, Int, Int) {
        (place.file == name ? "" : place.file, place.line ?? 0, place.column ?? 0)
    }

    /// Each once, in the order of their first mention.
    private var sources: [String] {
        var seen: Set<String> = []
        return sourceFiles.filter { seen.insert($0).inserted }
    }

    private mutating func failure() -> Diagnostics {
        tidyProblems()
        return Diagnostics(problems, sourceFiles: [path] + sources)
    }
}
