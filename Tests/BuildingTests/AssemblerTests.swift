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

    @Test func `an image never names a layer that the layout has lost`() throws {
        let workshop = try Workshop()
        try Self.fill(workshop)
        let base = try workshop.build(Self.dockerfile, as: "base")
        try FileManager.default.removeItem(atPath: workshop.layout.blobPath(base.layers[1].digest))
        let problem = try #require(try workshop.problem("FROM base\nENV A=1\n"))
        #expect((problem.id, problem.remedy) == ("storage", "build the image again"))
    }

    @Test(.enabled(if: Program.path("umoci") != nil, "umoci is not installed"))
    func `umoci unpacks what was assembled`() throws {
        let workshop = try Workshop()
        try Self.fill(workshop)
        try workshop.link("app/link", to: "lib/a")
        try workshop.file("tree/one", "1")
        link(workshop.absolute("tree/one"), workshop.absolute("tree/two"))
        try workshop.archive("t.tar", of: "tree")
        let long = String(repeating: "l\u{e4}nge", count: 30)
        let image = try workshop.build(
            "FROM scratch\nCOPY app /app\nADD t.tar /t\nCOPY conf/c /\(long)/c\nWORKDIR /w\n"
        )
        try workshop.layout.tag("shop:1", as: image.manifest)
        let bundle = workshop.path + "/bundle"
        try Program.run("umoci", ["unpack", "--rootless", "--image", workshop.layout.path + ":shop:1", bundle])
        func content(_ name: String) throws -> String {
            try String(contentsOfFile: "\(bundle)/rootfs/\(name)", encoding: .utf8)
        }
        #expect(try ["app/run", "app/link", "t/one", "t/two", long + "/c"].map(content) == ["R", "A", "1", "1", "C"])
        var status = stat()
        #expect(stat(bundle + "/rootfs/t/two", &status) == 0 && status.st_nlink == 2)
        #expect(stat(bundle + "/rootfs/w", &status) == 0 && status.st_mode & 0o7777 == 0o755)
    }

    @Test func `nothing is tagged`() throws {
        let workshop = try Workshop()
        try workshop.build("FROM scratch\nENV A=1\n")
        #expect(try workshop.layout.names().isEmpty)
    }
}
