import Foundation
import Testing

@testable import OCI

@Suite struct LayerWriterTests {
    private static func file(_ path: String, _ text: String, _ mode: UInt16 = 0o644) -> (TarEntry, [UInt8]) {
        (TarEntry(path: path, kind: .file(size: text.utf8.count), mode: mode), Array(text.utf8))
    }

    private static func folder(_ path: String) -> (TarEntry, [UInt8]) {
        (TarEntry(path: path, kind: .directory, mode: 0o755), [])
    }

    /// The layers of BuildKit's golden image, rebuilt from what its recipe says.
    private static let golden: [[(TarEntry, [UInt8])]] = [
        [folder("base"), file("base/base.txt", "compatibility base\n"), folder("proc"), folder("sys")],
        [
            folder("inputs"), folder("inputs/git"), file("inputs/git/git.txt", "git fixture\n"),
            file("inputs/git/nested.txt", "nested fixture\n"), file("inputs/http.txt", "http fixture\n", 0o600),
            file("inputs/llb.txt", "llb fixture\n"),
        ],
        [
            folder("generated"), folder("generated/deeper"), file("generated/deeper/nested.txt", "nested-exec\n"),
            file("generated/exec.txt", "exec-fixture\n"),
        ],
    ]

    @Test(
        .enabled(if: Oracles.has("buildkit-goldens"), "shared/oracles is not on this machine"),
        arguments: [0, 1, 2]
    )
    func `layers have BuildKit's bytes`(layer: Int) throws {
        let goldens = "buildkit-goldens/common/gzip-level-0/v30/"
        let manifest = try Manifest(decoding: Oracles.read(goldens + "manifest.json"))
        let configuration = try ImageConfiguration(decoding: Oracles.read(goldens + "config.json"))
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path)
        let record = try layout.pack(Self.golden[layer], modificationTime: 1_445_412_480)
        // The first layer of the golden image is its base's.
        #expect(record.diffID == configuration.diffIDs[layer + 1])
        #expect(record.digest == manifest.layers[layer + 1].digest)
        #expect(record.size == manifest.layers[layer + 1].size)
    }

    @Test func `an empty layer is BuildKit's empty layer`() throws {
        let folder = try TemporaryFolder()
        let record = try ImageLayout.open(at: folder.path).pack([])
        #expect(record.diffID.hex == "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef")
    }

    @Test func `the blob is there under its name, and nothing else is`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path)
        let record = try layout.pack([Self.file("a", "b")])
        #expect(layout.hasBlob(record.descriptor))
        #expect(try Digest.sha256(of: layout.readBlob(record.descriptor)) == record.digest)
        #expect(
            try Set(FileManager.default.contentsOfDirectory(atPath: folder.path))
                == ["blobs", "index.json", "oci-layout"]
        )
    }

    @Test func `a writer that is dropped leaves nothing`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path)
        #expect(throws: OCIError.contentEnded(path: "a")) {
            var writer = try LayerWriter(layout: layout)
            _ = try writer.append(Self.file("a", "bcd").0) { _ in 0 }
            _ = try writer.finish()
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 3)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/blobs/sha256").isEmpty)
    }
}
