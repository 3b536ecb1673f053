/// What CodeBuild executes to make one image, or several that are made from each other: text that a person can read.
///
/// Source: "Build specification reference for CodeBuild" and "Batch build buildspec reference".

package struct Buildspec: Hashable, Sendable {
    /// One image of the project.
    package struct Image: Hashable, Sendable {
        package var name: String
        /// Given as they are.
        package var arguments: [(name: String, value: String)]
        /// Given the exact reference of another image, which stands in a variable of the build.
        package var references: [(name: String, variable: String)]
        package var labels: [(name: String, value: String)]
        /// As `linux/amd64`.
        package var platform: String
        package var network: String?

        package init(
            name: String,
            arguments: [(name: String, value: String)] = [],
            references: [(name: String, variable: String)] = [],
            labels: [(name: String, value: String)] = [],
            platform: String,
            network: String? = nil
        ) {
            (self.name, self.arguments, self.references) = (name, arguments, references)
            (self.labels, self.platform, self.network) = (labels, platform, network)
        }

        package static func == (a: Image, b: Image) -> Bool { a.command == b.command && a.name == b.name }
        package func hash(into hasher: inout Hasher) { hasher.combine(command) }

        /// Builds the folder `context` by the `Dockerfile` beside it.
        fileprivate var command: String {
            var words = ["docker build", "--file Dockerfile", "--platform \(platform)"]
            if let network { words.append("--network \(network)") }
            for argument in arguments {
                words.append("--build-arg \(ShellText.quoted("\(argument.name)=\(argument.value)"))")
            }
            for reference in references {
                words.append("--build-arg \(reference.name)=\"$\(reference.variable)\"")
            }
            for label in labels { words.append("--label \(ShellText.quoted("\(label.name)=\(label.value)"))") }
            words += ["--label \(Variable.keyLabel)=\"$\(Variable.key)\"", "--tag \"$\(Variable.image)\" context"]
            return words.joined(separator: " \\\n  ")
        }
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
    }

    package var image: Image

    package init(_ image: Image) { self.image = image }

    private static let logIn = """
        aws ecr get-login-password --region "${\(Variable.region):-$AWS_REGION}" |
          docker login --username AWS --password-stdin "$\(Variable.registry)"
        """

    /// The archive may have lost modes and links on its way; in the file are the commands that set them.
    private static let restore = "if [ -f restore.sh ]; then sh restore.sh; fi"

    /// Somebody else may have pushed the same content meanwhile, and tags that say their content do not move.
    private static let push = """
        docker push "$\(Variable.image)" ||
          docker manifest inspect "$\(Variable.image)" >/dev/null 2>&1 ||
          aws ecr describe-images --region "${\(Variable.region):-$AWS_REGION}" \\
            --repository-name "$(echo "${\(Variable.image)#*/}" | sed 's/:[^:]*$//')" \\
            --image-ids "imageTag=${\(Variable.image)##*:}"
        """

    package var text: String {
        """
        version: 0.2
        env:
          variables:
            DOCKER_BUILDKIT: "1"
            BUILDX_NO_DEFAULT_ATTESTATIONS: "1"
        phases:
          pre_build:
            commands:
        \(Self.item(Self.restore))
        \(Self.item(Self.logIn))
          build:
            commands:
        \(Self.item(image.command))
          post_build:
            commands:
        \(Self.item("test \"$CODEBUILD_BUILD_SUCCEEDING\" = 1"))
        \(Self.item(Self.push))

        """
    }

    /// A command as an item of a list: as a block where YAML takes every sign of it as it is.
    static func item(_ command: String) -> String {
        let isPlain = command.unicodeScalars.allSatisfy { scalar in
            scalar == "\n" || scalar.value >= 0x20 && scalar.value != 0x7F && !(0x80..<0xA0).contains(scalar.value)
                && ![0x2028, 0x2029, 0xFEFF].contains(scalar.value)
        }
        guard isPlain else { return "      - \(quoted(command))" }
        let lines = command.split(separator: "\n", omittingEmptySubsequences: false)
        return (["      - |-"] + lines.map { $0.isEmpty ? "" : "        \($0)" }).joined(separator: "\n")
    }

    /// In double quotes, as JSON and YAML have them alike.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || scalar.value == 0xFEFF
                || [0x2028, 0x2029].contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
