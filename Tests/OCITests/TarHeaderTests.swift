import Testing

@testable import OCI

@Suite struct TarHeaderTests {
    @Test func `a whiteout stands beside what it hides`() {
        #expect(TarEntry.whiteout("a/b").path == "a/.wh.b")
        #expect(TarEntry.whiteout("b") == TarEntry(path: ".wh.b", kind: .file(size: 0), mode: 0))
    }

    /// Names that need the prefix of ustar or PAX records.
    ///
    /// The sums are of layers that Go's `archive/tar` wrote of this very tree (buildah 1.28, `--timestamp 0`; its modes
    /// carry the file type), without and with big owner ids.
    @Test(arguments: [
        (0, 0, "305cef5235eae62bed13a1163dd837d39cd1f6792ea3df71c831326d9dfde758"),
        (3_000_000, 3_000_001, "bcc6b84f1e049922271b9ffd3d6cc2a6713506750bcb3c3f7e5f1c1e9390b480"),
    ])
    func `long and foreign names are written as Go writes them`(user: Int, group: Int, sum: String) {
        func times(_ letter: String, _ count: Int) -> String { String(repeating: letter, count: count) }
        var tar: [UInt8] = []
        func add(_ path: String, _ kind: TarEntry.Kind, _ content: String = "") {
            let type: UInt16 =
                switch kind {
                case .directory: 0o40755
                case .file: 0o100644
                default: 0o120777
                }
            let entry = TarEntry(path: path, kind: kind, mode: type, user: user, group: group)
            tar += TarHeader.encode(entry, modificationTime: 0) + Array(content.utf8)
            tar += [UInt8](repeating: 0, count: TarHeader.padding(content.utf8.count))
        }
        func addFile(_ path: String, _ content: String) { add(path, .file(size: content.utf8.count), content) }
        addFile("big", "y")
        add("d", .directory)
        add("d/" + times("a", 60), .directory)
        addFile("d/" + times("a", 60) + "/" + times("b", 60), "long split")
        addFile("d/" + times("c", 120), "long unsplittable")
        add("d/" + times("e", 98), .directory)
        add("d/" + times("f", 99), .directory)
        add("d/" + times("g", 50), .directory)
        add("d/" + times("g", 50) + "/" + times("h", 60), .directory)
        add("d/" + times("k", 120), .directory)
        add("d/" + times("k", 120) + "/x", .directory)
        add("d/longlink", .symbolicLink(target: times("t", 130)))
        add("d/" + times("m", 60), .directory)
        add("d/" + times("m", 60) + "/" + times("n", 60) + "ü", .directory)
        addFile("d/" + times("m", 60) + "/" + times("n", 60) + "ü/z", "q")
        add("d/ulink", .symbolicLink(target: "ü"))
        addFile("d/ünïcode.txt", "u")
        add("d/" + times("ü", 60), .directory)
        addFile("d/" + times("ü", 60) + "/file", "deep")
        tar += [UInt8](repeating: 0, count: 1024)
        #expect(Digest.sha256(of: tar).hex == sum)
    }

    @Test func `a capability goes into a record, whatever bytes it has`() {
        let entry = TarEntry(path: "ping", kind: .file(size: 0), mode: 0o755, capability: [1, 0, 10, 255])
        let header = TarHeader.encode(entry, modificationTime: 0)
        let record = Array("41 SCHILY.xattr.security.capability=".utf8) + [1, 0, 10, 255] + Array("\n".utf8)
        #expect(header.count == 3 * 512 && header[512..<553].elementsEqual(record))
    }

    @Test func `a size beyond octal digits goes into a record`() {
        let entry = TarEntry(path: "huge", kind: .file(size: 1 << 33), mode: 0o644)
        let header = TarHeader.encode(entry, modificationTime: 0)
        #expect(header.count == 3 * 512)
        #expect(String(decoding: header[512..<531], as: UTF8.self) == "19 size=8589934592\n")
        #expect(String(decoding: header[(1024 + 124)..<(1024 + 135)], as: UTF8.self) == "00000000000")
    }
}
