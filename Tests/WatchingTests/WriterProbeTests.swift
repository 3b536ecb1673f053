import Foundation
import Glibc
import Testing
import Watching

@Suite struct WriterProbeTests {
    /// A site with a file of some size; the probe needs a filesystem that knows leases.
    private func site() throws -> Site {
        let site = try Site()
        try site.write("content", to: "file")
        return site
    }

    @Test(arguments: [O_WRONLY, O_RDWR, O_WRONLY | O_APPEND]) func `open for writing, until it is closed`(
        mode: Int32
    ) throws {
        let site = try site()
        let file = site.path("file")
        #expect(Site.isReleased(file))
        let descriptor = open(file, mode | O_CLOEXEC)
        #expect(Watcher.isOpenForWriting(file))
        close(descriptor)
        #expect(Site.isReleased(file))
    }

    @Test func `mapped for writing and shared, though the descriptor is closed`() throws {
        let site = try site()
        let file = site.path("file")
        let descriptor = open(file, O_RDWR | O_CLOEXEC)
        let map = mmap(nil, 1, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        try #require(map != MAP_FAILED)
        close(descriptor)
        #expect(Watcher.isOpenForWriting(file))
        munmap(map, 1)
        #expect(Site.isReleased(file))
    }

    @Test func `another process that writes is seen`() throws {
        let site = try site()
        let writer = Process()
        let (commands, answers) = (Pipe(), Pipe())
        writer.executableURL = URL(filePath: "/bin/sh")
        writer.arguments = ["-c", "exec 3>> \"$0\"; echo open; read -r line", site.path("file")]
        (writer.standardInput, writer.standardOutput) = (commands, answers)
        try writer.run()
        #expect(answers.fileHandleForReading.availableData == Data("open\n".utf8))
        #expect(Watcher.isOpenForWriting(site.path("file")))
        try commands.fileHandleForWriting.close()
        writer.waitUntilExit()
        #expect(Site.isReleased(site.path("file")))
    }

    @Test func `readers are no writers`() throws {
        let site = try site()
        let descriptor = open(site.path("file"), O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        let map = mmap(nil, 1, PROT_READ, MAP_PRIVATE, descriptor, 0)
        defer { munmap(map, 1) }
        #expect(Site.isReleased(site.path("file")))
    }

    @Test(arguments: ["missing", "folder", "pipe", "link", "folder/missing", "file/x", ""])
    func `what is no file is not open`(name: String) throws {
        let site = try site()
        try site.run("mkdir folder; mkfifo pipe; ln -s file link")
        let descriptor = open(site.path("file"), O_WRONLY | O_CLOEXEC)
        defer { close(descriptor) }
        #expect(!Watcher.isOpenForWriting(name.isEmpty ? "" : site.path(name)))
    }

    @Test func `a writer that comes while the probe runs is not harmed`() async throws {
        let site = try site()
        let file = site.path("file")
        await withTaskGroup(of: Int.self) { group in
            group.addTask {
                (0..<2_000).count { _ in
                    let descriptor = open(file, O_WRONLY | O_CLOEXEC)
                    close(descriptor)
                    return descriptor < 0
                }
            }
            for _ in 0..<2_000 { _ = Watcher.isOpenForWriting(file) }
            for await failures in group { #expect(failures == 0) }
        }
        #expect(Site.isReleased(file))
    }
}
