/// A registry that lies, stalls and floods as no real one does, and says who came to it with which headers.

package final class HostileRegistry: Sendable {
    /// What each does stands beside its name in `servers/hostile.py`.
    package enum Mode: String, Encodable, Sendable, CaseIterable {
        case redirectsUploads = "redirects-uploads"
        case redirectsBlobs = "redirects-blobs"
        case redirectsManifests = "redirects-manifests"
        case redirectsInCircles = "redirects-in-circles"
        case redirectsToFile = "redirects-to-file"
        case foreignRealm = "foreign-realm"
        case fileRealm = "file-realm"
        case asksBasic = "asks-basic"
        case neverContent = "never-content"
        case endlessManifest = "endless-manifest"
        case endlessToken = "endless-token"
        case endlessError = "endless-error"
        case endlessBlob = "endless-blob"
        case forgetful
        case wrongDigest = "wrong-digest"
        case wrongContent = "wrong-content"
        case noDigest = "no-digest"
        case phantomBlobs = "phantom-blobs"
        case phantomMounts = "phantom-mounts"
        case ignoresRange = "ignores-range"
        case staleRange = "stale-range"
        case silent
        case silentBody = "silent-body"
        case slow
        case hugeLength = "huge-length"
        case shortLength = "short-length"
        case headerFlood = "header-flood"
        case longHeader = "long-header"
        case garbage
        case noLocation = "no-location"
        case nastyErrors = "nasty-errors"
        case htmlErrors = "html-errors"
        case smallPieces = "small-pieces"
        case singlePost = "single-post"
        case forbids
        case refusesManifests = "refuses-manifests"
    }

    package enum Host: String, Decodable, Sendable { case main, elsewhere }

    package struct Request: Decodable, Sendable {
        package var host: Host
        package var method: String
        package var path: String
        package var bytes: Int
        private var headers: [[String]]

        package func header(_ name: String) -> String? { RequestHeaders.value(of: name, in: headers) }
    }

    private struct First: Decodable {
        var hosts: [String: String]
    }

    private let process: RigProcess
    /// HOST:PORT, as it stands in references.
    package let address: String
    /// The origin to which it sends clients, under another name and port.
    package let elsewhere: String

    private init(_ process: RigProcess) throws {
        self.process = process
        let hosts = try process.first(as: First.self).hosts
        let main = try hosts["main"].orThrow(RigFailure("the hostile registry has no address"))
        address = String(main.dropFirst("http://".count))
        elsewhere = try hosts["elsewhere"].orThrow(RigFailure("the hostile registry has no second address"))
    }

    /// With no modes it is small and correct.
    package static func start(_ modes: [Mode] = []) async throws -> HostileRegistry {
        try await onThread { try HostileRegistry(RigProcess("hostile", ["modes": modes])) }
    }

    package func setModes(_ modes: [Mode]) throws { try process.tell("modes", ["modes": modes]) }

    package func requests() throws -> [Request] { try process.ask("requests", as: [Request].self) }

    package func requests(to host: Host) throws -> [Request] { try requests().filter { $0.host == host } }

    /// The digests that it really has.
    package func blobs() throws -> [String] { try process.ask("blobs", as: [String].self) }

    /// REPOSITORY:REFERENCE of the manifests that it really has.
    package func manifests() throws -> [String] { try process.ask("manifests", as: [String].self) }

    /// Forgets the requests.
    package func reset() throws { try process.tell("reset") }
}
