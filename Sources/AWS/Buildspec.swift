/// What CodeBuild executes to make images: text that a person can read.
///
/// Source: "Build specification reference for CodeBuild" and "Batch build buildspec reference".

package struct Buildspec: Hashable, Sendable {
    /// One image of the project.
    package struct Image: Hashable, Sendable {
        package var name: String
        /// Given as they are.
        package var arguments: [Pair] = []
        /// Given the exact reference of another image, which stands in a variable of the build.
        package var references: [Pair] = []
        package var labels: [Pair] = []
        /// As `linux/amd64`.
        package var platform: String
        package var network: String?
        /// Whether it has a label with the commit, which stands in a variable of the build.
        package var showsRevision = false

        package init(_ name: String, platform: String) { (self.name, self.platform) = (name, platform) }

        /// Builds the folder `context` by the `Dockerfile` beside it.
        fileprivate var command: String {
            var words = ["docker build", "--file Dockerfile", "--platform \(platform)"]
            if let network { words.append("--network \(ShellText.quoted(network))") }
            for argument in arguments {
                words.append("--build-arg \(ShellText.quoted("\(argument.name)=\(argument.value)"))")
            }
            for reference in references {
                words.append("--build-arg \(ShellText.quoted(reference.name))=\"$\(reference.value)\"")
            }
            for label in labels { words.append("--label \(ShellText.quoted("\(label.name)=\(label.value)"))") }
            if showsRevision, !labels.contains(where: { $0.name == Variable.revisionLabel }) {
                let label = "--label \(Variable.revisionLabel)=\"$\(Variable.revision)\""
                words.append("${\(Variable.revision):+\(label)}")
            }
            words += ["--label \(Variable.keyLabel)=\"$\(Variable.key)\"", "--tag \"$\(Variable.image)\" context"]
            return words.joined(separator: " \\\n  ")
        }
    }

    package struct Pair: Hashable, Sendable {
        package var name: String
        package var value: String
        package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }

    /// A build of a batch, which AWS starts when those that it depends on have succeeded.
    package struct Node: Hashable, Sendable {
        /// Letters, digits and `_`.
        package var identifier: String
        package var dependsOn: [String]
        package var variables: [Pair]
        /// nil: that of the project.
        package var machine: Machine?

        package init(_ identifier: String, dependsOn: [String], variables: [Pair], machine: Machine? = nil) {
            (self.identifier, self.dependsOn, self.variables) = (identifier, dependsOn, variables)
            self.machine = machine
        }

        fileprivate var text: String {
            let needs = dependsOn.isEmpty ? [] : ["      depend-on: [\(dependsOn.joined(separator: ", "))]"]
            let machine = machine.map { machine in
                [
                    "        type: \(machine.type)", "        image: \(Buildspec.quoted(machine.image))",
                    "        privileged-mode: true",
                ]
            }
            let variables = variables.map { "          \(Buildspec.quoted($0.name)): \(Buildspec.quoted($0.value))" }
            let environment = (machine ?? []) + ["        variables:"] + variables
            return (["    - identifier: \(identifier)"] + needs + ["      env:"] + environment)
                .joined(separator: "\n") + "\n"
        }
    }

    /// What a build runs on.
    package struct Machine: Hashable, Sendable {
        /// As `ARM_CONTAINER`.
        package var type: String
        package var image: String
        package init(type: String, image: String) { (self.type, self.image) = (type, image) }
    }

    /// The names of a build's variables.
    package enum Variable {
        /// What is pushed: `REGISTRY/REPOSITORY:TAG`.
        package static let image = "IMAGE_URI"
        package static let key = "IMGWATCH_KEY"
        package static let keyLabel = "io.imgwatch.key"
        /// The registry's host.
        package static let registry = "IMGWATCH_REGISTRY"
        /// The registry's region; without it that of the build.
        package static let region = "IMGWATCH_REGION"
        /// What an image is made from where the Dockerfile has no argument for it.
        package static let base = "BASE_IMAGE_URI"
        /// Which of the images.
        package static let name = "IMGWATCH_IMAGE"
        /// `BUCKET/KEY` of the context, where the build's source is something else; its version, where the bucket has
        /// versions, and the hash of its bytes.
        package static let context = "IMGWATCH_CONTEXT"
        package static let contextVersion = "IMGWATCH_CONTEXT_VERSION"
        package static let contextHash = "IMGWATCH_CONTEXT_SHA256"
        /// The names of variables that hold references by tags, which become those by digests.
        package static let bases = "IMGWATCH_BASES"
        /// Behind the name of such a variable: the build that makes what it names.
        package static let buildSuffix = "_BUILD"
        /// For how many seconds such a base is waited for.
        package static let patience = "IMGWATCH_PATIENCE"
        /// The function that gets the image, and when this began, in milliseconds since 1970.
        package static let function = "IMGWATCH_FUNCTION"
        package static let generation = "IMGWATCH_GENERATION"
        package static let architecture = "IMGWATCH_FUNCTION_ARCHITECTURE"
        /// With which the function is made, where it is not there.
        package static let role = "IMGWATCH_FUNCTION_ROLE"
        /// `BUCKET/KEY` of its settings, where there are any: as `UpdateFunctionConfiguration` takes them.
        package static let settings = "IMGWATCH_FUNCTION_SETTINGS"
        /// Not empty: the image is published as a version, and the alias that names this, where there is one.
        package static let publishes = "IMGWATCH_FUNCTION_PUBLISH"
        package static let alias = "IMGWATCH_FUNCTION_ALIAS"
        /// Before the generation, in the name of the tag that it has on the function.
        package static let functionTag = "imgwatch:generation:"
        /// The same while such a build is under way.
        package static let begunTag = "imgwatch:begun:"
        /// The commit that the image shows, where it shows one.
        package static let revision = "IMGWATCH_REVISION"
        package static let revisionLabel = "org.opencontainers.image.revision"
    }

    package var images: [Image]
    /// Of a batch; empty: one build.
    package var nodes: [Node] = []
    /// Where they come with it, and not with the start of the build.
    package var variables: [Pair] = []
    /// Nobody follows it: the build gets its context and its bases, and gives the function its image.
    package var isDetached = false

    package init(_ images: [Image]) { self.images = images }

    // MARK: Text

    private var before: [String] {
        guard isDetached else { return [Script.restore, Script.logIn] }
        return [DetachedScript.context, Script.restore, Script.logIn, DetachedScript.bases]
    }

    private var after: [String] { [Script.push] + (isDetached ? [DetachedScript.function] : []) }

    /// All that is executed, in order.
    package var commands: [String] { before + [command] + after }

    package var text: String {
        """
        version: 0.2
        \(batch)env:
          variables:
            DOCKER_BUILDKIT: "1"
            BUILDX_NO_DEFAULT_ATTESTATIONS: "1"
        \(variables.map { "    \(Self.quoted($0.name)): \(Self.quoted($0.value))\n" }.joined())phases:
          pre_build:
            commands:
        \(before.map(Self.item).joined(separator: "\n"))
          build:
            commands:
        \(Self.item(command))
          post_build:
            commands:
        \(after.map(Self.item).joined(separator: "\n"))

        """
    }

    private var command: String {
        guard images.count > 1 else { return images.first?.command ?? "false" }
        // Not indented: an argument may be of several lines.
        let cases = images.map { "\($0.name))\n\($0.command) ;;" }
        return "case \"$\(Variable.name)\" in\n" + cases.joined(separator: "\n") + "\nesac"
    }

    private var batch: String {
        guard !nodes.isEmpty else { return "" }
        return "batch:\n  fast-fail: false\n  build-graph:\n" + nodes.map(\.text).joined()
    }

    /// A command as an item of a list: as a block where YAML takes every sign of it as it is.
    private static func item(_ command: String) -> String {
        let isPlain = command.unicodeScalars.allSatisfy { $0 == "\n" || !isEscaped($0) }
        guard isPlain else { return "      - \(quoted(command))" }
        let lines = command.split(separator: "\n", omittingEmptySubsequences: false)
        return (["      - |-"] + lines.map { $0.isEmpty ? "" : "        \($0)" }).joined(separator: "\n")
    }

    /// In double quotes, as JSON and YAML have them alike.
    fileprivate static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where isEscaped(scalar):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// What YAML does not take as it is, or takes for the end of a line.
    private static func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || [0x2028, 0x2029, 0xFEFF].contains(scalar.value)
    }
}

/// The commands of every build.
private enum Script {
    private typealias Variable = Buildspec.Variable

    static let logIn = """
        aws ecr get-login-password --region "${\(Variable.region):-$AWS_REGION}" |
          docker login --username AWS --password-stdin "$\(Variable.registry)"
        """

    /// The archive may have lost modes and links on its way; in the file are the commands that set them.
    static let restore = "if [ -f restore.sh ]; then sh restore.sh; fi"

    /// What failed is not pushed, though CodeBuild comes here then, too.
    ///
    /// Somebody else may have pushed the same content meanwhile: such a tag does not move.
    static let push = """
        test "$CODEBUILD_BUILD_SUCCEEDING" = 1 && {
          docker push "$\(Variable.image)" ||
            aws ecr describe-images --region "${\(Variable.region):-$AWS_REGION}" \\
              --repository-name "$(echo "${\(Variable.image)#*/}" | sed 's/:[^:]*$//')" \\
              --image-ids "imageTag=${\(Variable.image)##*:}"
        }
        """
}
