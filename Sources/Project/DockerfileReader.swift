/// Reads the images' Dockerfiles and ignore files and evaluates them, each after the images that it is built from.

import Dockerfile
import Foundation
import Graph

struct DockerfileReader {
    struct Reading {
        var evaluation: Evaluation
        var ignorePatterns: IgnorePatterns
        var ignoreFile: String?
        /// The project's images that it is FROM or copies from, with the lines that say so.
        var bases: [(image: NodeID, line: Int)]
    }

    private let root: String
    private let images: [ImageEntry]
    private let outputs: [Output]
    private(set) var readings: [NodeID: Reading] = [:]
    private(set) var problems: [Diagnostic] = []
    /// Absolute; those that do not exist, but would count if they did, among them.
    private(set) var sourceFiles: [String] = []
    /// The images whose reading has begun: one that comes up again is a circle, which is reported elsewhere.
    private var begun: Set<NodeID> = []

    init(root: String, images: [ImageEntry], outputs: [Output]) {
        (self.root, self.images, self.outputs) = (root, images, outputs)
    }

    mutating func readAll() {
        for image in images { read(image) }
    }

    private mutating func read(_ image: ImageEntry) {
        guard begun.insert(image.id).inserted, let context = image.context, let dockerfile = image.dockerfile else {
            return
        }
        // Without a context its Dockerfile is missing too, and that need not be said.
        let isThere = checkContext(context) || RelativePath.relative(dockerfile.value, to: context.value) == nil
        guard isThere, let text = text(of: dockerfile, image) else { return }
        let ignore = readIgnoreFile(dockerfile: dockerfile.value, context: context.value)
        let evaluation = evaluate(image, text: text, path: dockerfile.value)
        guard let patterns = patterns(of: image, ignore: ignore), let evaluation else { return }
        readings[image.id] = Reading(
            evaluation: evaluation,
            ignorePatterns: patterns,
            ignoreFile: ignore?.path,
            bases: evaluation.projectBases
        )
    }

    // MARK: Evaluation

    /// Twice where there are bases in the project: first to learn which, then with what they hand down.
    private mutating func evaluate(_ image: ImageEntry, text: String, path: String) -> Evaluation? {
        do {
            let parsed = try Dockerfile.parse(text)
            var options = options(for: image)
            var evaluation = try parsed.evaluate(options)
            let bases = evaluation.projectBases.map(\.image)
            for base in images where bases.contains(base.id) { read(base) }
            for base in bases {
                if let reading = readings[base] {
                    options.baseDefaults[base.name] = reading.evaluation.defaults(bases: defaults(of: reading))
                }
            }
            if !options.baseDefaults.isEmpty { evaluation = try parsed.evaluate(options) }
            let unsupported = evaluation.unsupportedByAssembler(projectImages: others(of: image))
            problems += unsupported.map { diagnostic($0, in: path, of: image) }
            return evaluation
        } catch {
            problems += error.all.map { diagnostic($0, in: path, of: image) }
            return nil
        }
    }

    /// Whose names mean an image of the project in this Dockerfile: an image that is called like its public base means
    /// that base, not itself.
    private func others(of image: ImageEntry) -> [String] { images.map(\.id.name).filter { $0 != image.id.name } }

    private func options(for image: ImageEntry) -> EvaluationOptions {
        let references =
            others(of: image).map { ($0, $0) } + images.map { (Loader.placeholder(for: $0.id.name), $0.id.name) }
        let arguments = image.arguments.map { argument in
            switch argument.value {
            case .value(let value): KeyValue(argument.key, value)
            case .image(let name): KeyValue(argument.key, Loader.placeholder(for: name.value))
            }
        }
        return EvaluationOptions(
            target: image.target?.value,
            arguments: arguments,
            projectImages: Dictionary(references, uniquingKeysWith: { first, _ in first }),
            platform: Self.hostPlatform
        )
    }

    private func defaults(of reading: Reading) -> [String: BaseDefaults] {
        var found: [String: BaseDefaults] = [:]
        for (base, _) in reading.bases {
            if let below = readings[base] { found[base.name] = below.evaluation.defaults(bases: defaults(of: below)) }
        }
        return found
    }

    /// Images are made for the machine that imgwatch runs on.
    private static var hostPlatform: String {
        #if arch(arm64)
        "linux/arm64"
        #else
        "linux/amd64"
        #endif
    }

    /// In the file that it is about; a target that is no stage stands in the configuration.
    private func diagnostic(_ problem: DockerfileProblem, in file: String, of image: ImageEntry) -> Diagnostic {
        var place = Place(file: file, line: problem.line, column: problem.column)
        if problem.id == "dockerfile-unknown-target", let target = image.target { place = target.place }
        return Diagnostic(id: problem.id, place: place, reason: problem.reason, remedy: problem.remedy)
    }

    // MARK: Files

    /// Whether it is there, or will be.
    private mutating func checkContext(_ context: Placed<String>) -> Bool {
        let path = "\(root)/\(context.value)"
        if leaves(path) {
            report(
                .path,
                context.place,
                "the context `\(context.value)` is a link that leads out of the project",
                "Move what it leads to into the project, or the configuration up to a folder that holds both."
            )
            return false
        }
        switch FileKind.of(path) {
        case .folder: return true
        case nil where outputs.contains(where: { $0.path.covers(context.value) }): return true
        case nil:
            report(
                .missingFile,
                context.place,
                "the context `\(context.value)` does not exist",
                nearest(to: context.value, wanted: .folder) ?? "Make the folder, or name another."
            )
        default:
            report(
                .missingFile,
                context.place,
                "the context `\(context.value)` is not a folder",
                "Name the folder that `COPY` reads from; the Dockerfile is named by `dockerfile`."
            )
        }
        return false
    }

