/// The project as `.imgwatch` means it: its nodes with their places in the file, checked and in graph order.

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
    /// More bytes than that, and what nobody needs is taken out of the store.
    package var storeLimit = Project.usualStoreLimit
    /// nil where nothing is said of AWS.
    package var cloud: CloudSettings?
    /// The quiet period of every node that has none of its own.
    package var quiet: Duration?
    /// In declared order.
    package var steps: [Step]
    /// In declared order.
    package var images: [Image]
    /// Steps, images and deploys, needs first.
    package var graph: Graph
    /// Files besides the configuration that decided what was loaded (`.env`, Dockerfiles, ignore files), absolute:
    /// when one of them changes, or appears, the project is loaded again.
    package var sourceFiles: [String]
    /// The configuration, and the files besides it.
    package var ownFiles: [String] { [file] + sourceFiles }

    package static let usualStoreLimit = 20_000_000_000

    package init(
        root: String,
        file: String,
        name: String,
        registry: RegistryTarget,
        parallel: Int,
        quiet: Duration?,
        steps: [Step],
        images: [Image],
        graph: Graph,
        sourceFiles: [String]
    ) {
        (self.root, self.file, self.name, self.registry) = (root, file, name, registry)
        (self.parallel, self.quiet, self.steps, self.images) = (parallel, quiet, steps, images)
        (self.graph, self.sourceFiles) = (graph, sourceFiles)
    }

    package func step(_ id: NodeID) -> Step? { steps.first { $0.id == id } }
    package func image(_ id: NodeID) -> Image? { images.first { $0.id == id } }
    package func deploy(_ id: NodeID) -> Deploy? { deploys.first { $0.id == id } }

    /// Of all images, in declared order.
    package var deploys: [Deploy] { images.flatMap(\.deploys) }
}

/// Where images go.
package enum RegistryTarget: Equatable, Sendable {
    /// imgwatch serves its own store on loopback.
    case embedded
    /// An OCI layout an image, below this absolute folder: `oci:PATH`.
    case layout(String)
    /// A registry elsewhere: `host[:port][/path]`, what stands before an image's name.
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
    /// Where each of ``outputs`` is written.
    package var outputPlaces: [Place]
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
        outputPlaces: [Place] = [],
        needs: [NodeID],
        environment: [KeyValue] = [],
        directory: String = "",
        timeout: Duration? = nil,
        onChange: OnChange = .restart,
        quiet: Duration? = nil,
        place: Place
    ) {
        (self.id, self.command, self.inputs) = (id, command, inputs)
        (self.outputs, self.outputPlaces) = (outputs, outputPlaces)
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
