/// Who makes an image, and what an engine is given for it.

/// `builder`, `network`, `secrets` and `pull`, as an image has them or the top of the configuration.
package struct ImageBuilding: Equatable, Sendable {
    package var builder = Builder.automatic
    /// Of `RUN`: `host` or `none`; nil: the engine's own.
    package var network: String?
    package var secrets: [Secret] = []
    package var pull = PullPolicy.always

    package init(builder: Builder = .automatic, network: String? = nil, secrets: [Secret] = []) {
        (self.builder, self.network, self.secrets) = (builder, network, secrets)
    }
}

package enum Builder: String, CaseIterable, Sendable {
    /// imgwatch itself; what it can't do, the first engine does that works.
    case automatic = "auto"
    /// imgwatch itself, or nobody.
    case assemble
    /// All of it by this engine.
    case docker, buildkit, buildah, podman

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
