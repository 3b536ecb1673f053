/// What bases are called for an engine: on this machine, and on another one.

import Dockerfile
import Graph
import OCI
import Project
import Testing

@testable import imgwatch

@Suite struct BaseNamesTests {
    private static func digest(_ text: String) -> Digest { .sha256(of: text.utf8) }

    private static func stored(_ text: String) -> StoredImage {
        StoredImage(key: "key", manifest: Descriptor(mediaType: "", digest: digest(text), size: 0))
    }

    private static func wanted(_ reference: String, isPushed: Bool = true) throws -> WantedHead {
        let folder = try TemporaryFolder(["Dockerfile": "FROM base\nRUN a\n", "Dockerfile.base": "FROM scratch\n"])
        let project = try folder.project(
            """
            platforms: [linux/amd64, linux/arm64]
            images: { base: { dockerfile: Dockerfile.base }, app: {} }

            """
        )
        let image = try #require(project.images.first { $0.id.name == "app" }).forEachPlatform[1]
        var stored = stored("index")
        stored.parts = ["linux/amd64": Self.stored("amd"), "linux/arm64": Self.stored("arm")]
        let shown = PublishedImage(stored: stored, references: [], exactReference: reference, isPushed: isPushed)
        return WantedHead(
            head: try #require(image.split.heads.first),
            image: image,
            key: "key",
            files: { [] },
            bases: [BaseImage("base", shown)],
            references: [:]
        )
    }

    @Test func `here a base is served, each platform by its own digest`() throws {
        let names = BaseNames(try Self.wanted("registry.example.com/base@sha256:1"), port: 7)
        #expect(names[.project("base"), nil] == "127.0.0.1:7/base@\(Self.digest("arm"))")
        #expect(names[.project("base"), "linux/amd64"] == "127.0.0.1:7/base@\(Self.digest("amd"))")
        #expect(names.local.count == 2 && names.unreachable.isEmpty)
    }

    @Test func `elsewhere it is got from the registry that it was pushed to, or not at all`() throws {
        let reference = "registry.example.com/base@\(Self.digest("index"))"
        let names = BaseNames(try Self.wanted(reference), port: 7, isElsewhere: true)
        #expect(names[.project("base"), nil] == reference && names[.project("base"), "linux/amd64"] == reference)
        #expect(names.local.isEmpty && names.unreachable.isEmpty)
        for wanted in [
            try Self.wanted(reference, isPushed: false), try Self.wanted("127.0.0.1:5000/base@\(Self.digest("index"))"),
        ] { #expect(BaseNames(wanted, port: 7, isElsewhere: true).unreachable == ["base"]) }
    }
}
