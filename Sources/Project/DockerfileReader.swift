/// Reads the images' Dockerfiles and ignore files and evaluates them, each after the images that it is built from.

package import Dockerfile
package import Graph

struct DockerfileReader {
    struct Reading {
        var dockerfile: Dockerfile
        /// One for each platform; never empty.
        var variants: [ImageVariant]
        /// Which of BuildKit's checks count.
        var lint: LintOptions
        /// Whether all is known that its bases hand down.
        var knowsBases: Bool
        var ignorePatterns: IgnorePatterns
        /// Where each line of the patterns' text is written.
        var ignorePlaces: [Place]
        var ignoreFile: String?
        /// The project's images that it is FROM or copies from, with the lines that say so.
        var bases: [(image: NodeID, line: Int)]
    }

    let root: String
    private let images: [ImageEntry]
    let outputs: [Output]
    private(set) var readings: [NodeID: Reading] = [:]
    var problems: [Diagnostic] = []
    /// Absolute; those that do not exist, but would count if they did, among them.
    var sourceFiles: [String] = []
    /// What each image that has been evaluated hands down.
    private var defaults: [BaseName: BaseDefaults] = [:]
    /// What is known of images from elsewhere.
    private let external: [BaseName: ExternalBase]
    /// The images that start from one of which nothing is known, themselves or through others.
    private var uncertain: Set<String> = []
    /// The images whose Dockerfiles are missing or mistaken.
    private var mistaken: Set<String> = []

    init(root: String, images: [ImageEntry], outputs: [Output], bases: [BaseName: ExternalBase]) {
        (self.root, self.images, self.outputs, external) = (root, images, outputs, bases)
    }

    mutating func readAll() {
        var waiting = images.compactMap { written($0) }
        mistaken = Set(images.map(\.id.name)).subtracting(waiting.map(\.image.id.name))
        while !waiting.isEmpty {
            var left = settle(waiting)
            if left.count == waiting.count { left = reportMistaken(left) }
            // What can be evaluated and still waits is a circle, which is told elsewhere.
            if left.count == waiting.count { left = settle(left, ignoringOrder: true) }
            waiting = left
        }
    }

    // MARK: Evaluation

    /// A Dockerfile that can be read, before it is evaluated.
    private struct Written {
        var image: ImageEntry
        var path: String
        var text: String
        var dockerfile: Dockerfile
        /// nil where they are mistaken.
        var ignore: (patterns: IgnorePatterns, places: [Place])?
        var ignoreFile: String?

        /// Whether one of the images is named by an argument, or by a line that begins with `FROM`.
        func isBuilt(onOneOf names: Set<String>) -> Bool {
            let arguments = image.arguments.contains { argument in
                if case .image(let name) = argument.value { names.contains(name.value) } else { false }
            }
            let lines = text.split(whereSeparator: \.isNewline).map { $0.split(whereSeparator: \.isWhitespace) }
            return arguments
                || lines.contains { words in
                    let base = words.dropFirst().first { !$0.hasPrefix("--") }
                    return words.first?.lowercased() == "from" && base.map { names.contains(String($0)) } == true
                }
        }
    }

    private mutating func written(_ image: ImageEntry) -> Written? {
        guard let context = image.context, let path = image.dockerfile else { return nil }
        // Without a context its Dockerfile is missing too, and that need not be said.
        let isThere = checkContext(context) || RelativePath.relative(path.value, to: context.value) == nil
        guard isThere, let text = image.commandText ?? text(of: path, image) else { return nil }
        let ignore = readIgnoreFile(dockerfile: path.value, context: context.value)
        let patterns = patterns(of: image, ignore: ignore)
        do {
            return Written(
                image: image,
                path: path.value,
                text: text,
                dockerfile: try Dockerfile.parse(text),
                ignore: patterns,
                ignoreFile: ignore?.path
            )
        } catch {
            problems += error.all.map { diagnostic($0, in: path.value, of: image) }
            return nil
        }
    }

