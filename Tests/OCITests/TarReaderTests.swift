import Foundation
import Testing

@testable import OCI

@Suite struct TarReaderTests {
    private static let entries = [
        TarEntry(path: "d", kind: .directory, mode: 0o1777, user: 7, group: 8),
        TarEntry(path: "d/" + String(repeating: "long", count: 50), kind: .file(size: 0), mode: 0o4755),
        TarEntry(path: "d/link", kind: .symbolicLink(target: "../" + String(repeating: "ü", count: 80)), mode: 0o777),
        TarEntry(path: "d/hard", kind: .hardLink(target: "d/null"), mode: 0o644),
        TarEntry(path: "d/null", kind: .characterDevice(major: 1, minor: 3), mode: 0o666),
        TarEntry(path: "d/disk", kind: .blockDevice(major: 8, minor: 1), mode: 0o660, user: 1 << 24, group: 1 << 25),
        TarEntry(path: "d/pipe", kind: .fifo, mode: 0o600),
        TarEntry(path: "\u{301}/\u{301}\r", kind: .symbolicLink(target: "\u{301}"), mode: 0o777),
        TarEntry.whiteout("d/gone"),
    ]

    @Test func `what the writer writes is read back`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path + "/layout")
        let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let file = TarEntry(path: "file", kind: .file(size: content.count), mode: 0o600)
        let layer = try layout.pack(Self.entries.map { ($0, []) } + [(file, content)])
        let source = try TarSource(path: layout.blobPath(layer.digest))
        let members = try source.members()
        #expect(members.map(\.entry) == Self.entries + [file])
        #expect(try source.content(of: try #require(members.last)) == content)
        #expect(try TarSource.looksLikeTar(path: layout.blobPath(layer.digest)))
    }

    @Test(
        .enabled(if: Program("tar") != nil, "tar is not installed"),
        arguments: ["ustar", "posix", "gnu", "oldgnu", "v7"]
    )
    func `the formats of GNU tar are read`(format: String) throws {
        let folder = try TemporaryFolder()
        let long = String(repeating: "n", count: format == "v7" ? 40 : 90)
        let tree = folder.path + "/tree"
        try FileManager.default.createDirectory(
            atPath: tree + "/" + long + "/" + long,
            withIntermediateDirectories: true
        )
        _ = try folder.file("tree/\(long)/\(long)/file", Array("content".utf8))
        try FileManager.default.createSymbolicLink(atPath: tree + "/link", withDestinationPath: long)
        let tar = try #require(Program("tar"))
        let made = try tar.run(
            "--format=\(format)",
            "--owner=5",
            "--group=6",
            "--numeric-owner",
            "--mode=u=rw,go=r,a+X",
            "--sort=name",
            "-cf",
            folder.path + "/a.tar",
            "-C",
            tree,
            "."
        )
        #expect(made.status == 0, "\(made.output)")
        let source = try TarSource(path: folder.path + "/a.tar")
        let members = try source.members()
        #expect(members.map(\.entry.path) == ["", "link", long, "\(long)/\(long)", "\(long)/\(long)/file"])
        #expect(members.map(\.entry.user) == [5, 5, 5, 5, 5])
        #expect(members.last?.entry.mode == 0o644)
        #expect(members.first?.entry.kind == .directory)
        #expect(members.dropFirst().first?.entry.kind == .symbolicLink(target: long))
        #expect(try source.content(of: try #require(members.last)) == Array("content".utf8))
    }

    @Test func `extended attributes are bytes, and belong to one member`() throws {
        let folder = try TemporaryFolder()
        let value: [UInt8] = [1, 0, 0xff, 0x3d, 0x0a, 0x80]
        let key = Array("SCHILY.xattr.security.capability=".utf8)
        let record = Array("43 ".utf8) + key + value + Array("\n".utf8)
        #expect(record.count == 43)
        var header = TarHeader.encode(
            TarEntry(path: "x", kind: .file(size: record.count), mode: 0),
            modificationTime: 0
        )
        // The same header as one of records: its checksum grows with the type.
        header[156] = UInt8(ascii: "x")
        let sum = (header[..<148] + header[156...]).reduce(256) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        let text = String(repeating: "0", count: 6 - digits.count) + digits
        header.replaceSubrange(148..<156, with: Array(text.utf8) + [0, 32])
        let padding = [UInt8](repeating: 0, count: TarHeader.padding(record.count))
        let members = ["a", "b"].flatMap {
            TarHeader.encode(TarEntry(path: $0, kind: .file(size: 0), mode: 0), modificationTime: 0)
        }
        let path = try folder.file("a.tar", header + record + padding + members)
        let found = try TarSource(path: path).members()
        #expect(found.map(\.attributes) == [["security.capability": value], [:]])
    }

    @Test func `what is no tar is told apart`() throws {
        let folder = try TemporaryFolder()
        let text = try folder.file("text", [UInt8](repeating: 65, count: 2000))
        let small = try folder.file("small", [1, 2, 3])
        let zeros = try folder.file("zeros", [UInt8](repeating: 0, count: 2048))
        for path in [text, small, zeros] { #expect(try !TarSource.looksLikeTar(path: path)) }
        #expect(try TarSource(path: zeros).members().isEmpty)
    }

    @Test func `a tar that is cut off is an error`() throws {
        let folder = try TemporaryFolder()
        let header = TarHeader.encode(TarEntry(path: "f", kind: .file(size: 600), mode: 0), modificationTime: 0)
        let path = try folder.file("cut", header + [UInt8](repeating: 1, count: 599))
        #expect(throws: OCIError.self) { try TarSource(path: path).members() }
    }

    @Test func `paths can't leave the root`() throws {
        let folder = try TemporaryFolder()
        let entry = TarEntry(path: "../../etc/./x/../passwd", kind: .file(size: 0), mode: 0)
        let path = try folder.file("up", TarHeader.encode(entry, modificationTime: 0))
        #expect(try TarSource(path: path).members().map(\.entry.path) == ["etc/passwd"])
    }
}
