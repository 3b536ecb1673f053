import Foundation
import Testing

/// What real machines do to a tree: it vanishes, moves, fills up, can't be read, or comes in thousands of files.
@Suite(.serialized) struct HardshipTests {
    /// One image of the folder `data`.
    private static func project(_ files: [String: String] = [:]) throws -> TemporaryProject {
        let own = [
            "data/a.txt": "a", "Dockerfile": "FROM scratch\nCOPY data /data\n", ".imgwatch": "images:\n  app:\n",
        ]
        return try TemporaryProject(own.merging(files) { $1 })
    }

    private static func started(_ files: [String: String] = [:]) async throws -> (TemporaryProject, RunningLoop) {
        let project = try project(files)
        let loop = try RunningLoop(project)
        try await loop.publication(of: "app", from: 0)
        return (project, loop)
    }

    /// The image's files are those of the folder.
    private static func expectTree(_ project: TemporaryProject, _ loop: RunningLoop) throws {
        let tree = try UnpackedImage.contents(of: project.root.appending(path: "data"))
        let shown = try project.shown("app", by: loop)
        #expect(shown == Dictionary(tree.map { ("data/\($0.key)", $0.value) }) { $1 })
    }

    // MARK: Git

    @Test(arguments: [[], ["git", "init", "-q", "--object-format=sha256"]])
    func `without a repository that can be read it works, and says so once`(making: [String]) async throws {
        let project = try Self.project()
        if !making.isEmpty {
            try Programs.run(making, in: project.root, project.environment)
            try project.git("add", "-A")
            try project.git("commit", "-q", "-m", "first")
        }
        let loop = try RunningLoop(project)
        try await loop.publication(of: "app", from: 0)
        let mark = loop.mark
        try project.write("data/a.txt", "b")
        let pushed = try await loop.publication(of: "app", from: mark)
        #expect(pushed.tag.hasPrefix("key-"))
        let notices = loop.lines.filter { $0.event == "notice" }
        #expect(notices.count == 1 && notices.first?.reason.contains("git") == true, "\(notices.map(\.reason))")
        try await loop.end()
    }

    @Test func `another branch is one build, and the way back is none`() async throws {
        let project = try Self.project()
        try project.write("data/300.txt", "only here")
        for file in 0..<200 { try project.write("data/\(file).txt", "main \(file)") }
        try project.commitAll("first")
        try project.git("checkout", "-q", "-b", "other")
        for file in 100..<300 { try project.write("data/\(file).txt", "other \(file)") }
        try project.remove("data/300.txt")
        try project.commitAll("second")
        let loop = try RunningLoop(project)
        let first = try await loop.publication(of: "app", from: 0)
        var mark = loop.mark
        try project.git("checkout", "-q", "main")
        let lines = try await loop.settle(from: mark, until: "app pushed") { $0.nodes("pushed").contains("app") }
        #expect(lines.nodes("pushed") == ["app"] && lines.nodes("started") == ["app"])
        #expect(lines.last { $0.event == "pushed" }.map { !$0.tag.contains("dirty") } == true)
        try Self.expectTree(project, loop)
        mark = loop.mark
        try project.git("checkout", "-q", "other")
        let back = try await loop.settle(from: mark, until: "app reused") { $0.nodes("reused").contains("app") }
        #expect(back.nodes("started").isEmpty && back.first { $0.event == "reused" }?.digest == first.digest)
        try await loop.end()
    }

    // MARK: Files and folders

    @Test func `a folder that vanishes fails by name, and comes back`() async throws {
        let (project, loop) = try await Self.started(["data/deep/er/b.txt": "b"])
        var mark = loop.mark
        try project.remove("data")
        let gone = try await loop.settle(from: mark, until: "app failed") { $0.nodes("failed") == ["app"] }
        #expect(gone.first { $0.event == "failed" }?.reason.contains("data") == true)
        #expect(gone.nodes("started").isEmpty)
        mark = loop.mark
        try project.write("data/deep/er/b.txt", "again")
        try project.write("data/a.txt", "again")
        try await loop.settle(from: mark, until: "the tree") { _ in
            (try? project.shown("app", by: loop)) == ["data/a.txt": "again", "data/deep/er/b.txt": "again"]
        }
        mark = loop.mark
        try project.write("data/deep/er/b.txt", "watched")
        try await loop.publication(of: "app", from: mark)
        try Self.expectTree(project, loop)
        try await loop.end()
    }

    @Test func `a project that is moved away and back goes on`() async throws {
        let (project, loop) = try await Self.started()
        let away = project.home.appending(path: "away")
        try FileManager.default.moveItem(at: project.root, to: away)
        try Data("elsewhere".utf8).write(to: away.appending(path: "data/a.txt"))
        try FileManager.default.moveItem(at: away, to: project.root)
        var mark = loop.mark
        try await loop.settle(from: 0, until: "what was edited elsewhere") { _ in
            (try? project.shown("app", by: loop)) == ["data/a.txt": "elsewhere"]
        }
        mark = loop.mark
        try project.write("data/a.txt", "watched")
        try await loop.publication(of: "app", from: mark)
        try Self.expectTree(project, loop)
        try await loop.end()
    }

