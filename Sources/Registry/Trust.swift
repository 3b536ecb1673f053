/// Whom to trust when speaking TLS to a registry: `certs.d` of docker and podman, and `SSL_CERT_FILE`.

internal import Foundation
internal import HTTP

struct Trust {
    let environment: [String: String]

    /// A folder `HOST:PORT` in one of these holds `*.crt` (authorities), and `*.cert` with `*.key` (our own).
    private var folders: [String] {
        let home = environment["HOME"] ?? ""
        let configuration = environment["XDG_CONFIG_HOME"] ?? "\(home)/.config"
        return [
            // podman and skopeo look below the home, wherever other configuration lies.
            "\(home)/.config/containers/certs.d", "\(configuration)/containers/certs.d",
            "\(configuration)/docker/certs.d",
            environment["DOCKER_CONFIG"].map { "\($0)/certs.d" } ?? "\(home)/.docker/certs.d",
            "/etc/containers/certs.d", "/etc/docker/certs.d",
        ]
    }

    /// What is known of the host; whether somebody set that up for it.
    func trust(_ host: String) -> (trust: HTTPTrust, isKnown: Bool) {
        var trust = HTTPTrust()
        var isKnown = false
        for (index, folder) in folders.enumerated() where !folders[..<index].contains(folder) {
            let folder = "\(folder)/\(host)"
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { continue }
            isKnown = true
            for name in names.sorted() where name.hasSuffix(".crt") { add("\(folder)/\(name)", to: &trust) }
            guard trust.clientCertificate == nil, let name = names.sorted().first(where: { $0.hasSuffix(".cert") })
            else { continue }
            trust.clientCertificate = "\(folder)/\(name)"
            let key = "\(folder)/\(name.dropLast(".cert".count)).key"
            trust.clientKey = FileManager.default.fileExists(atPath: key) ? key : nil
        }
        if let file = environment["SSL_CERT_FILE"] { add(file, to: &trust) }
        return (trust, isKnown)
    }

    private func add(_ file: String, to trust: inout HTTPTrust) {
        guard let data = FileManager.default.contents(atPath: file) else { return }
        trust.authorities += Array(data) + [0x0A]
    }
}
