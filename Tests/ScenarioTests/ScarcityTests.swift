import Foundation
import Testing

/// What the program may not read, and no room to write: told as what it is, and over as soon as it is mended.
@Suite(.serialized) struct ScarcityTests {
    private static func project() throws -> TemporaryProject {
        try TemporaryProject([
            "data/a.txt": "a", "data/b.txt": "b", "Dockerfile": "FROM scratch\nCOPY data /data\n",
            ".imgwatch": "images:\n  app:\n",
        ])
    }

    // MARK: Rights

    /// As somebody whom file modes bind: root reads everything.
    private static func build(_ project: TemporaryProject) throws -> EndedCommand {
        let words = [Programs.imgwatch.path(), "build", "--json"]
        guard getuid() == 0 else { return try project.command(words) }
        try project.run("chown", "-R", "65534:65534", project.home.path())
        let state = ["XDG_STATE_HOME": project.home.appending(path: "state").path()]
        let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        return try project.command(nobody + words, state)
    }

    private static let canBeBound =
        getuid() != 0
        || Programs.has("setpriv")
            && (try? Programs.run(
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", Programs.imgwatch.path(), "--version"],
                in: URL(filePath: "/"),
                ["PATH": "/usr/bin:/bin"]
            )) != nil

    @Test(
        .enabled(if: canBeBound, "nobody else than root can run the program here"),
        arguments: [("data/a.txt", 0o200), ("data", 0o300)]
    )
    func `an input that can't be read is named, and mended by its mode`(path: String, mode: Int) throws {
        let project = try Self.project()
        let mark = try #require(try? FileManager.default.attributesOfItem(atPath: project.path(path)))
        let usual = try #require(mark[.posixPermissions] as? Int)
        #expect(chmod(project.path(path), mode_t(mode)) == 0)
        let refused = try Self.build(project)
        #expect(refused.status == 1, "\(refused.output)\(refused.errors)")
        let failed = try #require(refused.events.first { $0.event == "failed" })
        #expect(failed.node == "app" && failed.reason.contains(path), "\(failed.reason)")
        #expect(failed.reason.localizedCaseInsensitiveContains("permission denied"), "\(failed.reason)")
        #expect(chmod(project.path(path), mode_t(usual)) == 0)
        let built = try Self.build(project)
        #expect(built.status == 0, "\(built.output)\(built.errors)")
        #expect(built.events.nodes("pushed") == ["app"])
    }

    // MARK: Room

    /// A small file system of its own; nil where none can be mounted.
    private final class SmallDisk {
        let path: String
        init?(in project: TemporaryProject, megabytes: Int) {
            path = project.home.appending(path: "small").path()
            let words = ["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path]
            try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            guard (try? Programs.run(words, in: project.home, project.environment)) != nil else { return nil }
        }
        deinit { umount2(path, Int32(MNT_DETACH)) }
    }

    private static let canMount: Bool = {
        guard getuid() == 0, let project = try? TemporaryProject() else { return false }
        return SmallDisk(in: project, megabytes: 1) != nil
    }()

    @Test(
        .enabled(if: canMount, "no small disk can be mounted here"),
        arguments: ["XDG_DATA_HOME", "XDG_STATE_HOME"]
    )
    func `a full disk is told, and the next edit after it has room is built`(variable: String) async throws {
        let project = try Self.project()
        let disk = try #require(SmallDisk(in: project, megabytes: 8))
        var random = SeededRandom(seed: 3)
        let bytes = (0..<(2 << 20) / 8).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
        try Data(bytes).write(to: project.root.appending(path: "data/large"))
        let loop = try RunningLoop(project, environment: [variable: disk.path])
        let first = try await loop.publication(of: "app", from: 0)

        let filler = URL(filePath: disk.path).appending(path: "filler")
        #expect(FileManager.default.createFile(atPath: filler.path(), contents: nil))
        let handle = try FileHandle(forWritingTo: filler)
        while (try? handle.write(contentsOf: Data(count: 4096))) != nil {}
        try handle.close()
        var mark = loop.mark
        try project.write("data/a.txt", "full")
        let told = try await loop.settle(from: mark, until: "no space left") {
            $0.contains { $0.reason.localizedCaseInsensitiveContains("no space left") || $0.reason.contains("full") }
        }
        if variable == "XDG_DATA_HOME" {
            #expect(told.nodes("failed") == ["app"] && told.nodes("pushed").isEmpty)
            let store = try #require(PublishedNames.store(below: disk.path))
            let names = try PublishedNames(in: store)
            #expect(names.digests["app:\(first.tag)"] == first.digest)
            try names.check()
        }
        try FileManager.default.removeItem(at: filler)
        mark = loop.mark
        try project.write("data/a.txt", "roomy")
        let pushed = try await loop.publication(of: "app", from: mark)
        #expect(try await loop.end() == 0)
        let words = [Programs.imgwatch.path(), "build", "--json"]
        let again = try project.command(words, [variable: disk.path])
        #expect(again.status == 0 && again.events.nodes("started").isEmpty, "\(again.output)")
        if variable == "XDG_DATA_HOME", let store = PublishedNames.store(below: disk.path) {
            try PublishedNames(in: store).check()
            #expect(try UnpackedImage.files(digest: pushed.digest, in: store)["data/a.txt"] == "roomy")
        }
    }
}
