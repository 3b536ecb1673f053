import Foundation
import OCI
import Testing

@testable import Building

@Suite struct ArchiveIndexTests {
    private static func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.file("tree/bin/tool", "T", mode: 0o755)
        try workshop.file("tree/etc/conf", "C", mode: 0o640)
        try workshop.link("tree/lib", to: "usr/lib")
        try workshop.folder("tree/usr/lib", mode: 0o711)
        guard Glibc.link(workshop.absolute("tree/bin/tool"), workshop.absolute("tree/another")) == 0 else {
            throw CocoaError(.fileWriteUnknown)
        }
        chmod(workshop.absolute("tree"), 0o700)
        try workshop.archive("a.tar", of: "tree", "--owner=77", "--group=88", "--numeric-owner")
        return workshop
    }

    private static let content = [
        "755 77:88 another = T", "755 77:88 bin/", "755 77:88 bin/tool = T", "755 77:88 etc/", "640 77:88 etc/conf = C",
        "777 77:88 lib -> usr/lib", "755 77:88 usr/", "711 77:88 usr/lib/",
    ]

    @Test func `a tar is unpacked with its owners, and its root changes nothing`() throws {
        let workshop = try Self.workshop()
        #expect(try workshop.listing("FROM scratch\nADD a.tar /\n") == Self.content)
        let below = try workshop.listing("FROM scratch\nADD a.tar /x\n")
        #expect(below.first == "755 0:0 x/")
        #expect(below.count == Self.content.count + 1)
        let owned = try workshop.listing("FROM scratch\nADD --chown=5:6 --chmod=600 a.tar /x/\n")
        #expect(owned.prefix(2) == ["755 5:6 x/", "755 5:6 x/another = T"])
    }

    @Test func `hard links stay links in the layer, the first name in front`() throws {
        let workshop = try Self.workshop()
        let image = try workshop.build("FROM scratch\nADD a.tar /\n")
        let layer = try #require(image.layers.first)
        let members = try TarSource(path: workshop.layout.blobPath(layer.digest)).members().map(\.entry)
        #expect(members.first { $0.path == "another" }?.kind == .file(size: 1))
        #expect(members.first { $0.path == "bin/tool" }?.kind == .hardLink(target: "another"))
    }

    @Test func `members go through links below the destination, and replace what is there`() throws {
        let workshop = try Self.workshop()
        try workshop.link("base/x/bin", to: "/real")
        try workshop.file("base/x/lib/old")
        let listing = try workshop.listing("FROM scratch\nCOPY base /\nADD a.tar /x\n")
        #expect(listing.contains("777 77:88 x/lib -> usr/lib"))
        #expect(!listing.contains { $0.contains("old") })
        // A folder in the archive takes the place of a link, as unpacking does.
        #expect(listing.contains("755 77:88 x/bin/"))
    }

    @Test func `a file is no archive because of its name, and one is without it`() throws {
        let workshop = try Self.workshop()
        try workshop.file("fake.tar", "no tar")
        try FileManager.default.moveItem(atPath: workshop.absolute("a.tar"), toPath: workshop.absolute("data"))
        #expect(try workshop.listing("FROM scratch\nADD fake.tar /\n") == ["644 0:0 fake.tar = no tar"])
        #expect(try workshop.listing("FROM scratch\nADD data /\n") == Self.content)
        #expect(try workshop.listing("FROM scratch\nCOPY data /\n").count == 1)
    }

    @Test func `an unchanged archive is not read again, one at another path is`() throws {
        let workshop = try Self.workshop()
        let dockerfile = "FROM scratch\nADD a.tar /\n"
        let image = try workshop.build(dockerfile)
        let request = try workshop.request(dockerfile)
        try FileManager.default.moveItem(atPath: workshop.absolute("a.tar"), toPath: workshop.absolute("b.tar"))
        #expect(try workshop.assembler.assemble(request).manifest == image.manifest)
        try FileManager.default.removeItem(atPath: workshop.layout.blobPath(try #require(image.layers.first).digest))
        #expect(try workshop.build("FROM scratch\nADD b.tar /\n").layers == image.layers)
        try FileManager.default.removeItem(atPath: workshop.layout.blobPath(try #require(image.layers.first).digest))
        let problem = #expect(throws: BuildProblem.self) { try workshop.assembler.assemble(request) }
        #expect(problem?.changedInput == workshop.absolute("a.tar"))
    }

    @Test(
        .enabled(if: Program.path("gzip") != nil && Program.path("zstd") != nil, "gzip or zstd is not installed"),
        arguments: ["gzip", "zstd"]
    )
    func `a compressed tar is unpacked, and what else is compressed is copied as it is`(program: String) throws {
        let workshop = try Self.workshop()
        try workshop.archive("packed", of: "tree", "--owner=77", "--group=88", "--numeric-owner", "--\(program)")
        #expect(try workshop.listing("FROM scratch\nADD packed /\n") == Self.content)
        try workshop.file("text", String(repeating: "no tar\n", count: 1000))
        let text = try Program.run(program, ["-c", workshop.absolute("text")])
        try workshop.file("other", bytes: text)
        let image = try workshop.build("FROM scratch\nADD other /\n")
        #expect(image.rootFS[TreePath("other")]?.content?.digest == Digest.sha256(of: text))
        #expect(image.rootFS.descendants(of: .root).count == 1)
    }

    @Test func `a compressed tar that ends too early is broken`() throws {
        let workshop = try Self.workshop()
        try workshop.file("tree/big", bytes: (0..<900_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) })
        try workshop.archive("a.tgz", of: "tree", "-z")
        let size = try Data(contentsOf: URL(filePath: workshop.absolute("a.tgz"))).count
        truncate(workshop.absolute("a.tgz"), size - 100)
        #expect(try workshop.problem("FROM scratch\nADD a.tgz /\n")?.id == "add-archive-broken")
    }

    @Test func `other compressions are refused with a way out`() throws {
        let workshop = try Self.workshop()
        try workshop.file("a.txz", bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0, 0, 0])
        let problem = try #require(try workshop.problem("FROM scratch\nADD a.txz /\n"))
        #expect((problem.id, problem.line) == ("add-compressed-unsupported", 2))
        #expect(problem.reason.hasPrefix("ADD of a file in bzip2 or xz, "))
    }

    @Test func `a broken archive is an error`() throws {
        let workshop = try Self.workshop()
        truncate(workshop.absolute("a.tar"), 3000)
        #expect(try workshop.problem("FROM scratch\nADD a.tar /\n")?.id == "add-archive-broken")
    }
}
