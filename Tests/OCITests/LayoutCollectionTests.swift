import Foundation
import Testing

@testable import OCI

@Suite struct LayoutCollectionTests {
    /// An image of one layer, under a name.
    private func image(_ text: String, as name: String, in layout: ImageLayout) throws -> (Descriptor, [Descriptor]) {
        var writer = try LayerWriter(layout: layout)
        try writer.append(TarEntry(path: text, kind: .directory, mode: 0o755))
        let layer = try writer.finish()
        var configuration = ImageConfiguration(architecture: "amd64", operatingSystem: "linux")
        configuration.diffIDs = [layer.diffID]
        let config = try layout.writeBlob(configuration.encoded(), mediaType: MediaType.configuration)
        let manifest = Manifest(configuration: config, layers: [layer.descriptor])
        let written = try layout.writeBlob(manifest.encoded(), mediaType: MediaType.manifest)
        try layout.tag(name, as: written)
        return (written, [written, config, layer.descriptor])
    }

    @Test func `what no name leads to goes, and nothing else`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path)
        let (first, kept) = try image("a", as: "shop:1", in: layout)
        let (_, gone) = try image("b", as: "shop:2", in: layout)
        try layout.tag("also", as: first)
        let before = layout.size
        let done = try layout.collect(keeping: ["shop:1"])
        #expect(done == LayoutCollection(names: 2, blobs: 3, bytes: gone.reduce(0) { $0 + $1.size }))
        #expect(try layout.names() == ["shop:1"] && layout.size == before - done.bytes)
        #expect(kept.allSatisfy(layout.hasBlob) && !gone.contains(where: layout.hasBlob))
        #expect(try layout.collect(keeping: ["shop:1"]) == LayoutCollection())
    }

    @Test func `an index leads to all its images`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path)
        let images = try ["a", "b"].map { try image($0, as: "one:\($0)", in: layout) }
        let index = JSON.object([
            .init("schemaVersion", .integer(2)), .init("manifests", .array(images.map(\.0.json))),
        ])
        try layout.tag("all", as: layout.writeBlob(index.encoded(), mediaType: MediaType.index))
        #expect(try layout.collect(keeping: ["all"]).blobs == 0)
        #expect(images.flatMap(\.1).allSatisfy(layout.hasBlob))
    }
}
