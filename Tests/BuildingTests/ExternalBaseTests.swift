import Dockerfile
import Foundation
import OCI
import Testing

@testable import Building

@Suite(.enabled(if: Program.path("gzip") != nil && Program.path("tar") != nil, "gzip or tar is not installed"))
struct ExternalBaseTests {
    private static let content = [
        "777 0:0 bin -> usr/bin", "750 0:0 data/", "755 0:0 etc/", "644 0:0 etc/group = staff:x:50:\n",
        "777 0:0 etc/passwd -> ../usr/etc/passwd", "700 0:0 opaque/", "644 0:0 opaque/new = N",
        "600 9:9 replaced = R", "755 0:0 srv/", "755 0:0 srv/deep/", "644 0:0 srv/deep/file = S", "1777 0:0 tmp/",
        "755 0:0 usr/", "755 0:0 usr/bin/", "4755 0:0 usr/bin/alias = T", "4755 0:0 usr/bin/third = T",
        "4755 0:0 usr/bin/tool = T", "755 0:0 usr/etc/",
        "644 0:0 usr/etc/passwd = root:x:0:0::/:\napp:x:1234:2345::/:\n",
    ]

    @Test(arguments: [MediaType.layer, MediaType.dockerLayer])
    func `a base is what its layers make of it`(type: String) throws {
        let workshop = try Workshop()
        try workshop.distribution("debian:12", type)
        let image = try workshop.build("FROM debian:12\n")
        #expect(try workshop.listing(image.rootFS) == Self.content)
        #expect(image.layers.map(\.mediaType) == [MediaType.layer, MediaType.layer])
        let manifest = try Manifest(decoding: workshop.layout.readBlob(image.manifest))
        #expect(manifest.layers.map(\.mediaType) == [MediaType.layer, MediaType.layer])
        #expect(manifest.annotations.isEmpty)
        #expect(image.configuration.created == "1970-01-01T00:00:00Z")
        #expect(image.configuration.history.map(\.createdBy) == ["outside", "outside"])
        #expect(image.externalLayers == Set(image.layers.map(\.digest)))
    }

