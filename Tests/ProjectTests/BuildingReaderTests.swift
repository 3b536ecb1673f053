/// `builder`, `network`, `secrets` and `pull`.

import Testing

@testable import Project

@Suite struct BuildingReaderTests {
    private func building(_ configuration: String) throws -> [ImageBuilding] {
        let folder = try TemporaryFolder([".imgwatch": configuration, "Dockerfile": "FROM scratch\n"])
        return try LoaderTests.load(folder).project.images.map(\.building)
    }

    @Test func `an image has what the top has, and its own`() throws {
        let text = """
            builder: buildah
            network: host
            secrets: { a: { env: A }, b: /b }
            images:
              one: {}
              two: { builder: assemble, network: default, secrets: { b: { env: B }, c: ../c } }
            """
        let found = try building(text)
        #expect(
            found[0]
                == ImageBuilding(
                    builder: .buildah,
                    network: "host",
                    secrets: [Secret(id: "a", .variable("A")), Secret(id: "b", .file("/b"))]
                )
        )
        #expect(found[1].builder == .assemble && found[1].network == nil)
        #expect(found[1].secrets.map(\.id) == ["a", "b", "c"])
        #expect(found[1].secrets[1] == Secret(id: "b", .variable("B")))
        guard case .file(let path) = found[1].secrets[2].source else { return #expect(Bool(false)) }
        #expect(path.hasPrefix("/") && path.hasSuffix("/c") && !path.contains(".."))
    }

    @Test func `without a word imgwatch chooses`() throws {
        #expect(try building("images: { one: }") == [ImageBuilding()])
        #expect(!Builder.automatic.isEngine && !Builder.assemble.isEngine && Builder.podman.isEngine)
    }
}
