/// Zip archives as others read them.

import Foundation
import Testing

@testable import OCI

@Suite struct ZipWriterTests {
    private func archive(_ name: String, in folder: TemporaryFolder) throws -> (digest: Digest, path: String) {
        let layout = try ImageLayout.open(at: folder.path + "/" + name)
        let source = try folder.file("large", (0..<300_000).map { UInt8($0 * $0 % 251) })
        var writer = try ZipWriter(in: layout)
        try writer.add("Dockerfile", Array("FROM scratch\n".utf8), permissions: 0o644)
        try writer.add(folder: "context", permissions: 0o755)
        let digest = try writer.add(file: source, as: "context/large", permissions: 0o755)
        #expect(digest == .sha256(of: try Data(contentsOf: URL(filePath: source))))
        try writer.add("context/empty", [], permissions: 0o600)
        try writer.add(link: "context/grüße", target: "large")
        let (hash, size) = try writer.finish(in: layout)
        let path = layout.blobPath(hash)
        #expect(try Data(contentsOf: URL(filePath: path)).count == size)
        return (hash, path)
    }

    @Test func `Python's zipfile finds files, modes, links and contents, and nothing wrong`() throws {
        let folder = try TemporaryFolder()
        let archive = try archive("a", in: folder)
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
        #expect(try archive("a", in: folder).digest == archive("b", in: folder).digest)
    }
}
