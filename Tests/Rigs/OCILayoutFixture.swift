/// Images to build on and to push, made without a network and without a line of the code that is tested.

import Foundation

package final class OCILayoutFixture: Sendable {
    package struct Image: Encodable, Sendable {
        private enum Kind: String, Encodable { case file, busybox, platforms, large }

        private var kind: Kind
        private var text: String?
        private var megabytes: Int?
        private var layers: Int?

        /// One layer of one small file.
        package static func file(_ text: String) -> Image { Image(kind: .file, text: text) }
        /// Two layers; what Debian's busybox-static can do.
        package static let busybox = Image(kind: .busybox)
        /// An index: linux/amd64 and linux/arm64, with different files.
        package static let platforms = Image(kind: .platforms)
        /// Half of the bytes can't be compressed, the other half is text; made anew, which takes seconds.
        package static func large(megabytes: Int, layers: Int = 3) -> Image {
            Image(kind: .large, megabytes: megabytes, layers: layers)
        }
    }

    private let folder: RigFolder
    package var path: String { folder.path }
    private let digests: [String: String]

    private init(_ folder: RigFolder, _ digests: [String: String]) { (self.folder, self.digests) = (folder, digests) }

    package static func make(_ images: [String: Image]) async throws -> OCILayoutFixture {
        let folder = try RigFolder()
        let script = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "servers/layout.py").path
        let python = try MachineProgram("python3").orThrow(RigFailure("python3 is not installed"))
        let wanted = String(decoding: try JSONEncoder().encode(images), as: UTF8.self)
        let answer = try await python.succeed(["-B", script, folder.path, wanted])
        let digests = try JSONDecoder().decode([String: String].self, from: Data(answer.utf8))
        return OCILayoutFixture(folder, digests)
    }

    /// The digest of the manifest or index.
    package func digest(of name: String) throws -> String {
        try digests[name].orThrow(RigFailure("no image is called \(name)"))
    }

    /// As skopeo writes it: `oci:PATH:NAME`.
    package func reference(to name: String) -> String { "oci:\(path):\(name)" }

    package func blob(_ digest: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(path)/blobs/sha256/\(digest.dropFirst("sha256:".count))").map {
            Array($0)
        }
    }
}
