/// An image as CodeBuild is to make it: a Dockerfile, what is executed, and the variables of one build.

import AWS
import Dockerfile
import Engine
import Foundation
import Graph
import OCI
import Project

/// What follows from the configuration and the Dockerfile alone, and no file of the context changes.
struct CloudImage: Sendable {
    let image: Image
    /// Of bases in the project only variables stand in it, so that another base makes it no other file.
    let dockerfile: String
    let buildspec: Buildspec
    /// By the names of images of the project: the variable that holds the exact reference of each.
    let variables: [String: String]
    /// So many lines were put before what the author wrote.
    let lineShift: Int

    /// Throws where a name can't be found in the line that holds it.
    init(_ image: Image) throws(DockerfileProblem) {
        self.image = image
        let variables = Self.variables(of: image)
        self.variables = variables
        (dockerfile, lineShift) = try Self.dockerfile(of: image, variables)
        var own = Buildspec.Image(image.id.name, platform: image.platform)
        own.network = image.building.network
        for argument in image.arguments where argument.key != LintOptions.argument {
            switch argument.value {
            case .value(let value): own.arguments.append(Buildspec.Pair(argument.key, value))
            case .image(let id):
                own.references.append(Buildspec.Pair(argument.key, variables[id.name] ?? argument.key))
            }
        }
        for name in variables.values.sorted() where !own.references.contains(where: { $0.name == name }) {
            own.references.append(Buildspec.Pair(name, name))
        }
        own.labels = image.labels.map { Buildspec.Pair($0.key, $0.value) }
        own.showsRevision = image.showsRevision
        buildspec = Buildspec([own])
    }

    /// An image is called by the argument that names it; one that no argument names, `BASE_IMAGE_URI`.
    private static func variables(of image: Image) -> [String: String] {
        var variables: [String: String] = [:]
        for argument in image.arguments {
            guard case .image(let id) = argument.value, variables[id.name] == nil, isUsable(argument.key) else {
                continue
            }
            variables[id.name] = argument.key
        }
        // What RUN gets by such a name is the author's.
        let taken = Set(image.arguments.map(\.key)).union(image.source?.stageArgumentNames ?? [])
        let free = { (name: String) in !taken.contains(name) && !variables.values.contains(name) }
        for base in image.evaluation.projectBases where variables[base.image.name] == nil {
            var (name, number) = (Buildspec.Variable.base, 1)
            while !free(name) {
                number += 1
                name = "\(Buildspec.Variable.base)_\(number)"
            }
            variables[base.image.name] = name
        }
        for case .image(let id) in image.arguments.map(\.value) where variables[id.name] == nil {
            let used = Set(variables.values)
            let numbers = (1...variables.count + 1).map { "\(Buildspec.Variable.name)_\($0)" }
            variables[id.name] = numbers.first { !used.contains($0) }
        }
        return variables
    }

    /// Whether an argument's name can be that of a variable which nothing else of a build reads.
    ///
    /// What the scripts themselves set has lower-case letters.
    private static func isUsable(_ name: String) -> Bool {
        let letters = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || ImageReference.isUpper(byte) || byte == UInt8(ascii: "_")
        }
        let known = [
            "AWS_", "CODEBUILD_", "DOCKER_", "BUILDKIT_", "BUILDX_", "LD_", "LC_", "IMGWATCH_", "BASH", "PYTHON",
        ]
        return letters && name.utf8.first.map(ImageReference.isUpper) == true
            && !name.hasSuffix(Buildspec.Variable.buildSuffix)
            && ![
                Buildspec.Variable.image, "PATH", "HOME", "SHELL", "USER", "PWD", "OLDPWD", "IFS", "ENV", "OPTIND",
                "OPTARG", "PS4", "CDPATH", "LANG", "TMPDIR", "HOSTNAME", "SHELLOPTS", "UID", "EUID", "PPID", "RANDOM",
                "SECONDS", "GLOBIGNORE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "POSIXLY_CORRECT",
            ].contains(name)
            && !known.contains { name.hasPrefix($0) }
    }

    // MARK: The Dockerfile

    /// FROM gets a base by a variable; where docker takes none, the reference is put in for each build.
    private static func dockerfile(
        of image: Image,
        _ variables: [String: String]
    ) throws(DockerfileProblem) -> (text: String, shift: Int) {
        guard let source = image.source, let head = image.evaluation.split(isWhole: true).heads.first else {
            return ("", 0)
        }
        let externals = BaseNames(externalsOf: image)
        let text = try source.text(of: head) { base, platform in
            if case .project(let name) = base { return Self.placeholder(name) }
            return externals[base, platform]
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var needed: Set<String> = []
        let stages = head.evaluation.stages.compactMap { source.line(ofStage: $0.index) }.sorted()
        for index in stages.map({ $0 - 1 }) where lines[index].contains(placeholderHost) {
            for (name, variable) in variables where lines[index].contains(placeholder(name)) {
                lines[index] = lines[index].replacing(placeholder(name), with: "${\(variable)}")
                needed.insert(variable)
            }
        }
        let missing = needed.subtracting(source.globalArgumentNames).sorted()
        guard let first = source.line(ofStage: 0), !missing.isEmpty else {
            return (lines.joined(separator: "\n"), 0)
        }
        let line = "ARG " + missing.joined(separator: " ")
        // A line that says nothing gives its place, so that those after it keep theirs.
        let taken = source.linesBeforeStages
        if let free = (1..<first).last(where: { !taken.contains($0) }) {
            lines[free - 1] = line
            return (lines.joined(separator: "\n"), 0)
        }
        lines.insert(line, at: first - 1)
        return (lines.joined(separator: "\n"), 1)
    }

    private static let placeholderHost = "imgwatch.invalid/"
    private static func placeholder(_ image: String) -> String { "\(placeholderHost)\(image):base" }

    /// With the exact references where docker takes no variable: `COPY --from=` and mounts.
    func dockerfile(_ references: [String: String]) -> String {
        guard dockerfile.contains(Self.placeholderHost) else { return dockerfile }
        return references.reduce(dockerfile) { text, reference in
            text.replacing(Self.placeholder(reference.key), with: reference.value)
        }
    }
}

