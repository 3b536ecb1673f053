/// What bases are called in the Dockerfile of a head: exactly, by the digest that the key names.

import Dockerfile
import Graph
import HTTP
import OCI
import Project

struct BaseNames {
    private var names: [Base: String] = [:]
    /// Those in a registry of this machine.
    private(set) var local: [String] = []

    /// Images of the project are served on the port.
    init(_ wanted: WantedHead, port: UInt16?) {
        for base in wanted.bases {
            let name = "127.0.0.1:\(port ?? 0)/\(base.name)@\(base.image.manifest.digest)"
            names[.project(base.name)] = name
            local.append(name)
        }
        for pin in wanted.image.externalBases {
            guard let digest = pin.digest, let reference = ImageReference(parsing: pin.reference) else { continue }
            let name = "\(reference.host)/\(reference.repository)@\(digest)"
            names[.external(pin.reference)] = name
            if HostKind(Self.hostName(reference.host)) == .loopback { local.append(name) }
        }
    }

    private static func hostName(_ host: String) -> String {
        WebAddress(parsing: "https://\(host)/")?.host ?? host
    }

    subscript(base: Base) -> String {
        if let name = names[base] { return name }
        if case .external(let reference) = base { return reference }
        return ""
    }
}