    /// Evaluates what has all its bases; what has not, or fails as long as it lacks what they hand down, is left.
    private mutating func settle(_ waiting: [Written], ignoringOrder: Bool = false) -> [Written] {
        var unsettled = Set(waiting.map(\.image.id))
        return waiting.filter { written in
            guard let evaluations = try? evaluations(of: written) else { return true }
            let bases = evaluations.flatMap(\.projectBases)
            guard ignoringOrder || !bases.contains(where: { unsettled.contains($0.image) }) else { return true }
            unsettled.remove(written.image.id)
            accept(evaluations, of: written, bases)
            return false
        }
    }

    /// One for each platform.
    private func evaluations(of written: Written) throws(DockerfileProblems) -> [Evaluation] {
        var all: [Evaluation] = []
        for platform in written.image.building.platforms {
            all.append(try written.dockerfile.evaluate(options(for: written.image, platform)))
        }
        return all
    }

    private mutating func accept(
        _ evaluations: [Evaluation],
        of written: Written,
        _ bases: [(image: NodeID, line: Int)]
    ) {
        let name = written.image.id.name
        var variants: [ImageVariant] = []
        for (platform, evaluation) in zip(written.image.building.platforms, evaluations) {
            defaults[BaseName(name, for: platform)] = evaluation.defaults { [defaults, external] base, other in
                switch base {
                case .project(let name): defaults[BaseName(name, for: other ?? platform)]
                case .external(let reference): external[BaseName(reference, for: other ?? platform)]?.defaults
                case .stage, .scratch: nil
                }
            }
            if evaluation.starts(fromOneOf: uncertain, knowing: external, platform) { uncertain.insert(name) }
            let slips = evaluation.slips(projectImages: others(of: written.image))
            let isAssembled = written.image.building.builder == .assemble
            let found = (isAssembled ? evaluation.unsupportedByAssembler : []) + slips
            problems += found.map { diagnostic($0, in: written.path, of: written.image) }
            problems += BaseCheck(images, of: written.image, in: written.path, platform).problems(evaluation)
            var variant = ImageVariant(platform: platform, evaluation: evaluation)
            for (base, line) in evaluation.externalBases(for: platform) {
                if !slips.contains(where: { $0.line == line }) {
                    check(base.reference, Place(file: written.path, line: line, column: 1))
                }
                if variant.externalBases.contains(where: { $0.name == base }) { continue }
                let digest = external[base]?.digest
                variant.externalBases.append(BasePin(reference: base.reference, for: base.platform, digest: digest))
            }
            variants.append(variant)
        }
        let options = options(for: written.image, variants[0].platform)
        if written.image.building.command == nil {
            let lint = written.dockerfile.lint(options) { ImageReference(parsing: $0) != nil }
            problems += lint.map { diagnostic($0, in: written.path, of: written.image) }
        }
        guard let ignore = written.ignore else { return }
        readings[written.image.id] = Reading(
            dockerfile: written.dockerfile,
            variants: variants,
            lint: (try? written.dockerfile.lintOptions(options.arguments)) ?? LintOptions(),
            knowsBases: !uncertain.contains(name),
            ignorePatterns: ignore.patterns,
            ignorePlaces: ignore.places,
            ignoreFile: written.ignoreFile,
            bases: bases
        )
    }

    private mutating func check(_ reference: String, _ place: Place) {
        var problem = Diagnostic(id: Rule.baseReference.id, place: place, reason: "", remedy: "")
        if let image = images.first(where: { reference.contains(Loader.placeholder(for: $0.id.name)) }) {
            problem.reason = "the reference of the image `\(image.id)` is only a part of this base's name"
            problem.remedy = "Use the argument that holds it alone: `FROM $NAME`."
        } else if ImageReference(parsing: reference) == nil {
            problem.reason = "`\(reference)` is no reference of an image"
            problem.remedy =
                "Write it like `alpine:3.20` or `registry.example.com/team/app:1.0`, the name in lower case."
        } else {
            return
        }
        problems.append(problem)
    }

