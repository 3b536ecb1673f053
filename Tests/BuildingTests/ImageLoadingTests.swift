import Foundation
import OCI
import Testing

@testable import Building

@Suite struct ImageLoadingTests {
    @Test func `an image from its blobs is the image that was built`() throws {
        let workshop = try Workshop()
        try workshop.file("a/b", "B", mode: 0o4755)
        try workshop.link("a/l", to: "b")
        try workshop.file("tree/x", "X")
        link(workshop.absolute("tree/x"), workshop.absolute("tree/y"))
        try workshop.archive("t.tar", of: "tree")
        try workshop.file("file", "replaces a folder")
        let dockerfile = "FROM scratch\nCOPY a /a\nADD t.tar /t\nCOPY --chown=3 file /a/b\nWORKDIR /w\n"
        let image = try workshop.build(dockerfile, as: "base")
        let loaded = try workshop.restarted().load(image.manifest)
        #expect(loaded.manifest == image.manifest)
        #expect(loaded.configuration == image.configuration)
        #expect(loaded.layers == image.layers)
        #expect(try workshop.listing(loaded.rootFS) == workshop.listing(image.rootFS))
        #expect(try workshop.listing("FROM scratch\nCOPY --from=base /t /t\n").last == "644 0:0 t/y = X")
    }

    @Test func `whiteouts of other builders hide`() throws {
        let workshop = try Workshop()
        func layer(_ entries: [TarEntry]) throws -> LayerRecord {
            var writer = try LayerWriter(layout: workshop.layout)
            for entry in entries { try writer.append(entry) }
            return try writer.finish()
        }
        func folder(_ path: String) -> TarEntry { TarEntry(path: path, kind: .directory, mode: 0o755) }
        func file(_ path: String) -> TarEntry { TarEntry(path: path, kind: .file(size: 0), mode: 0o644) }
        let layers = [
            try layer([folder("a"), file("a/b"), folder("c"), file("c/d"), folder("c/e"), file("c/e/f"), file("g")]),
            try layer([.whiteout("a"), folder("c"), file("c/.wh..wh..opq"), file("c/new"), .whiteout("g")]),
        ]
        var configuration = ImageConfiguration(architecture: "amd64", operatingSystem: "linux")
        configuration.diffIDs = layers.map(\.diffID)
        let descriptor = try workshop.layout.writeBlob(configuration.encoded(), mediaType: MediaType.configuration)
        let manifest = Manifest(configuration: descriptor, layers: layers.map(\.descriptor))
        let written = try workshop.layout.writeBlob(manifest.encoded(), mediaType: MediaType.manifest)
        let image = try workshop.assembler.load(written)
        #expect(try workshop.listing(image.rootFS) == ["755 0:0 c/", "644 0:0 c/new = "])
    }

    @Test func `an image that is not whole is an error, and one that was read is remembered`() throws {
        let workshop = try Workshop()
        try workshop.file("a")
        let image = try workshop.build("FROM scratch\nCOPY a /\n")
        #expect(try workshop.assembler.load(image.manifest).layers == image.layers)
        try FileManager.default.removeItem(atPath: workshop.layout.blobPath(image.layers[0].digest))
        #expect(try workshop.assembler.load(image.manifest).layers == image.layers)
        let problem = #expect(throws: BuildProblem.self) {
            try workshop.restarted().load(image.manifest)
        }
        #expect(problem?.id == "storage")
    }
}
