/// Where references point, as it stands before an image's name.

import OCI

enum RegistryAddress: Equatable, Sendable {
    /// The embedded registry.
    case loopback(port: UInt16)
    /// An OCI layout an image, below this folder.
    case layout(String)
    /// A registry elsewhere: `host[:port][/path]`.
    case remote(String)

    func reference(_ image: String, tag: String) -> String { "\(name(image)):\(tag)" }
    func reference(_ image: String, digest: Digest) -> String { "\(name(image))@\(digest)" }

    private func name(_ image: String) -> String {
        switch self {
        case .loopback(let port): "127.0.0.1:\(port)/\(image)"
        case .layout(let folder): "oci:\(folder)/\(image)"
        case .remote(let name): "\(name)/\(image)"
        }
    }

    /// What the user is told of where images go.
    var text: String {
        switch self {
        case .loopback(let port): "http://127.0.0.1:\(port)"
        case .layout(let folder): "oci:\(folder)"
        case .remote(let name): name
        }
    }
}
