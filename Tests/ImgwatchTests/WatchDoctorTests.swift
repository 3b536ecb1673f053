import Glibc
import Testing

@testable import imgwatch

@Suite struct WatchDoctorTests {
    @Test func `a line of an instance's file stands for a watch`() {
        let text = "pos:\t0\nflags:\t02004000\ninotify wd:2 ino:1f sdev:fe00000 mask:fc6\ninotify wd:1 ino:2 mask:8\n"
        #expect(WatchDoctor.watches(in: text) == 2)
        #expect(WatchDoctor.watches(in: "pos:\t0\n") == 0)
    }

    @Test func `a process that watches is found with its watches`() throws {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC))
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let folder = try TemporaryFolder()
        try #require(inotify_add_watch(descriptor, folder.root, UInt32(IN_MODIFY)) >= 0)
        let own = try #require(WatchDoctor.consumers().first { $0.pid == getpid() })
        #expect(own.instances >= 1 && own.watches >= 1 && !own.name.isEmpty)
    }

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
