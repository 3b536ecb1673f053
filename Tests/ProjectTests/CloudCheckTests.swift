/// What means nothing for an image that CodeBuild makes.

import Testing

@testable import Project

@Suite struct CloudCheckTests {
    private static func problems(top: String = "", _ image: String) throws -> [String] {
        let text = """
            registry: 123456789012.dkr.ecr.eu-central-1.amazonaws.com
            aws: { bucket: contexts }
            builder: codebuild
            \(top)
            images: { app: { \(image) } }

            """
        let folder = try TemporaryFolder([".imgwatch": text, "Dockerfile": "FROM scratch\n"])
        do {
            _ = try LoaderTests.load(folder)
            return []
        } catch let error as Diagnostics {
            return error.all.map { "\($0.id) \($0.place.line ?? 0): \($0.reason)" }
        }
    }

    @Test func `a compression that is written for the image is reported, and what holds for all is not`() throws {
        let found = try Self.problems("compression: zstd")
        #expect(found.count == 1 && found.first?.hasPrefix("config-aws 5: `app` is built by CodeBuild") == true)
        #expect(try Self.problems(top: "compression: zstd", "").isEmpty)
        #expect(try Self.problems("builder: assemble, compression: zstd").isEmpty)
        #expect(try Self.problems("revision: true").isEmpty)
    }

    @Test func `what builds it is a machine of its own platform`() throws {
        let text = """
            registry: 123456789012.dkr.ecr.eu-central-1.amazonaws.com
            aws: { bucket: contexts }
            builder: codebuild
            platforms: linux/arm64
            images: { app: {} }

            """
        let dockerfile = "FROM --platform=$BUILDPLATFORM example.com/tools:1\nRUN make\n"
        let folder = try TemporaryFolder([".imgwatch": text, "Dockerfile": dockerfile])
        let image = try #require(try LoaderTests.load(folder).project.images.first)
        #expect(image.externalBases.map(\.platform) == ["linux/arm64"])
    }
}
