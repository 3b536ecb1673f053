import Glibc
import Testing

@testable import imgwatch

@Suite struct WatchDoctorTests {
    @Test func `the folders are counted that inputs can be in, and the inputs that the group may write`() throws {
        let folder = try TemporaryFolder([
            "src/a": "", "src/deep/b": "", "other/c": "", "Dockerfile": "FROM scratch\nCOPY src /x\n",
        ])
        for path in ["src/a", "src/deep/b", "other/c"] { try #require(chmod(folder.path(path), 0o644) == 0) }
        let project = try folder.project("images: { app: {} }\n")
        #expect(FolderCount.inputs(of: project).folders == 3)
        #expect(FolderCount.inputs(of: project).groupWritable.count == 0)
        for path in ["src/deep/b", "other/c"] { try #require(chmod(folder.path(path), 0o664) == 0) }
        let found = FolderCount.inputs(of: project).groupWritable
        #expect(found.count == 1 && found.example == "src/deep/b")
    }
}
