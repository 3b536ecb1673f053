import Dockerfile
import Foundation
import OCI
import Testing

@testable import Building

@Suite struct AssemblerTests {
    private static let dockerfile = """
        FROM scratch
        COPY app /app/
        COPY --chown=7:8 conf /etc/
        WORKDIR /app
        CMD ["/app/run"]
        """

    private static func fill(_ workshop: Workshop, reversed: Bool = false) throws {
        let files = [
            ("app/run", "R", 0o755), ("app/lib/a", "A", 0o644), ("app/lib/b", "B", 0o600), ("conf/c", "C", 0o644),
        ]
        for (name, content, mode) in reversed ? files.reversed() : files {
            try workshop.file(name, content, mode: UInt16(mode))
        }
    }

    @Test func `the same files give the same image, whatever their times, places and order`() throws {
        let (one, other) = (try Workshop(), try Workshop())
        try Self.fill(one)
        try Self.fill(other, reversed: true)
        let old = [FileAttributeKey.modificationDate: Date(timeIntervalSince1970: 1_000_000)]
        try FileManager.default.setAttributes(old, ofItemAtPath: other.absolute("app/run"))
        let files = try other.contextFiles()
        let first = try one.build(Self.dockerfile)
        for context in [files, files.reversed(), files.shuffled()] {
            let again = try other.assembler.assemble(other.request(Self.dockerfile, context: BuildContext(context)))
            #expect(again.manifest == first.manifest)
        }
    }

    /// The digest is part of what imgwatch promises: it changes only when a release says so.
    @Test func `the image's digest is the one of all releases`() throws {
        let workshop = try Workshop()
        try Self.fill(workshop)
        let image = try workshop.build(Self.dockerfile)
        #expect(
            image.manifest.digest.description
                == "sha256:173bdc3c6928e40dae6ba50cb85cd5dc2cf327ba0fd5d7ac3c311a676bcb24a1"
        )
    }

    @Test func `a file's edit changes its layer and no other`() throws {
        let workshop = try Workshop()
        try Self.fill(workshop)
        let before = try workshop.build(Self.dockerfile)
        try workshop.file("conf/c", "D")
        let after = try workshop.build(Self.dockerfile)
        #expect(before.layers.count == 3)
        #expect(zip(before.layers, after.layers).map { $0 == $1 } == [true, false, true])
        #expect(before.manifest.digest != after.manifest.digest)
    }

    @Test func `a child has its base's layers, configuration and history first`() throws {
        let workshop = try Workshop()
        try Self.fill(workshop)
        let base = try workshop.build(Self.dockerfile, as: "base")
        let child = try workshop.build("FROM base\nCOPY conf/c /app/c\nENV X=1\n")
        #expect(Array(child.layers.prefix(3)) == base.layers)
        #expect(child.layers.count == 4)
        #expect(
            Array(child.configuration.history.prefix(base.configuration.history.count)) == base.configuration.history
        )
        #expect(child.configuration.execution.command == ["/app/run"])
        #expect(child.configuration.execution.workingDirectory == "/app")
        #expect(child.configuration.diffIDs == child.layers.map(\.diffID))
        #expect(try workshop.members(child).last == ["app/", "app/c"])
    }

    @Test func `stages that are only copied from are packed nowhere`() throws {
        let workshop = try Workshop()
        try Self.fill(workshop)
        let image = try workshop.build(
            """
            FROM scratch AS base
            COPY conf /etc
            FROM scratch AS build
            COPY app /src
            FROM base
            COPY --from=build /src/run /bin/
            """
        )
        #expect(try workshop.members(image) == [["etc/", "etc/c"], ["bin/", "bin/run"]])
        let blobs = try FileManager.default.contentsOfDirectory(atPath: workshop.path + "/layout/blobs/sha256")
        #expect(blobs.count == 4)
    }

    @Test func `labels, annotations and platform are in the image`() throws {
        let workshop = try Workshop()
        var request = try workshop.request("FROM scratch\nLABEL a=1 b=1\n")
        request.labels = ["b": "2", "c": "3"]
        request.annotations = ["key": "abc"]
        request.platform = "linux/arm/v7"
        let image = try workshop.assembler.assemble(request)
        let manifest = try Manifest(decoding: workshop.layout.readBlob(image.manifest))
        let configuration = try ImageConfiguration(decoding: workshop.layout.readBlob(manifest.configuration))
        #expect(manifest.annotations == ["key": "abc"])
        #expect(configuration.execution.labels == ["a": "1", "b": "2", "c": "3"])
        #expect(configuration.variant == "v7")
        #expect(configuration == image.configuration)
        #expect(image.layers.isEmpty)
    }

    @Test func `nothing is tagged`() throws {
        let workshop = try Workshop()
        try workshop.build("FROM scratch\nENV A=1\n")
        #expect(try workshop.layout.names().isEmpty)
    }
}
