import Foundation
import Testing

@testable import OCI

@Suite struct ImageLayoutTests {
    @Test func `a tag is found again after a restart, by another layout, and after it moved`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path + "/new/store/")
        let (first, second) = (try layout.sampleImage("1"), try layout.sampleImage("2"))
        try layout.tag([("shop:a", first), ("shop:b", second)])
        let other = try ImageLayout.open(at: folder.path + "/new/store")
        #expect(try other.resolve("shop:a") == first)
        #expect(try other.names() == ["shop:a", "shop:b"])
        try other.tag("shop:a", as: second)
        #expect(try layout.resolve("shop:a") == second)
        try layout.delete(["shop:b", "shop:none"])
        #expect(try other.names() == ["shop:a"])
        #expect(try other.resolve("shop:b") == nil)
    }

    @Test func `what other programs put into the index is kept`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path)
        let foreign = #"{"mediaType":"m","digest":"sha512:00","size":1,"platform":{"os":"linux"}}"#
        let text = #"{"schemaVersion":2,"manifests":[\#(foreign)],"annotations":{"k":"v"}}"#
        _ = try folder.file("index.json", Array(text.utf8))
        try layout.tag("a:b", as: try layout.sampleImage())
        let index = try JSON(parsing: Array(Data(contentsOf: URL(filePath: folder.path + "/index.json"))), subject: "i")
        #expect(index["annotations"]?["k"]?.text == "v")
        #expect(index["manifests"]?.array?.count == 2)
        #expect(index["manifests"]?.array?.first?["platform"]?["os"]?.text == "linux")
    }

    @Test func `a blob that was cut off or removed is noticed`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path)
        let blob = try layout.writeBlob(Array("content".utf8), mediaType: "m")
        #expect(layout.hasBlob(blob))
        truncate(layout.blobPath(blob.digest), 3)
        #expect(!layout.hasBlob(blob))
        #expect(throws: OCIError.missingBlob(blob.digest, layout: folder.path)) { try layout.readBlob(blob) }
        #expect(try layout.writeBlob(Array("content".utf8), mediaType: "m") == blob)
        #expect(try layout.readBlob(blob) == Array("content".utf8))
        unlink(layout.blobPath(blob.digest))
        #expect(!layout.hasBlob(blob))
    }

    @Test func `a blob with foreign content of the same size is refused`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path)
        let blob = try layout.writeBlob(Array("content".utf8), mediaType: "m")
        try Data("CONTENT".utf8).write(to: URL(filePath: layout.blobPath(blob.digest)))
        let problem = #expect(throws: OCIError.self) { try layout.readBlob(blob) }
        #expect(problem?.remedy.isEmpty == false)
    }

    @Test func `strays of ended processes go, files in use stay`() throws {
        let folder = try TemporaryFolder()
        _ = try ImageLayout.open(at: folder.path)
        let stray = try folder.file(".incoming-1-1", [1])
        let used = try TemporaryFile(in: folder.path)
        try used.write([1, 2, 3])
        let layout = try ImageLayout.open(at: folder.path)
        #expect(!FileManager.default.fileExists(atPath: stray))
        try used.commit(to: folder.path + "/blobs/sha256/x")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/blobs/sha256") == ["x"])
        #expect(try layout.names().isEmpty)
    }

    @Test func `threads publish at once and lose nothing`() async throws {
        let folder = try TemporaryFolder()
        let image = try ImageLayout.open(at: folder.path).sampleImage()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in 0..<4 {
                let layout = try ImageLayout.open(at: folder.path)
                group.addTask { for number in 0..<25 { try layout.tag("i:\(part)-\(number)", as: image) } }
            }
            try await group.waitForAll()
        }
        #expect(try ImageLayout.open(at: folder.path).names().count == 100)
    }

    @Test func `a file in the way is an error with place and remedy`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("taken", [])
        let problem = #expect(throws: OCIError.self) { try ImageLayout.open(at: path + "/store") }
        #expect(problem == .fileSystem(operation: "make", path: path, code: ENOTDIR))
        #expect(problem?.reason == "make \(path): Not a directory")
        #expect(problem?.remedy == "move away what is not a folder on the way to \(path)")
    }

    @Test func `a broken index is an error that names it`() throws {
        let folder = try TemporaryFolder()
        _ = try ImageLayout.open(at: folder.path)
        let path = try folder.file("index.json", Array("{".utf8))
        let problem = #expect(throws: OCIError.self) { try ImageLayout.open(at: folder.path) }
        #expect(problem?.reason.hasPrefix(path) == true)
    }

    @Test(.enabled(if: SmallDisk.isPossible, "only root can mount a small disk"))
    func `a full disk is an error, and the layout stays whole`() throws {
        let disk = try SmallDisk()
        let layout = try ImageLayout.open(at: disk.path)
        let image = try layout.sampleImage()
        try layout.tag("a:1", as: image)
        let big = [UInt8](repeating: 7, count: 4 << 20)
        let problem = #expect(throws: OCIError.self) { try layout.writeBlob(big, mediaType: "m") }
        guard case .fileSystem("write", _, ENOSPC) = problem else {
            Issue.record("not a full disk: \(String(describing: problem))")
            return
        }
        #expect(problem?.remedy.hasPrefix("free space") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).count == 3)
        try layout.tag("a:2", as: image)
        #expect(try ImageLayout.open(at: disk.path).names() == ["a:1", "a:2"])
    }
}

/// A file system of 1 MB.
private final class SmallDisk {
    private let folder: TemporaryFolder
    var path: String { folder.path }

    static let isPossible: Bool = {
        guard geteuid() == 0, let disk = try? SmallDisk() else { return false }
        return !disk.path.isEmpty
    }()

    init() throws {
        folder = try TemporaryFolder()
        guard let mount = Program("mount"),
            try mount.run("-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.path).status == 0
        else { throw OCIError.fileSystem(operation: "mount", path: folder.path, code: errno) }
    }

    deinit { _ = try? Program("umount")?.run(folder.path) }
}
