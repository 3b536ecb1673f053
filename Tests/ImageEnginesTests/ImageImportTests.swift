/// Images as engines give them away, taken over.

import Foundation
import OCI
import Testing

@testable import ImageEngines

@Suite struct ImageImportTests {
    private final class Place {
        let root = NSTemporaryDirectory() + "import-\(UUID().uuidString)"
        let layout: ImageLayout

        init() throws { layout = try ImageLayout.open(at: root + "/layout") }
        deinit { try? FileManager.default.removeItem(atPath: root) }

        /// A tar of these files; gives its path and what it is.
        func tar(_ files: [(name: String, bytes: [UInt8])], links: [String: String] = [:]) throws -> LayerRecord {
            let made = try ImageLayout.open(at: root + "/made")
            var writer = try LayerWriter(layout: made, encoding: .none)
            for (name, target) in links.sorted(by: { $0.key < $1.key }) {
                try writer.append(TarEntry(path: name, kind: .symbolicLink(target: target), mode: 0o777))
            }
            for (name, bytes) in files {
                var rest = bytes[...]
                let entry = TarEntry(path: name, kind: .file(size: bytes.count), mode: 0o644)
                _ = try writer.append(entry) { buffer in
                    let part = rest.prefix(buffer.count)
                    buffer.copyBytes(from: part)
                    rest = rest.dropFirst(part.count)
                    return part.count
                }
            }
            return try writer.finish()
        }

        func path(_ tar: LayerRecord) -> String { root + "/made/blobs/sha256/\(tar.digest.hex)" }

        func bytes(_ tar: LayerRecord) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path(tar)))) }

        func configuration(_ layers: [LayerRecord]) -> [UInt8] {
            var configuration = ImageConfiguration(architecture: "amd64", operatingSystem: "linux")
            configuration.execution.environment = ["A=b"]
            configuration.diffIDs = layers.map(\.diffID)
            return configuration.encoded()
        }

        func take(_ archive: LayerRecord, known: [Digest: LayerRecord] = [:]) throws -> [LayerRecord] {
            let taking = ImageImport(into: layout, encoding: .stored) { known[$0] }
            let (manifest, layers) = try taking.take(archive: path(archive), platform: "linux/amd64")
            let image = try layout.readImage(manifest)
            #expect(image.configuration.execution.environment == ["A=b"])
            #expect(image.manifest.layers == layers.map(\.descriptor))
            return layers
        }
    }

    @Test func `docker's own form, in which a layer that comes twice is a link`() throws {
        let place = try Place()
        let (one, two) = (try place.tar([("f", [1])]), try place.tar([("g", [2])]))
        let names = #"[{"Config":"c.json","RepoTags":null,"Layers":["a/layer.tar","b/layer.tar","c/layer.tar"]}]"#
        let archive = try place.tar(
            [
                ("a/layer.tar", try place.bytes(one)), ("b/layer.tar", try place.bytes(two)),
                ("c.json", place.configuration([one, two, one])), ("manifest.json", Array(names.utf8)),
            ],
            links: ["c/layer.tar": "../a/layer.tar"]
        )
        let layers = try place.take(archive)
        #expect(layers.map(\.diffID) == [one.diffID, two.diffID, one.diffID])
        #expect(layers.allSatisfy { place.layout.hasBlob($0.descriptor) && $0.mediaType == MediaType.layer })
    }

    private func layout(_ place: Place, _ layers: [LayerRecord], nested: Bool = false) throws -> LayerRecord {
        let configuration = place.configuration(layers)
        let manifest = Manifest(
            configuration: Descriptor(
                mediaType: MediaType.configuration,
                digest: .sha256(of: configuration),
                size: configuration.count
            ),
            layers: layers.map(\.descriptor)
        ).encoded()
        func index(_ bytes: [UInt8], _ type: String) -> [UInt8] {
            let entry = Descriptor(mediaType: type, digest: .sha256(of: bytes), size: bytes.count).json
            return JSON.object([.init("schemaVersion", .integer(2)), .init("manifests", .array([entry]))]).indented()
        }
        var files = try layers.map { ("blobs/sha256/\($0.digest.hex)", try place.bytes($0)) }
        files.append(("blobs/sha256/\(Digest.sha256(of: configuration).hex)", configuration))
        files.append(("blobs/sha256/\(Digest.sha256(of: manifest).hex)", manifest))
        var top = index(manifest, MediaType.manifest)
        if nested {
            files.append(("blobs/sha256/\(Digest.sha256(of: top).hex)", top))
            top = index(top, MediaType.index)
        }
        return try place.tar(files + [("index.json", top)])
    }

    @Test(arguments: [false, true]) func `a tar of an OCI layout`(isNested: Bool) throws {
        let place = try Place()
        let layers = [try place.tar([("f", [1])]), try place.tar([("g", [UInt8](repeating: 7, count: 200_000))])]
        #expect(try place.take(layout(place, layers, nested: isNested)).map(\.diffID) == layers.map(\.diffID))
    }

    @Test func `a layer that is there already is not taken again`() throws {
        let place = try Place()
        let layer = try place.tar([("f", [1])])
        let archive = try layout(place, [layer])
        let first = try place.take(archive)
        let other = try ImageLayout.open(at: place.root + "/made")
        let compressed = try other.addLayer(
            tar: FilePart(path: place.path(layer), offset: 0, size: layer.size),
            encoding: .zstd
        )
        try place.layout.adopt(
            compressed.descriptor,
            from: FilePart(path: other.blobPath(compressed.digest), offset: 0, size: compressed.size)
        )
        #expect(try place.take(archive, known: [layer.diffID: compressed]) == [compressed])
        // What is only said to be there is not.
        let gone = LayerRecord(diffID: layer.diffID, digest: .sha256(of: [9]), size: 9)
        #expect(try place.take(archive, known: [layer.diffID: gone]) == first)
    }

    @Test func `a layer that is not what the configuration says is refused`() throws {
        let place = try Place()
        let (one, two) = (try place.tar([("f", [1])]), try place.tar([("g", [2])]))
        let names = #"[{"Config":"c.json","Layers":["a"]}]"#
        let archive = try place.tar([
            ("a", try place.bytes(one)), ("c.json", place.configuration([two])), ("manifest.json", Array(names.utf8)),
        ])
        #expect(throws: OCIError.self) { try place.take(archive) }
    }
}
