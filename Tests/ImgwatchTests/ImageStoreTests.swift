import Building
import Engine
import Foundation
import Graph
import Inputs
import OCI
import Project
import Testing

@testable import imgwatch

@Suite struct ImageStoreTests {
    static let key = String(repeating: "0123456789abcdef", count: 4)
    static let other = String(repeating: "fedcba9876543210", count: 4)

    /// A store, and a project with one image that copies a file.
    private struct Site {
        let folder: TemporaryFolder
        let image: Image
        let address: RegistryAddress
        var store: ImageStore

        init(_ lines: String..., exporting: Bool = false) throws {
            folder = try TemporaryFolder(["file": "content", "Dockerfile": "FROM scratch\nCOPY file /file\n"])
            let all = ["images:", "  app:", "    dockerfile: Dockerfile"] + lines.map { "    " + $0 }
            image = try #require(try folder.project(all.joined(separator: "\n") + "\n").image(NodeID("app")))
            address = exporting ? .layout(folder.path("export")) : .loopback(port: 5000)
            store = try Self.open(folder, address)
        }

        private static func open(_ folder: TemporaryFolder, _ address: RegistryAddress) throws -> ImageStore {
            try ImageStore(ImageLayout.open(at: folder.path("store")), address: address, cache: .inMemory())
        }

        /// As the next process finds it.
        func reopened() throws -> ImageStore { try Self.open(folder, address) }

        private var reader: InputReader { InputReader(root: folder.root, index: HashIndex()) }

        func read() throws -> Reading {
            try #require(try reader.read(InputScope(of: image)))
        }

        func assemble(_ key: String = ImageStoreTests.key) throws -> StoredImage {
            try assemble(ImageInputs(reading: read(), bases: [], key: key))
        }

        func assemble(_ inputs: ImageInputs) throws -> StoredImage {
            try store.assemble(image, image.evaluation, on: [:], from: inputs, reader: reader, isCancelled: { false })
        }

        @discardableResult
        func publish(_ key: String = ImageStoreTests.key, provenance: Provenance) throws -> PublishedImage {
            try store.publish(assemble(key), of: image, ImageStoreTests.publication(key, provenance))
        }
    }

    static func publication(_ key: String, _ provenance: Provenance) -> Publication {
        Publication(key: key, provenance: provenance, destination: "", round: 1)
    }

    static let clean = Provenance.commit(id: "ff823670d", time: 1, isDirty: false)
    static let dirty = Provenance.commit(id: "ff823670d", time: 1, isDirty: true)

    // MARK: Names

    @Test(arguments: [
        (clean, "git-ff823670d-0123456789ab"), (dirty, "git-ff823670d-dirty-0123456789ab"),
        (Provenance.none, "key-0123456789ab"), (.unknown, "key-0123456789ab"),
    ])
    func `a tag says the commit and the key`(provenance: Provenance, tag: String) {
        #expect(provenance.tag(key: Self.key) == tag)
    }

    @Test func `references name the place, the image, and the tag or the digest`() {
        let digest = Digest.sha256(of: [])
        let loopback = RegistryAddress.loopback(port: 5000), layout = RegistryAddress.layout("/out")
        #expect(loopback.reference("app", tag: "a") == "127.0.0.1:5000/app:a")
        #expect(layout.reference("app", tag: "a") == "oci:/out/app:a")
        #expect(loopback.reference("app", digest: digest) == "127.0.0.1:5000/app@\(digest)")
    }

    // MARK: Publishing

