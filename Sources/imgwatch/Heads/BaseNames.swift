/// What bases are called in the Dockerfile of a head: exactly, by the digest that the key names.

import Dockerfile
import Graph
import HTTP
import OCI
import Project

struct BaseNames {
    /// Of images of the project, by the name and then by the platform.
    private var project: [String: [String: String]] = [:]
    private var external: [BaseName: String] = [:]
    /// The image's.
    private let platform: String
    /// Those in a registry of this machine.
    private(set) var local: [String] = []
    /// Images of the project that an engine on another machine can't get.
    private(set) var unreachable: [String] = []

    /// Images of the project are served on the port; for an engine on another machine they must be in a registry.
    init(_ wanted: WantedHead, port: UInt16?, isElsewhere: Bool = false) {
        platform = wanted.image.platform
        for base in wanted.bases {
            if isElsewhere {
                project[base.name] = [StoredImage.onlyPart: base.reference]
                let host = ImageReference(parsing: base.reference).map { Self.hostName($0.host) }
                if !base.isPushed || host.map({ HostKind($0) }) == .loopback { unreachable.append(base.name) }
                continue
            }
            for (platform, image) in base.image.allParts {
                let name = "127.0.0.1:\(port ?? 0)/\(base.name)@\(image.manifest.digest)"
                project[base.name, default: [:]][platform] = name
                local.append(name)
            }
        }
        pin(wanted.image)
    }

    /// Of bases outside of the project alone.
    init(externalsOf image: Image) {
        platform = image.platform
        pin(image)
    }

    private mutating func pin(_ image: Image) {
        for pin in image.externalBases {
            guard let digest = pin.digest, let reference = ImageReference(parsing: pin.reference) else { continue }
            let name = "\(reference.host)/\(reference.repository)@\(digest)"
            external[pin.name] = name
            if HostKind(Self.hostName(reference.host)) == .loopback { local.append(name) }
        }
    }

    private static func hostName(_ host: String) -> String {
        WebAddress(parsing: "https://\(host)/")?.host ?? host
    }

    /// For the image's platform, where no other is given.
    subscript(base: Base, other: String?) -> String {
        let platform = other ?? platform
        return switch base {
        case .project(let name): project[name]?[platform] ?? project[name]?[StoredImage.onlyPart] ?? ""
        case .external(let reference): external[BaseName(reference, for: platform)] ?? reference
        case .scratch, .stage: ""
        }
    }
}
