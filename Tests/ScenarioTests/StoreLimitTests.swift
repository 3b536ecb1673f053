import Foundation
import Testing

/// A store that grows over its limit while the loop runs: what nothing needs goes, and all that is in use stays.
@Suite(.serialized) struct StoreLimitTests {
    private func size(_ project: TemporaryProject) throws -> Int {
        let folder = try project.store().appending(path: "blobs/sha256").path()
        return try FileManager.default.contentsOfDirectory(atPath: folder).reduce(0) { sum, name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + name)
            return sum + (attributes?[.size] as? Int ?? 0)
        }
    }

    private static func bytes(_ seed: Int) -> String {
        var generator = seed
        return String(
            (0..<200_000).map { _ -> Character in
                generator = (generator &* 1_103_515_245 &+ 12_345) & 0x7FFF_FFFF
                return Character(UnicodeScalar(UInt8(97 + generator >> 16 % 26)))
            }
        )
    }

    @Test func `a loop that is left running cleans its store, and goes on with what is in use`() async throws {
        let project = try TemporaryProject([
            ".imgwatch": "store-limit: 1MB\nimages:\n  base: { dockerfile: Dockerfile.base, push: false }\n  web: {}\n",
            "Dockerfile.base": "FROM scratch\nCOPY base.txt /\n", "base.txt": "base\n",
            "Dockerfile": "FROM base\nCOPY app.txt /\n", "app.txt": Self.bytes(0),
        ])
        let loop = try RunningLoop(project)
        var latest = try await loop.wait(for: "pushed", node: "web")
        for edit in 1...9 {
            try await loop.settle(from: 0, after: nil)
            let mark = loop.mark
            try project.write("app.txt", Self.bytes(edit))
            latest = try await loop.wait(from: mark, for: "pushed", node: "web")
        }
        _ = try await loop.wait(for: "notice") { $0.string("reason").hasPrefix("the store took") }
        #expect(try size(project) < 1_400_000)
        let files = try UnpackedImage.files(digest: latest.digest, in: project.store())
        #expect(files == ["base.txt": "base\n", "app.txt": Self.bytes(9)])
        // What was built before is gone, and is built again; the base is still there.
        let mark = loop.mark
        try project.write("app.txt", Self.bytes(1))
        let again = try await loop.wait(from: mark, for: "pushed", node: "web")
        #expect(try UnpackedImage.files(digest: again.digest, in: project.store())["app.txt"] == Self.bytes(1))
        #expect(!loop.lines.dropFirst(mark).contains { $0.node == "base" })
        try await loop.end()
    }
}
