/// Zip archives as others read them.

import Foundation
import Testing

@testable import OCI

@Suite struct ZipWriterTests {
    private func archive(
        _ name: String,
        in folder: TemporaryFolder,
        limit: Int = Int(UInt32.max)
    ) throws -> OwnedFile {
        let layout = try ImageLayout.open(at: folder.path + "/" + name)
        let source = try folder.file("large", (0..<300_000).map { UInt8($0 * $0 % 251) })
        var writer = try ZipWriter(in: layout, limit: limit)
        try writer.add("Dockerfile", Array("FROM scratch\n".utf8), permissions: 0o644)
        try writer.add(folder: "context", permissions: 0o755)
        let digest = try writer.add(file: source, as: "context/large", permissions: 0o755)
        #expect(digest == .sha256(of: try Data(contentsOf: URL(filePath: source))))
        try writer.add("context/empty", [], permissions: 0o600)
        try writer.add(link: "context/grüße", target: "large")
        let made = try writer.finish()
        let bytes = try Data(contentsOf: URL(filePath: made.path))
        #expect(bytes.count == made.size && Digest.sha256(of: bytes) == made.digest)
        return made
    }

    /// With a lower limit offsets, then sizes, then all numbers stand in the 64-bit fields.
    @Test(arguments: [Int(UInt32.max), 400_000, 1000, 20, 1])
    func `Python's zipfile finds files, modes, links and contents, and nothing wrong`(limit: Int) throws {
        let folder = try TemporaryFolder()
        let archive = try archive("a", in: folder, limit: limit)
        let python = try #require(Program("python3"))
        let script = """
            import hashlib, sys, zipfile
            with zipfile.ZipFile(sys.argv[1]) as z:
                assert z.testzip() is None
                for i in z.infolist():
                    data = z.read(i)
                    print(i.filename, oct(i.external_attr >> 16), i.date_time[0], len(data), i.file_size)
                print(z.read("context/grüße").decode())
            """
        let (status, output) = try python.run("-c", script, archive.path)
        #expect(status == 0, "\(output)")
        #expect(
            output == """
                Dockerfile 0o100644 1980 13 13
                context/ 0o40755 1980 0 0
                context/large 0o100755 1980 300000 300000
                context/empty 0o100600 1980 0 0
                context/grüße 0o120777 1980 5 5
                large

                """
        )
    }

    @Test func `the same files are the same bytes`() throws {
        let folder = try TemporaryFolder()
        let one = try archive("a", in: folder)
        let two = try archive("b", in: folder)
        let areEqual = one.digest == two.digest
        #expect(areEqual)
    }

    @Test(arguments: [65_534, 65_535, 70_000])
    func `more files than there were numbers for`(count: Int) throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path + "/layout")
        var writer = try ZipWriter(in: layout)
        for number in 0..<count { try writer.add("f\(number)", [], permissions: 0o644) }
        let archive = try writer.finish()
        let script = """
            import sys, zipfile
            with zipfile.ZipFile(sys.argv[1]) as z:
                names = z.namelist()
                assert z.read(names[-1]) == b""
                print(len(names), names[-1])
            """
        let (status, output) = try #require(Program("python3")).run("-c", script, archive.path)
        #expect(status == 0 && output == "\(count) f\(count - 1)\n", "\(output)")
    }
}
