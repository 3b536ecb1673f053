import Foundation
import Testing

@testable import imgwatch

@Suite struct HeadBuilderTests {
    @Test func `what a crash left is removed, and nothing of who runs`() throws {
        let folder = try TemporaryFolder()
        // The first process always runs; no process has the greatest number.
        for name in ["1-3", "\(getpid())-1", "\(Int32.max)-1", "junk"] {
            try FileManager.default.createDirectory(
                atPath: folder.root + "/heads/\(name)/context",
                withIntermediateDirectories: true
            )
        }
        HeadBuilder.clear(folder.root + "/heads")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.root + "/heads") == ["1-3"])
        HeadBuilder.clear(folder.root + "/nowhere")
    }
}
