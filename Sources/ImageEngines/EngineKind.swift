/// The engines that exist: programs that build Dockerfiles, each with its own store of images.

package enum EngineKind: String, CaseIterable, Hashable, Sendable {
    /// The daemon's own BuildKit, by the docker command.
    case docker
    /// A BuildKit of its own, by buildctl.
    case buildkit
    case buildah
    case podman

    /// What is executed.
    package var program: String { self == .buildkit ? "buildctl" : rawValue }

    /// The Debian package that brings it; BuildKit is in none.
    package var package: String? {
        switch self {
        case .docker: "docker.io"
        case .buildkit: nil
        case .buildah, .podman: rawValue
        }
    }
}