    @Test func `a file becomes a folder, and a file again`() async throws {
        let (project, loop) = try await Self.started(["data/thing": "file"])
        var mark = loop.mark
        try project.remove("data/thing")
        try project.write("data/thing/inside", "folder")
        try await loop.settle(from: mark, until: "the folder") { _ in
            (try? project.shown("app", by: loop)) == ["data/a.txt": "a", "data/thing/inside": "folder"]
        }
        mark = loop.mark
        try project.write("data/thing/inside", "watched")
        try await loop.publication(of: "app", from: mark)
        mark = loop.mark
        try project.remove("data/thing")
        try project.write("data/thing", "file")
        try await loop.settle(from: mark, until: "the file") { _ in
            (try? project.shown("app", by: loop)) == ["data/a.txt": "a", "data/thing": "file"]
        }
        try await loop.end()
    }

    @Test func `new folders below new folders, folders that are moved in, about and out`() async throws {
        let (project, loop) = try await Self.started()
        var mark = loop.mark
        try project.write("data/one/two/three/four.txt", "deep")
        try await loop.publication(of: "app", from: mark)
        try Self.expectTree(project, loop)
        let outside = project.home.appending(path: "outside").path()
        for (from, to) in [
            (project.path("data/one"), project.path("data/uno")), (project.path("data/uno/two"), outside),
            (outside, project.path("data/dos")),
        ] {
            mark = loop.mark
            try FileManager.default.moveItem(atPath: from, toPath: to)
            try await loop.publication(of: "app", from: mark)
            try Self.expectTree(project, loop)
        }
        mark = loop.mark
        try project.write("data/dos/three/four.txt", "still watched")
        try await loop.publication(of: "app", from: mark)
        try Self.expectTree(project, loop)
        try await loop.end()
    }

    @Test func `three thousand files at once`() async throws {
        let (project, loop) = try await Self.started()
        var mark = loop.mark
        try project.run(
            "sh",
            "-c",
            "cd data; mkdir $(seq 30); for i in $(seq 3000); do echo $i > $((i % 30 + 1))/$i; done"
        )
        try await loop.settle(from: mark, until: "3001 files") { _ in
            (try? project.shown("app", by: loop).count) == 3001
        }
        try Self.expectTree(project, loop)
        mark = loop.mark
        try FileManager.default.moveItem(atPath: project.path("data/1"), toPath: project.path("data/100"))
        let lines = try await loop.settle(from: mark, until: "app pushed") { $0.nodes("pushed").contains("app") }
        #expect(lines.nodes("pushed") == ["app"])
        try Self.expectTree(project, loop)
        try await loop.end()
    }