    private mutating func text(of dockerfile: Placed<String>, _ image: ImageEntry) -> String? {
        let path = "\(root)/\(dockerfile.value)"
        sourceFiles.append(path)
        if leaves(path) {
            report(
                .path,
                dockerfile.place,
                "the Dockerfile `\(dockerfile.value)` is a link that leads out of the project",
                "Copy the file into the project, or move the configuration up to a folder that holds both."
            )
            return nil
        }
        switch FileKind.of(path) {
        case .file: break
        case .folder:
            report(
                .missingFile,
                dockerfile.place,
                "the Dockerfile `\(dockerfile.value)` is a folder",
                "Name the file in it: `dockerfile: \(RelativePath.join(dockerfile.value, "Dockerfile"))`."
            )
            return nil
        default:
            reportMissing(dockerfile, of: image)
            return nil
        }
        do {
            return try TextFile.read(path)
        } catch {
            let place = Place(file: dockerfile.value)
            problems.append(error.diagnostic(at: place, what: "the Dockerfile of `\(image.id)`"))
            return nil
        }
    }

    private mutating func reportMissing(_ dockerfile: Placed<String>, of image: ImageEntry) {
        if let output = outputs.first(where: { $0.path.covers(dockerfile.value) }) {
            report(
                .madeDockerfile,
                dockerfile.place,
                "the Dockerfile `\(dockerfile.value)` is written by the step `\(output.step)` and is not there yet; "
                    + "a Dockerfile must exist before anything runs, because it says what the image needs",
                "Run the step's command once by hand, or keep the Dockerfile out of its outputs."
            )
            return
        }
        report(
            .missingFile,
            dockerfile.place,
            "the Dockerfile `\(dockerfile.value)` of `\(image.id)` does not exist",
            nearest(to: dockerfile.value, wanted: .file) ?? "Write it, or name another by `dockerfile`."
        )
    }

    /// `<Dockerfile>.dockerignore` beside the Dockerfile, or `.dockerignore` in the context (BuildKit, `dockerui`).
    private mutating func readIgnoreFile(dockerfile: String, context: String) -> (path: String, text: String)? {
        let candidates = [dockerfile + ".dockerignore", RelativePath.join(context, ".dockerignore")]
        sourceFiles += candidates.map { "\(root)/\($0)" }
        guard let path = candidates.first(where: { FileKind.of("\(root)/\($0)") == .file }) else { return nil }
        do {
            return (path, try TextFile.read("\(root)/\(path)"))
        } catch {
            problems.append(error.diagnostic(at: Place(file: path), what: "the ignore file"))
            return nil
        }
    }

    /// The ignore file's patterns, then the image's own.
    private mutating func patterns(of image: ImageEntry, ignore: (path: String, text: String)?) -> IgnorePatterns? {
        var isSound = true
        do {
            _ = try IgnorePatterns(parsing: ignore?.text ?? "")
        } catch {
            problems += error.all.map { diagnostic($0, in: ignore?.path ?? "", of: image) }
            isSound = false
        }
        for pattern in image.ignore {
            do {
                _ = try IgnorePatterns(parsing: pattern.value)
            } catch {
                problems += error.all.map {
                    Diagnostic(id: $0.id, place: pattern.place, reason: $0.reason, remedy: $0.remedy)
                }
                isSound = false
            }
        }
        let all = ([ignore?.text ?? ""] + image.ignore.map(\.value)).joined(separator: "\n")
        return isSound ? try? IgnorePatterns(parsing: all) : nil
    }

    /// Whether links on the way lead to something outside the root.
    private func leaves(_ path: String) -> Bool {
        guard let real = AbsolutePath.real(path) else { return false }
        return !OutputPath(path: root, isDirectory: true).covers(real) && root != "/"
    }

    private mutating func report(_ rule: Rule, _ place: Place, _ reason: String, _ remedy: String) {
        problems.append(Diagnostic(id: rule.id, place: place, reason: reason, remedy: remedy))
    }

    /// The remedy that names a file or folder of nearly that name, in the folder of that name.
    private func nearest(to path: String, wanted: FileKind) -> String? {
        let folder = RelativePath.parent(of: path)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)"))?.sorted() ?? []
        let candidates = names.map { RelativePath.join(folder, $0) }
        return Nearest.to(path, in: candidates.filter { FileKind.of("\(root)/\($0)") == wanted })
            .map { "Did you mean `\($0)`?" }
    }
}

extension Evaluation {
    /// The images of the project that are read, each line that says so in the order of the file.
    var projectBases: [(image: NodeID, line: Int)] {
        stages.flatMap { stage in
            let copied = stage.instructions.compactMap { instruction -> (Base, Int)? in
                guard case .copy(let copy) = instruction.operation, let from = copy.from else { return nil }
                return (from, instruction.line)
            }
            return ([(stage.base, stage.line)] + copied).compactMap { base, line in
                if case .project(let name) = base { (NodeID(name), line) } else { nil }
            }
        }
    }
}