    /// Says what is wrong with those that cannot be evaluated, and gives back the others.
    ///
    /// Of what is built on a mistaken image nothing is said: what it lacks may be what that one would hand down.
    private mutating func reportMistaken(_ left: [Written]) -> [Written] {
        var mistakes: [(written: Written, problems: [DockerfileProblem])] = []
        let others = left.filter { written in
            do throws(DockerfileProblems) {
                _ = try evaluations(of: written)
                return true
            } catch {
                mistakes.append((written, error.all))
                return false
            }
        }
        let known = mistaken
        mistaken.formUnion(mistakes.map(\.written.image.id.name))
        let own = mistakes.filter { !$0.written.isBuilt(onOneOf: mistaken.subtracting([$0.written.image.id.name])) }
        for (written, found) in own.isEmpty && known.isEmpty ? mistakes : own {
            problems += found.map { diagnostic($0, in: written.path, of: written.image) }
        }
        return others
    }

    /// Whose names mean an image of the project in this Dockerfile: an image that is called like its public base means
    /// that base, not itself.
    private func others(of image: ImageEntry) -> [String] { images.map(\.id.name).filter { $0 != image.id.name } }

    private func options(for image: ImageEntry, _ platform: String) -> EvaluationOptions {
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
            baseDefaults: defaults,
            externalDefaults: external.mapValues(\.defaults),
            awaitsBases: true,
            uncertainImages: uncertain,
            platform: platform,
            // CodeBuild's machines are of the image's own platform.
            buildPlatform: image.building.builder == .codebuild ? platform : Loader.hostPlatform
        )
    }

    /// In the file that it is about; a target that is no stage, and an argument, stand in the configuration.
    func diagnostic(_ problem: DockerfileProblem, in file: String, of image: ImageEntry) -> Diagnostic {
        var place = Place(file: file, line: problem.line, column: problem.column)
        if image.building.command != nil { place = image.place }
        if problem.id == "dockerfile-unknown-target", let target = image.target { place = target.place }
        if problem.id == "dockerfile-check-argument" { place = image.place }
        return Diagnostic(
            id: problem.id,
            severity: problem.isWarning ? .warning : .error,
            place: place,
            reason: problem.reason,
            remedy: problem.remedy
        )
    }
}

extension ImageEntry {
    /// What a Dockerfile would say of an image that a command makes: all of the context is in it.
    fileprivate var commandText: String? {
        building.command.map { _ in
            "FROM scratch\n" + arguments.map { "ARG \($0.key)\n" }.joined() + "COPY . /\n"
        }
    }
}

extension Evaluation {
    /// The images of the project that are read, each line that says so in the order of the file.
    package var projectBases: [(image: NodeID, line: Int)] {
        bases.compactMap { base, line, _ in if case .project(let name) = base { (NodeID(name), line) } else { nil } }
    }

    /// The images from elsewhere that are read, each line that says so in the order of the file; they are for this
    /// platform, but for stages with one of their own.
    package func externalBases(for platform: String) -> [(base: BaseName, line: Int)] {
        bases.compactMap { base, line, other in
            guard case .external(let name) = base else { return nil }
            return (BaseName(name, for: other ?? platform), line)
        }
    }

    private var bases: [(Base, line: Int, platform: String?)] {
        stages.flatMap { stage in
            let read = stage.instructions.flatMap { instruction in
                instruction.sources.map { ($0, instruction.line, nil as String?) }
            }
            return [(stage.base, stage.line, stage.platform)] + read
        }
    }

    /// Whether a stage starts from one of these images of the project, or from one elsewhere that is not known.
    fileprivate func starts(
        fromOneOf images: Set<String>,
        knowing external: [BaseName: ExternalBase],
        _ platform: String
    ) -> Bool {
        stages.contains { stage in
            switch stage.base {
            case .project(let name): images.contains(name)
            case .external(let reference): external[BaseName(reference, for: stage.platform ?? platform)] == nil
            case .stage, .scratch: false
            }
        }
    }
}
