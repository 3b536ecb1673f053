import Foundation
import Testing

@testable import OCI

@Suite struct PrivateCopyTests {
    @Test func `a copy stays as it is, and goes with its owner`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path + "/layout")
        let bytes = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let source = try folder.file("source", bytes)
        var copy: PrivateCopy? = try PrivateCopy(of: source, in: layout)
        let path = try #require(copy?.path)
        _ = try folder.file("source", [1])
        #expect(FileManager.default.contents(atPath: path) == Data(bytes))
        // Who opens the layout meanwhile leaves it alone.
        _ = try ImageLayout.open(at: folder.path + "/layout")
        #expect(FileManager.default.fileExists(atPath: path))
        copy = nil
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `a file that is gone can't be copied`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path + "/layout")
        #expect(throws: OCIError.self) { try PrivateCopy(of: folder.path + "/missing", in: layout) }
    }
}