/// One build: the image under a tag, made from these bases.
struct CloudOrder: Sendable {
    var cloud: CloudImage
    /// What is pushed, `HOST/REPOSITORY:TAG`.
    var reference: String
    var key: String
    /// By the names of images of the project.
    var references: [String: String]
    /// The commit that the image is to show.
    var revision: String?
    /// Where nobody follows the build.
    var detached: Detached?

    struct Detached: Sendable {
        /// The function that gets the image, and when this began.
        var function: CloudFunction?
        /// `BUCKET/KEY` of the function's settings; nil where there are none.
        var settings: String?
        var generation = 0
        /// For how many seconds a base is waited for; 0: as long as a registry may need to show it.
        var patience = 0
        /// By the names of images that are waited for: their builds.
        var builds: [String: String] = [:]
    }

    /// With all that belongs to this one build in it.
    var wholeBuildspec: Buildspec {
        var buildspec = buildspec
        buildspec.variables = variables.map { Buildspec.Pair($0.name, $0.value) }
        return buildspec
    }

    var tag: String { Loop.tag(of: reference) }

    var buildspec: Buildspec {
        var buildspec = cloud.buildspec
        buildspec.isDetached = detached != nil
        return buildspec
    }

    var variables: [(name: String, value: String)] {
        let host = String(reference.prefix { $0 != "/" })
        let region = ECR.region(of: host).map { [(Buildspec.Variable.region, $0)] } ?? []
        let revision = revision.map { [(Buildspec.Variable.revision, $0)] } ?? []
        let bases = cloud.variables.sorted { $0.value < $1.value }.map { ($0.value, references[$0.key] ?? "") }
        return [
            (Buildspec.Variable.image, reference), (Buildspec.Variable.key, key), (Buildspec.Variable.registry, host),
        ] + region + revision + bases + detachedVariables
    }

    /// For a build of a batch, which gets its context itself.
    func variables(
        _ place: String,
        version: String?,
        _ context: CloudContext
    ) -> [(name: String, value: String)] {
        variables + [
            (Buildspec.Variable.name, cloud.image.id.name), (Buildspec.Variable.context, place),
            (Buildspec.Variable.contextHash, context.digest.hex),
        ] + (version.map { [(Buildspec.Variable.contextVersion, $0)] } ?? [])
    }

    private var detachedVariables: [(name: String, value: String)] {
        guard let detached else { return [] }
        var all: [(name: String, value: String)] = []
        if !cloud.variables.isEmpty {
            all.append((Buildspec.Variable.bases, cloud.variables.values.sorted().joined(separator: " ")))
        }
        if let function = detached.function {
            all += function.variables(detached.settings)
            all.append((Buildspec.Variable.generation, "\(detached.generation)"))
        }
        if detached.patience > 0 { all.append((Buildspec.Variable.patience, "\(detached.patience)")) }
        for (image, build) in detached.builds.sorted(by: { $0.key < $1.key }) {
            guard let variable = cloud.variables[image] else { continue }
            all.append((variable + Buildspec.Variable.buildSuffix, build))
        }
        return all
    }

    /// For another architecture than CodeBuild's projects usually have.
    var machine: (type: String, image: String)? {
        guard cloud.image.platform == "linux/arm64" else { return nil }
        return ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0")
    }
}

extension CloudFunction {
    /// For the build that gives it the image itself; `settings` is where these lie.
    fileprivate func variables(_ settings: String?) -> [(name: String, value: String)] {
        var all = [(name: Buildspec.Variable.function, value: name), (Buildspec.Variable.architecture, architecture)]
        if let role { all.append((Buildspec.Variable.role, role)) }
        if let settings { all.append((Buildspec.Variable.settings, settings)) }
        if publishes { all.append((Buildspec.Variable.publishes, "1")) }
        if let alias { all.append((Buildspec.Variable.alias, alias)) }
        return all
    }
}
