import Foundation
import Testing

@testable import OCI

@Suite struct InflationTests {
    /// Folder with a tar of a file that is longer than all buffers, and the tar's bytes.
    private struct Sample {
        let folder: TemporaryFolder
        let tar: [UInt8]
        var path: String { folder.path + "/a.tar" }

        init() throws {
            folder = try TemporaryFolder()
            var number: UInt32 = 1
            let content = (0..<3_000_000).map { index in
                number = number &* 1_664_525 &+ 1_013_904_223
                return index % 3 == 0 ? UInt8(number >> 24) : UInt8(truncatingIfNeeded: index / 1000)
            }
            let entry = TarEntry(path: "file", kind: .file(size: content.count), mode: 0o644)
            tar =
                TarHeader.encode(entry, modificationTime: 0) + content
                + [UInt8](repeating: 0, count: TarHeader.padding(content.count) + 1024)
            _ = try folder.file("a.tar", tar)
        }

        func run(_ name: String, _ arguments: String...) throws {
            let program = try #require(Program(name))
            let script = ([program.path] + arguments).joined(separator: " ")
            let made = try #require(Program("sh")).run("-c", "cd \(folder.path) && \(script)")
            #expect(made.status == 0, "\(made.output)")
        }

        func bytes(_ name: String) throws -> [UInt8] {
            try Array(Data(contentsOf: URL(filePath: folder.path + "/" + name)))
        }

        func unpacked(_ bytes: [UInt8]) throws -> [UInt8] {
            let scratch = folder.path + "/scratch"
            try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
            let source = try TarSource(path: folder.file("packed", bytes), scratch: scratch)
            let isUnpacked = source.isUnpacked
            #expect(isUnpacked)
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch).isEmpty)
            let whole = TarEntry(path: "", kind: .file(size: source.length), mode: 0)
            return try source.content(of: TarMember(entry: whole, offset: 0))
        }
    }

    private static let programs = Program("gzip") != nil && Program("zstd") != nil

    @Test(.enabled(if: programs, "gzip or zstd is not installed"))
    func `what gzip and zstd packed is read, in one piece or in several`() throws {
        let sample = try Sample()
        try sample.run("gzip", "-k1 a.tar")
        let gzip = try sample.bytes("a.tar.gz")
        #expect(try sample.unpacked(gzip) == sample.tar)
        #expect(try sample.unpacked(gzip + [0, 0, 0]) == sample.tar)
        #expect(try sample.unpacked(gzip + gzip) == sample.tar + sample.tar)
        try sample.run("zstd", "-q19 --long=27 a.tar -o a.zst")
        let zstd = try sample.bytes("a.zst")
        #expect(try sample.unpacked(zstd) == sample.tar)
        #expect(try sample.unpacked(zstd + zstd) == sample.tar + sample.tar)
        let skippable: [UInt8] = [0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]
        #expect(try sample.unpacked(skippable + zstd + skippable) == sample.tar)
    }

    @Test(.enabled(if: programs, "gzip or zstd is not installed"), arguments: ["gzip -9", "zstd -q"])
    func `what is cut off, broken or followed by something else is an error`(program: String) throws {
        let sample = try Sample()
        try sample.run(program.split(separator: " ").map(String.init)[0], program.dropFirst(4) + " -kc a.tar > packed")
        let packed = try sample.bytes("packed")
        var flipped = packed
        flipped[packed.count / 2] ^= 0x55
        let broken = [
            Array(packed.dropLast()), Array(packed.prefix(packed.count / 2)), packed + Array("tail".utf8), flipped,
        ]
        for bytes in broken {
            let problem = #expect(throws: OCIError.self) { try sample.unpacked(bytes) }
            guard case .malformed = problem else {
                Issue.record("\(String(describing: problem))")
                continue
            }
        }
    }

    @Test(.enabled(if: programs, "gzip or zstd is not installed"))
    func `no more is unpacked than the limit for the archive's size`() throws {
        let sample = try Sample()
        try sample.run("gzip", "-k a.tar")
        let path = sample.path + ".gz"
        let size = try sample.bytes("a.tar.gz").count
        let scratch = sample.folder.path
        func open(_ limit: Int) throws -> Int {
            try TarSource(path: path, scratch: scratch) { $0 == size ? limit : 0 }.length
        }
        #expect(try open(sample.tar.count) == sample.tar.count)
        let limit = sample.tar.count - 1
        #expect(throws: OCIError.inflatesTooFar(path: path, limit: limit)) { try open(limit) }
        #expect(InflationLimits.bytes(forArchiveOf: 1) == InflationLimits.always)
        #expect(InflationLimits.bytes(forArchiveOf: 10 << 20) == 2000 << 20)
        #expect(InflationLimits.bytes(forArchiveOf: .max) == InflationLimits.most)
    }

    @Test(.enabled(if: programs, "gzip or zstd is not installed"))
    func `a tar is told by its beginning alone`() throws {
        let sample = try Sample()
        try sample.run("gzip", "-k a.tar")
        try sample.run("zstd", "-q a.tar -o a.zst")
        _ = try sample.folder.file("text", [UInt8](repeating: 65, count: 5000))
        try sample.run("gzip", "-k text")
        func looksLikeTar(_ bytes: [UInt8]) throws -> Bool {
            try TarSource.looksLikeTar(path: sample.folder.file("packed", bytes))
        }
        // Most of the file is missing, and is not asked for.
        #expect(try looksLikeTar(Array(sample.bytes("a.tar.gz").prefix(300_000))))
        #expect(try looksLikeTar(Array(sample.bytes("a.zst").prefix(300_000))))
        #expect(try looksLikeTar(sample.tar))
        #expect(try !looksLikeTar(sample.bytes("text.gz")))
        #expect(try !looksLikeTar([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]))
        #expect(try !looksLikeTar([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    }

    @Test func `a folder that can't take the temporary file is named`() throws {
        let sample = try Sample()
        let layout = try ImageLayout.open(at: sample.folder.path + "/layout")
        let layer = try layout.pack([(TarEntry(path: "d", kind: .directory, mode: 0o755), [])], encoding: .gzip)
        let missing = sample.folder.path + "/missing"
        let problem = #expect(throws: OCIError.self) {
            _ = try TarSource(path: layout.blobPath(layer.digest), scratch: missing)
        }
        #expect(problem?.reason.contains(missing) == true)
    }
}