    @Test func `an instruction on top adds what it changes, and nothing of the base`() throws {
        let workshop = try Workshop()
        try workshop.distribution("debian:12")
        try workshop.file("run", "!", mode: 0o755)
        let image = try workshop.build(
            """
            FROM debian:12
            COPY --chown=app:staff run /bin/
            COPY run /data/
            WORKDIR /work
            """
        )
        #expect(
            try workshop.members(image).dropFirst(2)
                == [["usr/", "usr/bin/", "usr/bin/run"], ["data/", "data/run"], ["work/"]]
        )
        let listing = try workshop.listing(image.rootFS)
        for line in ["755 1234:50 usr/bin/run = !", "750 0:0 data/", "755 1234:2345 work/"] {
            #expect(listing.contains(line), "\(line)")
        }
        #expect(image.layers.prefix(2).allSatisfy { image.externalLayers.contains($0.digest) })
        #expect(image.externalLayers.count == 2)
    }

    @Test func `files are copied out of an image from outside, with their links`() throws {
        let workshop = try Workshop()
        try workshop.distribution("debian:12")
        let listing = try workshop.listing(
            "FROM scratch\nCOPY --from=debian:12 /bin/third /opaque/ /x/\nCOPY --from=debian:12 /etc /etc\n"
        )
        #expect(
            listing == [
                "755 0:0 etc/", "644 0:0 etc/group = staff:x:50:\n", "777 0:0 etc/passwd -> ../usr/etc/passwd",
                "755 0:0 x/", "644 0:0 x/new = N", "4755 0:0 x/third = T",
            ]
        )
    }

    @Test func `Docker's media types become OCI's, and triggers and defaults can be read`() throws {
        let workshop = try Workshop()
        try workshop.file("root/a", "A")
        let layer = try workshop.outsideLayer(of: "root", "gzip", type: MediaType.dockerLayer)
        let manifest = try workshop.outsideImage(
            "old",
            [layer],
            configurationType: MediaType.dockerConfiguration,
            manifestType: MediaType.dockerManifest
        ) { configuration in
            configuration.execution.onBuild = ["COPY . /src"]
            configuration.execution.shell = ["/bin/bash", "-c"]
            configuration.execution.environment = ["A=b"]
        }
        let read = try workshop.layout.readImage(manifest).configuration.execution
        #expect((read.onBuild, read.shell, read.environment) == (["COPY . /src"], ["/bin/bash", "-c"], ["A=b"]))
        let image = try workshop.build("FROM old\nENV C=d\n")
        let written = try Manifest(decoding: workshop.layout.readBlob(image.manifest))
        #expect(image.manifest.mediaType == MediaType.manifest)
        #expect(written.configuration.mediaType == MediaType.configuration)
        #expect(written.layers.map(\.mediaType) == [MediaType.layer])
        #expect(written.layers.map(\.digest) == [layer.descriptor.digest])
        #expect(image.configuration.execution.onBuild.isEmpty)
        #expect(image.configuration.execution.environment.prefix(1) == ["A=b"])
    }

    @Test(arguments: [
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "may not be handed on"),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar", "may not be handed on"),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "cannot be read"),
    ])
    func `a layer that cannot be in our image is refused`(type: String, reason: String) throws {
        let workshop = try Workshop()
        var layer = try workshop.outsideLayer([])
        layer.descriptor.mediaType = type
        try workshop.outsideImage("base", [layer])
        let problem = try #require(try workshop.problem("FROM base\n"))
        #expect(problem.id == "base-layer-unsupported")
        #expect(problem.reason.contains(reason))
        #expect(problem.line == 1)
    }

    @Test func `what is no image and what has too many layers is refused`() throws {
        let workshop = try Workshop()
        try workshop.outsideImage("chart", [], configurationType: "application/vnd.cncf.helm.config.v1+json")
        let problem = try #require(try workshop.problem("FROM chart\n"))
        #expect(problem.reason.contains("application/vnd.cncf.helm.config.v1+json"))
        let layer = try workshop.outsideLayer([])
        try workshop.outsideImage("most", Array(repeating: layer, count: 127))
        #expect(try workshop.build("FROM most\nENV A=1\n").layers.count == 127)
        #expect(try workshop.problem("FROM most\nWORKDIR /a\n")?.id == "layers-too-many")
        try workshop.outsideImage("more", Array(repeating: layer, count: 128))
        #expect(try workshop.problem("FROM more\n")?.id == "layers-too-many")
    }

    @Test func `once listed, a base's layers need not be here, unless files of them are asked for`() throws {
        let workshop = try Workshop()
        let base = try workshop.distribution("debian:12")
        try workshop.file("f", "F")
        let dockerfile = "FROM debian:12\nCOPY f /bin/\n"
        let image = try workshop.build(dockerfile, as: "parent")
        for layer in image.layers.prefix(2) {
            try FileManager.default.removeItem(atPath: workshop.layout.blobPath(layer.digest))
        }
        let restarted = workshop.restarted()
        #expect(try restarted.assemble(workshop.request(dockerfile)).manifest == image.manifest)
        // Another start finds the image of the project, and what it is made of.
        let parent = try workshop.restarted().load(image.manifest)
        #expect(parent.externalLayers == image.externalLayers)
        #expect(try workshop.build("FROM parent\nUSER 7\nWORKDIR /w\n").layers.count == 4)
        let request = try workshop.request("FROM debian:12\nCOPY --from=debian:12 /usr/bin/tool /x\n")
        let missing = #expect(throws: BuildProblem.self) { try workshop.restarted().assemble(request) }
        #expect((missing?.id, missing?.line) == ("base-layer-missing", 2))
        #expect(missing?.missingLayer == image.layers[0].digest)
        // Who is who is kept with the list.
        for owner in ["app", "7:staff"] {
            _ = try workshop.restarted().assemble(workshop.request("FROM debian:12\nCOPY --chown=\(owner) f /x\n"))
        }
        // Never listed here, it must be fetched first.
        let elsewhere = Assembler(layout: workshop.layout, cache: workshop.cache)
        let problem = #expect(throws: BuildProblem.self) { try elsewhere.load(base, isExternal: true) }
        #expect(problem?.missingLayer == image.layers[0].digest)
    }

    @Test func `an own layer that is lost is an error, though it was listed`() throws {
        let workshop = try Workshop()
        try workshop.distribution("debian:12")
        try workshop.file("f", "F")
        let image = try workshop.build("FROM debian:12\nCOPY f /bin/\n")
        #expect(try workshop.restarted().load(image.manifest).layers == image.layers)
        try FileManager.default.removeItem(atPath: workshop.layout.blobPath(image.layers[2].digest))
        let problem = #expect(throws: BuildProblem.self) { try workshop.restarted().load(image.manifest) }
        #expect(problem?.id == "storage")
    }

    @Test func `a compressed layer is unpacked once for all builds`() throws {
        let workshop = try Workshop()
        try workshop.distribution("debian:12")
        let request = try workshop.request("FROM scratch\nCOPY --from=debian:12 /usr /usr\n")
        let image = try workshop.assembler.assemble(request)
        let base = try workshop.assembler.load(try #require(workshop.externals["debian:12"]))
        let path = workshop.layout.blobPath(base.layers[0].digest)
        let tar = try workshop.assembler.tars.open(path)
        #expect(try workshop.assembler.tars.open(path) === tar)
        // Another file under the name is another tar.
        let bytes = try Data(contentsOf: URL(filePath: path))
        try FileManager.default.removeItem(atPath: path)
        try bytes.write(to: URL(filePath: path))
        #expect(try workshop.assembler.tars.open(path) !== tar)
        #expect(image.layers.count == 1)
    }

    @Test(arguments: LayerEncoding.allCases)
    func `layers are made in the encoding that is asked for, and never taken for another's`(
        encoding: LayerEncoding
    ) throws {
        let workshop = try Workshop()
        try workshop.file("f", String(repeating: "content ", count: 1000))
        let dockerfile = "FROM scratch\nCOPY f /f\n"
        let stored = try workshop.build(dockerfile)
        workshop.encoding = encoding
        let image = try workshop.build(dockerfile)
        #expect(image.layers.map(\.diffID) == stored.layers.map(\.diffID))
        #expect(image.layers.map(\.mediaType) == [encoding.mediaType])
        #expect((image.layers == stored.layers) == (encoding == .stored))
        #expect(try workshop.build(dockerfile).manifest == image.manifest)
        let loaded = try workshop.restarted().load(image.manifest)
        #expect(loaded.layers == image.layers)
        #expect(try workshop.listing(loaded.rootFS) == workshop.listing(stored.rootFS))
    }

    // MARK: - Other tools

    @Test(.enabled(if: Program.path("umoci") != nil, "umoci is not installed"))
    func `umoci unpacks an image on a base to the tree that we see`() throws {
        let workshop = try Workshop()
        try workshop.distribution("debian:12")
        try workshop.file("f", "F")
        let image = try workshop.build("FROM debian:12\nCOPY f /bin/\nWORKDIR /data/w\n")
        try workshop.layout.tag("on-base:1", as: image.manifest)
        let bundle = workshop.path + "/bundle"
        try Program.run("umoci", ["unpack", "--rootless", "--image", workshop.layout.path + ":on-base:1", bundle])
        let root = bundle + "/rootfs/"
        let theirs = try FileManager.default.subpathsOfDirectory(atPath: root).map { path -> String in
            var status = stat()
            guard lstat(root + path, &status) == 0 else { throw CocoaError(.fileReadUnknown) }
            let head = String(status.st_mode & 0o7777, radix: 8) + " " + path
            switch status.st_mode & S_IFMT {
            case S_IFDIR: return head + "/"
            case S_IFLNK: return try head + " -> " + FileManager.default.destinationOfSymbolicLink(atPath: root + path)
            default: return try head + " = " + String(contentsOfFile: root + path, encoding: .utf8)
            }
        }
        let ours = try workshop.listing(image.rootFS).map { line in
            let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            return String(parts[0] + " " + parts[2])
        }
        #expect(Set(theirs) == Set(ours))
    }

    @Test(
        .enabled(
            if: Buildah.isUsable && Program.path("skopeo") != nil,
            "skopeo or buildah is not installed or cannot build here"
        ),
        arguments: [
            "COPY f /bin/", "COPY --chown=app:staff f /data/", "USER app\nWORKDIR /home/app/x\nCOPY f .",
            "COPY --from=localhost/base:1 /bin/ /copied/", "COPY f /tmp/a/b", "COPY --from=localhost/base:1 /etc /e",
        ]
    )
    func `on a base the file system is the one that buildah makes`(instructions: String) throws {
        let workshop = try Workshop()
        try workshop.distribution("localhost/base:1")
        try workshop.file("f", "F")
        try workshop.layout.tag("base", as: try #require(workshop.externals["localhost/base:1"]))
        let dockerfile = "FROM localhost/base:1\n\(instructions)\n"
        let image = try workshop.build(dockerfile)
        let theirs = try Buildah.build(
            dockerfile,
            context: workshop.path + "/context",
            in: workshop.path,
            base: workshop.layout.path + ":base"
        )
        #expect(try workshop.listing(image.rootFS) == theirs)
    }
}
