import Foundation
import Testing

@testable import OCI

@Suite struct TarSourceTests {
    /// Around the edges of gzip's stored blocks.
    @Test(arguments: [0, 1, 65_535 - 1024, 65_535, 131_070, 131_071, 200_000])
    func `stored gzip gives the bytes back from any offset`(size: Int) throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path)
        let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        let entry = TarEntry(path: "f", kind: .file(size: size), mode: 0o644)
        let layer = try layout.pack([(entry, content)])
        let source = try TarSource(path: layout.blobPath(layer.digest))
        let whole = TarHeader.encode(entry, modificationTime: 0) + content
        let expected = whole + [UInt8](repeating: 0, count: TarHeader.padding(size) + 1024)
        #expect(source.length == expected.count)
        for offset in [0, 511, 512, 65_534, 65_535, 65_536, 131_070] where offset < expected.count {
            let member = TarMember(
                entry: TarEntry(path: "", kind: .file(size: expected.count - offset), mode: 0),
                offset: offset
            )
            #expect(try source.content(of: member) == Array(expected[offset...]))
        }
    }

    @Test(.enabled(if: Program("gzip") != nil, "gzip is not installed"))
    func `gzip takes our blobs`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path + "/layout")
        let layer = try layout.pack([(TarEntry(path: "f", kind: .directory, mode: 0o755), [])])
        let gzip = try #require(Program("gzip"))
        let copy = folder.path + "/layer.gz"
        try FileManager.default.copyItem(atPath: layout.blobPath(layer.digest), toPath: copy)
        #expect(try gzip.run("-t", copy).status == 0)
    }

    @Test(arguments: [[0x42, 0x5a, 0x68, 0x39], [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]] as [[UInt8]])
    func `other compressions are refused by name`(magic: [UInt8]) throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("a", magic + [UInt8](repeating: 1, count: 100))
        #expect(throws: OCIError.compressedArchive(path: path)) { _ = try TarSource(path: path) }
        #expect(throws: OCIError.compressedArchive(path: path)) { try TarSource.looksLikeTar(path: path) }
    }
}
