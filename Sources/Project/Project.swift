/// The project as `.imgwatch` means it: steps and images with their places in the file, checked and in graph order.

package import Dockerfile
package import Graph

package struct Project: Equatable, Sendable {
    /// The absolute, real path of the folder that holds the configuration; no trailing slash.
    package var root: String
    /// The absolute path of the configuration.
    package var file: String
    /// The folder's name, as the user sees it.
    package var name: String
    package var registry: RegistryTarget
    /// How many runs may go on at once.
    package var parallel: Int
    /// The quiet period of every node that has none of its own.
    package var quiet: Duration?
    /// In declared order.
    package var steps: [Step]
    /// In declared order.
    package var images: [Image]
    /// What the steps write, by the paths that they name and those that links on these lead to.
    package var written: [OutputPath]
    /// Steps and images, needs first.
    package var graph: Graph
    /// Files besides the configuration that decided what was loaded (`.env`, Dockerfiles, ignore files), absolute:
    /// when one of them changes, or appears, the project is loaded again.
    package var sourceFiles: [String]

    package init(
        root: String,
        file: String,
        name: String,
        registry: RegistryTarget,
        parallel: Int,
        quiet: Duration?,
        steps: [Step],
        images: [Image],
        written: [OutputPath],
        graph: Graph,
        sourceFiles: [String]
    ) {
        (self.root, self.file, self.name, self.registry) = (root, file, name, registry)
        (self.parallel, self.quiet, self.steps, self.images) = (parallel, quiet, steps, images)
        (self.written, self.graph, self.sourceFiles) = (written, graph, sourceFiles)
    }

    package func step(_ id: NodeID) -> Step? { steps.first { $0.id == id } }
    package func image(_ id: NodeID) -> Image? { images.first { $0.id == id } }
}

/// Where images go.
package enum RegistryTarget: Equatable, Sendable {
    /// imgwatch serves its own store on loopback.
    case embedded
    /// An OCI layout an image, below this absolute folder: `oci:PATH`.
    case layout(String)
    /// A registry elsewhere; not supported yet.
    case remote(String)
}

/// A command that makes files.
package struct Step: Equatable, Sendable {
    package enum Command: Equatable, Sendable {
        /// Run by `/bin/sh -c`.
        case shell(String)
        /// Run as it is; never empty.
        case exec([String])
    }
    package enum OnChange: String, Equatable, Sendable { case restart, finish }

    package var id: NodeID
    package var command: Command
    package var inputs: [PathPattern]
    /// Relative to the root, clean, no wildcards; never inside one another, nor inside another step's.
    package var outputs: [OutputPath]
    package var needs: [NodeID]
    /// What the configuration names of the environment, in order: it is part of the key.
    package var environment: [KeyValue]
    /// Relative to the root; "" is the root.
    package var directory: String
    package var timeout: Duration?
    package var onChange: OnChange
    package var quiet: Duration?
    package var place: Place

    package init(
        id: NodeID,
        command: Command,
        inputs: [PathPattern],
        outputs: [OutputPath],
        needs: [NodeID],
        environment: [KeyValue] = [],
        directory: String = "",
        timeout: Duration? = nil,
        onChange: OnChange = .restart,
        quiet: Duration? = nil,
        place: Place
    ) {
        (self.id, self.command, self.inputs, self.outputs) = (id, command, inputs, outputs)
        (self.needs, self.environment, self.directory) = (needs, environment, directory)
        (self.timeout, self.onChange, self.quiet, self.place) = (timeout, onChange, quiet, place)
    }
}

/// A path that only one step writes.
package struct OutputPath: Equatable, Hashable, Sendable {
    /// Relative to the root, clean, no trailing slash.
    package var path: String
    /// Written with a trailing slash, or found to be a folder.
    package var isDirectory: Bool
    package init(path: String, isDirectory: Bool) { (self.path, self.isDirectory) = (path, isDirectory) }
    /// Whether `path` is this output or lies below it.
    package func covers(_ path: String) -> Bool {
        path.utf8.starts(with: self.path.utf8)
            && (path.utf8.count == self.path.utf8.count || path.utf8.dropFirst(self.path.utf8.count).first == 0x2F)
    }
}

/// An image, and the Dockerfile that makes it.
package struct Image: Equatable, Sendable {
    package enum Argument: Equatable, Sendable {
        case value(String)
        /// The exact reference of another image of the project.
        case image(NodeID)
    }
    package var id: NodeID
    /// Relative to the root, clean.
    package var dockerfile: String
    /// Relative to the root, clean; "" is the root.
    package var context: String
    package var target: String?
    package var arguments: [(key: String, value: Argument)]
    package var labels: [KeyValue]
    /// Patterns in the syntax of `.dockerignore`, after those of the ignore file.
    package var ignore: [String]
    /// The ignore file that is in force, relative to the root; nil where there is none.
    package var ignoreFile: String?
    /// What `needs` says, then what follows from arguments, `FROM` and `COPY --from`.
    package var needs: [NodeID]
    package var push: Bool
    package var aliases: [String]
    package var place: Place
    /// The Dockerfile as it stood when the project was loaded, every project image named by its `.imgwatch` name.
    package var evaluation: Evaluation
    /// What the context holds of this image's inputs.
    package var ignorePatterns: IgnorePatterns

    package init(
        id: NodeID,
        dockerfile: String,
        context: String,
        target: String?,
        arguments: [(key: String, value: Argument)],
        labels: [KeyValue],
        ignore: [String],
        ignoreFile: String?,
        needs: [NodeID],
        push: Bool,
        aliases: [String],
        place: Place,
        evaluation: Evaluation,
        ignorePatterns: IgnorePatterns
    ) {
        (self.id, self.dockerfile, self.context, self.target) = (id, dockerfile, context, target)
        (self.arguments, self.labels, self.ignore, self.ignoreFile) = (arguments, labels, ignore, ignoreFile)
        (self.needs, self.push, self.aliases, self.place) = (needs, push, aliases, place)
        (self.evaluation, self.ignorePatterns) = (evaluation, ignorePatterns)
    }

    /// What the Dockerfile says of the image, as one canonical text: neither the lines nor what the target does not
    /// need show in it.
    package var instructions: String { Definition.of(evaluation) }

    package static func == (a: Self, b: Self) -> Bool {
        a.id == b.id && a.dockerfile == b.dockerfile && a.context == b.context && a.target == b.target
            && a.arguments.elementsEqual(b.arguments, by: ==) && a.labels == b.labels && a.ignore == b.ignore
            && a.ignoreFile == b.ignoreFile && a.needs == b.needs && a.push == b.push && a.aliases == b.aliases
            && a.evaluation == b.evaluation && a.ignorePatterns == b.ignorePatterns
    }
}
