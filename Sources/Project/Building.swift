/// Who makes an image, and what an engine is given for it.

package import Dockerfile

/// `builder`, `platforms`, `network`, `secrets`, `heads` and `pull`, as an image has them or the top of the
/// configuration.
package struct ImageBuilding: Equatable, Sendable {
    package var builder = Builder.automatic
    /// What the image is made for, as `linux/amd64`, each once; never empty.
    package var platforms = [Loader.hostPlatform]
    /// Of `RUN`: `host` or `none`; nil: the engine's own.
    package var network: String?
    package var secrets: [Secret] = []
    /// Whether heads go to the registry where the image goes, and are looked for there.
    package var sharesHeads = false
    /// Makes the image in the place of a Dockerfile.
    package var command: BuildCommand?
    package var pull = PullPolicy.always

    package init(
        builder: Builder = .automatic,
        network: String? = nil,
        secrets: [Secret] = [],
        command: BuildCommand? = nil
    ) {
        (self.builder, self.network, self.secrets, self.command) = (builder, network, secrets, command)
    }
}

/// A command of the user's that makes an image of a context: it is told the reference, and leaves the image there.
package struct BuildCommand: Equatable, Sendable {
    package var command: Step.Command
    package var environment: [KeyValue]
    /// Relative to the root; "" is the root.
    package var directory: String
    package var timeout: Duration?

    package init(
        _ command: Step.Command,
        environment: [KeyValue] = [],
        directory: String = "",
        timeout: Duration? = nil
    ) {
        (self.command, self.environment, self.directory, self.timeout) = (command, environment, directory, timeout)
    }
}

package enum Builder: String, CaseIterable, Sendable {
    /// imgwatch itself; what it can't do, the first engine does that works.
    case automatic = "auto"
    /// imgwatch itself, or nobody.
    case assemble
    /// All of it by this engine.
    case docker, buildkit, buildah, podman
    /// All of it in AWS.
    case codebuild

    /// Whether an engine makes all of the image.
    package var isEngine: Bool { ![.automatic, .assemble].contains(self) }
}

/// What `RUN --mount=type=secret` finds under an id; its content is in no key, no layer and no output.
package struct Secret: Equatable, Sendable {
    package enum Source: Equatable, Sendable {
        /// Absolute.
        case file(String)
        case variable(String)
    }
    package var id: String
    package var source: Source
    package init(id: String, _ source: Source) { (self.id, self.source) = (id, source) }
}
