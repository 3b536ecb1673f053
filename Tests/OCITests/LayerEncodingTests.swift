import Foundation
import Testing

@testable import OCI

@Suite struct LayerEncodingTests {
    private static let content = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 / 3 ^ $0 >> 11) }
    private static let members: [(TarEntry, [UInt8])] = [
        (TarEntry(path: "d", kind: .directory, mode: 0o755), []),
        (TarEntry(path: "d/f", kind: .file(size: content.count), mode: 0o600), content),
    ]

    @Test(arguments: LayerEncoding.allCases)
    func `each encoding holds the same tar, under its own media type`(encoding: LayerEncoding) throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path)
        let stored = try layout.pack(Self.members)
        let layer = try layout.pack(Self.members, encoding: encoding)
        #expect(layer.diffID == stored.diffID)
        #expect(layer.descriptor.mediaType == encoding.mediaType)
        #expect(layout.hasBlob(layer.descriptor))
        #expect(try Digest.sha256(of: layout.readBlob(layer.descriptor)) == layer.digest)
        let source = try TarSource(path: layout.blobPath(layer.digest))
        let isUnpacked = source.isUnpacked
        #expect(isUnpacked == [.gzip, .zstd].contains(encoding))
        let members = try source.members()
        #expect(members.map(\.entry) == Self.members.map(\.0))
        #expect(try source.content(of: try #require(members.last)) == Self.content)
        let whole = TarEntry(path: "", kind: .file(size: source.length), mode: 0)
        let tar = try source.content(of: TarMember(entry: whole, offset: 0))
        #expect(Digest.sha256(of: tar) == layer.diffID)
        #expect((layer.size < tar.count / 2) == isUnpacked)
    }

    @Test(
        .enabled(if: Program("gzip") != nil && Program("zstd") != nil, "gzip or zstd is not installed"),
        arguments: [(LayerEncoding.gzip, "gzip", "gz"), (.zstd, "zstd", "zst")]
    )
    func `the programs take what we pack`(encoding: LayerEncoding, name: String, suffix: String) throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path + "/layout")
        for members in [Self.members, []] {
            let layer = try layout.pack(members, encoding: encoding)
            let copy = try folder.file("layer." + suffix, layout.readBlob(layer.descriptor))
            let program = try #require(Program(name))
            let test = try program.run("-q", "-t", copy)
            #expect(test.status == 0, "\(test.output)")
            let sum = try #require(Program("sh")).run("-c", "\(program.path) -dc < \(copy) | sha256sum")
            #expect(sum.output.prefix(64) == layer.diffID.hex)
        }
    }

    @Test func `gzip's header names no time and no system`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path)
        let layer = try layout.pack(Self.members, encoding: .gzip)
        #expect(try layout.readBlob(layer.descriptor).prefix(10) == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
        #expect(try layout.pack(Self.members, encoding: .gzip) == layer)
    }

    @Test func `layers of all types that may be handed on have one in OCI`() {
        let types = [
            MediaType.dockerLayer: MediaType.layer, MediaType.dockerPlainLayer: MediaType.plainLayer,
            MediaType.dockerZstdLayer: MediaType.zstdLayer, MediaType.zstdLayer: MediaType.zstdLayer,
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip": nil,
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip": nil,
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted": nil,
        ]
        for (type, expected) in types { #expect(MediaType.ociLayer(type) == expected, "\(type)") }
    }
}