    @Test func `an image is published under its content tag and its aliases`() throws {
        let site = try Site("aliases: [dev, latest]")
        let shown = try site.publish(provenance: Self.clean)
        #expect(
            shown.references == ["git-ff823670d-0123456789ab", "dev", "latest"].map { "127.0.0.1:5000/app:\($0)" }
        )
        #expect(shown.exactReference == "127.0.0.1:5000/app@\(shown.stored.manifest.digest)")
        for reference in shown.references {
            let name = String(reference.dropFirst("127.0.0.1:5000/".count))
            #expect(try site.store.layout.resolve(name) == shown.stored.manifest)
        }
    }

    @Test func `the image carries its key as label and annotation`() throws {
        let site = try Site()
        let stored = try site.assemble()
        let manifest = try Manifest(decoding: site.store.layout.readBlob(stored.manifest))
        #expect(manifest.annotations[ImageStore.keyName] == Self.key)
        let configuration = String(decoding: try site.store.layout.readBlob(manifest.configuration), as: UTF8.self)
        #expect(configuration.contains("\"\(ImageStore.keyName)\":\"\(Self.key)\""))
    }

    @Test func `layers count as new once`() throws {
        let site = try Site()
        let first = try site.assemble()
        #expect(first.newLayers == 1 && first.newBytes > 0)
        let second = try site.assemble(Self.other)
        #expect(second.newLayers == 0 && second.newBytes == 0)
    }

    @Test func `a file that changed since it was read sends the run round again`() throws {
        let site = try Site()
        let reading = try site.read()
        try site.folder.write("file", "changed")
        #expect {
            try site.assemble(ImageInputs(reading: reading, bases: [], key: Self.key))
        } throws: {
            if case ImageProblem.inputChanged = $0 { true } else { false }
        }
    }

    @Test func `a file that was copied is packed as it was then, whatever becomes of it`() throws {
        let site = try Site()
        let reading = try site.read()
        let copy = try site.store.copy(of: site.folder.path("file"))
        try site.folder.write("file", "changed")
        let inputs = ImageInputs(reading: reading, copies: ["file": copy], bases: [], key: Self.key)
        #expect(try site.assemble(inputs).manifest == Site().assemble().manifest)
    }

    @Test func `a Dockerfile's mistake is told with its line`() throws {
        let site = try Site()
        try FileManager.default.removeItem(atPath: site.folder.path("file"))
        #expect {
            try site.assemble()
        } throws: {
            guard case ImageProblem.failed(let failure) = $0 else { return false }
            return failure.reason.hasPrefix("Dockerfile:2: COPY file")
        }
    }

    // MARK: Reuse

    @Test func `a key that was published is found, by this process and the next`() throws {
        let site = try Site()
        let shown = try site.publish(provenance: Self.clean)
        for store in [site.store, try site.reopened()] {
            #expect(store.image(of: site.image, key: Self.key)?.manifest == shown.stored.manifest)
            #expect(store.image(of: site.image, key: Self.other) == nil)
        }
    }

    /// The tag shows twelve characters; the rest is in the image itself.
    @Test func `a key that only looks the same in a tag is another one`() throws {
        let site = try Site()
        try site.publish(provenance: Self.clean)
        #expect(site.store.image(of: site.image, key: String(Self.key.dropLast()) + "0") == nil)
    }

    @Test(arguments: ["manifest", "configuration", "layer"]) func `an image of which a part is gone is not reused`(
        part: String
    ) throws {
        let site = try Site()
        let layout = site.store.layout
        let descriptor = try site.publish(provenance: Self.clean).stored.manifest
        let manifest = try Manifest(decoding: layout.readBlob(descriptor))
        let parts = ["manifest": descriptor, "configuration": manifest.configuration, "layer": manifest.layers[0]]
        try FileManager.default.removeItem(atPath: layout.blobPath(try #require(parts[part]).digest))
        #expect(site.store.image(of: site.image, key: Self.key) == nil)
        #expect(site.store.remembered(site.image, Self.publication(Self.key, Self.clean)) == nil)
        try site.publish(provenance: Self.clean)
        #expect(site.store.image(of: site.image, key: Self.key) != nil)
    }

    @Test func `a dirty tag is never added to a key that is published, and a clean one is`() throws {
        let site = try Site()
        #expect(try site.publish(provenance: Self.dirty).references.count == 1)
        let committed = try site.publish(provenance: Self.clean)
        #expect(committed.references == ["127.0.0.1:5000/app:git-ff823670d-0123456789ab"])
        let again = Provenance.commit(id: "aaaaaaaaa", time: 2, isDirty: true)
        #expect(
            try site.publish(provenance: again).references == ["127.0.0.1:5000/app:git-ff823670d-dirty-0123456789ab"]
        )
        #expect(try site.store.layout.names().count == 2)
    }

    // MARK: Remembering

    @Test func `references that still show the image are remembered`() throws {
        let site = try Site("aliases: [dev]")
        let shown = try site.publish(provenance: Self.clean)
        let remembered = try site.reopened().remembered(site.image, Self.publication(Self.key, Self.clean))
        #expect(remembered?.references == shown.references)
        #expect(remembered?.exactReference == shown.exactReference)
    }

    @Test func `a reference that is gone or shows something else is not remembered`() throws {
        let site = try Site("aliases: [dev]")
        try site.publish(provenance: Self.clean)
        let publication = Self.publication(Self.key, Self.clean)
        try site.store.layout.delete(["app:dev"])
        #expect(site.store.remembered(site.image, publication) == nil)
        try site.publish(provenance: Self.clean)
        #expect(site.store.remembered(site.image, publication) != nil)
        try site.publish(Self.other, provenance: Self.clean)
        #expect(site.store.remembered(site.image, publication) == nil)
    }

    // MARK: Where images go

    @Test func `an image that is not pushed has no references, and is found by its key`() throws {
        let site = try Site("push: false", "aliases: [dev]")
        let shown = try site.publish(provenance: Self.clean)
        #expect(shown.references == [] && !shown.isPushed)
        #expect(try site.store.layout.names().allSatisfy { !$0.hasPrefix("app:") })
        let next = try site.reopened()
        #expect(next.image(of: site.image, key: Self.key) != nil)
        #expect(next.remembered(site.image, Self.publication(Self.key, Self.clean)) != nil)
    }

    @Test func `an exported image is in a layout of its own, and missed when it is gone from there`() throws {
        let site = try Site("aliases: [dev]", exporting: true)
        let shown = try site.publish(provenance: Self.clean)
        let export = site.folder.path("export/app")
        #expect(
            shown.references == ["git-ff823670d-0123456789ab", "dev"].map { "oci:\(export):\($0)" }
        )
        let target = try ImageLayout.open(at: export)
        #expect(try target.resolve("dev")?.digest == shown.stored.manifest.digest)
        let publication = Self.publication(Self.key, Self.clean)
        #expect(site.store.remembered(site.image, publication) != nil)
        try FileManager.default.removeItem(atPath: export)
        #expect(site.store.remembered(site.image, publication) == nil)
        #expect(site.store.image(of: site.image, key: Self.key) != nil)
    }
}