    @Test func `a file that is still written is waited for, by name`() async throws {
        let (project, loop) = try await Self.started()
        let mark = loop.mark
        let handle = try FileHandle(forWritingTo: project.root.appending(path: "data/a.txt"))
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: Data("half".utf8))
        try await loop.wait(from: mark, for: "waiting for data/a.txt") {
            $0.event == "waiting" && $0.heldPaths == ["data/a.txt"]
        }
        #expect(loop.lines.dropFirst(mark).allSatisfy { $0.event != "pushed" && $0.event != "started" })
        try handle.write(contentsOf: Data(" and half".utf8))
        try handle.close()
        let lines = try await loop.settle(from: mark, until: "app pushed") { $0.nodes("pushed").contains("app") }
        #expect(lines.nodes("pushed") == ["app"])
        #expect(try project.shown("app", by: loop) == ["data/a.txt": "half and half"])
        try await loop.end()
    }

    @Test func `pipes and sockets in a folder hold nobody`() async throws {
        let (project, loop) = try await Self.started()
        let mark = loop.mark
        #expect(mkfifo(project.path("data/pipe"), 0o600) == 0)
        try project.write("data/a.txt", "b")
        let lines = try await loop.settle(from: mark, until: "published, or told why not") {
            $0.contains { ["pushed", "failed"].contains($0.event) }
        }
        if let failed = lines.last(where: { $0.event == "failed" }) { #expect(failed.reason.contains("data/pipe")) }
        let end = loop.mark
        try project.remove("data/pipe")
        try project.write("data/a.txt", "c")
        try await loop.publication(of: "app", from: end)
        try Self.expectTree(project, loop)
        try await loop.end()
    }

    // MARK: Links

    @Test(arguments: ["../secret.txt", "/etc/passwd", "../../project/../secret.txt", "gone.txt"])
    func `a source that is a link out of the context fails, and nothing gets out`(target: String) async throws {
        let (project, loop) = try await Self.started([
            "Dockerfile": "FROM scratch\nCOPY data/thing.txt /thing\n", "data/thing.txt": "plain",
        ])
        try Data("secret".utf8).write(to: project.home.appending(path: "secret.txt"))
        var mark = loop.mark
        try project.remove("data/thing.txt")
        try FileManager.default.createSymbolicLink(
            atPath: project.path("data/thing.txt"),
            withDestinationPath: target
        )
        let lines = try await loop.settle(from: mark, until: "app failed") { $0.nodes("failed").contains("app") }
        let reason = lines.last { $0.event == "failed" && $0.node == "app" }?.reason ?? ""
        #expect(reason.contains("data/thing.txt"), "\(reason)")
        #expect(lines.nodes("pushed").isEmpty)
        mark = loop.mark
        try project.remove("data/thing.txt")
        try project.write("data/thing.txt", "mended")
        try await loop.publication(of: "app", from: mark)
        #expect(try project.shown("app", by: loop) == ["thing": "mended"])
        try await loop.end()
    }

    @Test func `links in a folder are copied as links, wherever they lead`() async throws {
        let (project, loop) = try await Self.started()
        try Data("secret".utf8).write(to: project.home.appending(path: "secret.txt"))
        let mark = loop.mark
        for (name, target) in [("out", "../../secret.txt"), ("folder", "../.."), ("self", "self")] {
            try FileManager.default.createSymbolicLink(
                atPath: project.path("data/\(name)"),
                withDestinationPath: target
            )
        }
        try await loop.settle(from: mark, until: "three links") { _ in
            (try? self.links(project, loop)) == ["folder": "../..", "out": "../../secret.txt", "self": "self"]
        }
        #expect(try project.shown("app", by: loop) == ["data/a.txt": "a"])
        try await loop.end()
    }

    private func links(_ project: TemporaryProject, _ loop: RunningLoop) throws -> [String: String] {
        let line = try #require(loop.lines.last { $0.event == "pushed" })
        let layer = try #require(try StoredManifest(digest: line.digest, in: project.store()).layers.last)
        let blob = try project.store().appending(path: "blobs/sha256/\(layer.dropFirst("sha256:".count))").path()
        let entries = try project.run("tar", "-tvzf", blob).split(separator: "\n").filter { $0.hasPrefix("l") }
        return Dictionary(
            entries.map { entry in
                let parts = entry.components(separatedBy: " -> ")
                return (parts[0].components(separatedBy: "data/").last ?? "", parts.last ?? "")
            }
        ) { $1 }
    }

    // MARK: Steps

    @Test(arguments: [(writes: 12, pause: 60, isSuspected: true), (writes: 3, pause: 700, isSuspected: false)])
    func `who writes what others read without saying so is suspected, a person is not`(
        writes: Int,
        pause: Int,
        isSuspected: Bool
    ) async throws {
        let project = try TemporaryProject([
            "in.txt": "1", "shared/log.txt": "", "Dockerfile": "FROM scratch\nCOPY shared /shared\n",
            ".imgwatch": """
            steps:
              quiet: {run: 'sleep 2.5; echo > out', inputs: [in.txt], outputs: [out]}
            images:
              app:
            """,
        ])
        let loop = try RunningLoop(project)
        try await loop.settle(from: 0, until: "all") {
            $0.nodes("pushed") == ["app"] && $0.nodes("finished") == ["quiet"]
        }
        let mark = loop.mark
        try project.write("in.txt", "2")
        _ = try await loop.wait(from: mark, for: "started", node: "quiet")
        // As the step itself would.
        for write in 0..<writes {
            try project.write("shared/log.txt", "\(write)")
            await Pause.of(milliseconds: pause)
        }
        let lines = try await loop.settle(from: mark, until: "the end of quiet") { $0.nodes("finished") == ["quiet"] }
        let notices = lines.filter { $0.event == "notice" && $0.reason.contains("suspected race") }
        #expect(notices.count == (isSuspected ? 1 : 0))
        #expect(notices.allSatisfy { $0.reason.contains("shared/log.txt") && $0.reason.contains("quiet") })
        try await loop.end()
    }

    @Test func `a step that writes its own input is stopped, and the file is named`() async throws {
        let project = try TemporaryProject([
            "a.txt": "a",
            ".imgwatch": """
            steps:
              mad: {run: echo x >> a.txt && cp a.txt b.txt, inputs: [a.txt], outputs: [b.txt]}
            """,
        ])
        let loop = try RunningLoop(project)
        let lines = try await loop.settle(from: 0, until: "mad failed") { $0.nodes("failed").contains("mad") }
        #expect(lines.last { $0.event == "failed" }?.reason.contains("a.txt") == true)
        let length = try project.read("a.txt").count
        let mark = loop.mark
        try project.write(
            ".imgwatch",
            project.read(".imgwatch").replacing("echo x >> a.txt && ", with: "")
        )
        try await loop.settle(from: mark, until: "mad finished") { $0.nodes("finished") == ["mad"] }
        #expect(try project.read("a.txt").count == length, "it went on after it had been stopped")
        try await loop.end()
    }
}
