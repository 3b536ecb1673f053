import Foundation
import Testing

/// Inputs that are links, or lie behind some.
@Suite(.serialized) struct LinkTests {
    static let configuration = """
        steps:
          make:
            run: mkdir -p out && cat src/* > out/made
            inputs: [src/**]
            outputs: [out/]
        images:
          app:
            dockerfile: Dockerfile
            needs: [make]

        """

    /// `src/config` leads to `shared/config`, and `current` to `releases/1`.
    private func started() async throws -> (TemporaryProject, RunningLoop) {
        let project = try TemporaryProject([
            ".imgwatch": Self.configuration, "Dockerfile": "FROM scratch\nCOPY out/made current/*.txt /x/\n",
            "src/own": "own ", "shared/config": "first", "shared/other": "other", "releases/1/a.txt": "one",
            "releases/1/a.log": "log", "releases/2/a.txt": "two",
        ])
        try project.link("src/config", to: "../shared/config")
        try project.link("current", to: "releases/1")
        let loop = try RunningLoop(project)
        try await loop.wait(for: "idle")
        return (project, loop)
    }

    private func files(_ project: TemporaryProject, _ loop: RunningLoop) throws -> [String: String] {
        let line = try #require(loop.lines.last { ["pushed", "reused"].contains($0.event) && $0.node == "app" })
        return try UnpackedImage.files(digest: line.digest, in: project.store())
    }

    @Test func `what is behind a link is read, watched, and copied`() async throws {
        let (project, loop) = try await started()
        #expect(try files(project, loop) == ["x/made": "firstown ", "x/a.txt": "one"])
        var mark = loop.mark
        try project.write("shared/config", "second")
        #expect(try await loop.settle(from: mark).nodes("started") == ["make", "app"])
        #expect(try files(project, loop)["x/made"] == "secondown ")
        mark = loop.mark
        try project.write("releases/1/a.txt", "changed")
        #expect(try await loop.settle(from: mark).nodes("started") == ["app"])
        #expect(try files(project, loop)["x/a.txt"] == "changed")
        try await loop.end()
    }

    @Test func `a link that leads elsewhere is followed there`() async throws {
        let (project, loop) = try await started()
        var mark = loop.mark
        try project.link("current", to: "releases/2")
        #expect(try await loop.settle(from: mark).nodes("started") == ["app"])
        #expect(try files(project, loop)["x/a.txt"] == "two")
        mark = loop.mark
        try project.write("releases/2/b.txt", "new")
        #expect(try await loop.settle(from: mark).nodes("started") == ["app"])
        #expect(try files(project, loop)["x/b.txt"] == "new")
        mark = loop.mark
        try project.link("src/more", to: "../shared/other")
        #expect(try await loop.settle(from: mark).nodes("started") == ["make", "app"])
        mark = loop.mark
        try project.write("shared/other", "changed")
        #expect(try await loop.settle(from: mark).nodes("started") == ["make", "app"])
        #expect(try files(project, loop)["x/made"] == "firstchangedown ")
        try await loop.end()
    }

    @Test func `what only lies beside is not read`() async throws {
        let (project, loop) = try await started()
        var mark = loop.mark
        try project.link("current", to: "releases/2")
        try await loop.settle(from: mark)
        mark = loop.mark
        for path in ["releases/1/a.txt", "releases/2/a.log", "shared/other"] { try project.write(path, "changed") }
        try project.write("src/own", "changed")
        let lines = try await loop.settle(from: mark)
        #expect(lines.filter { $0.event == "changed" }.flatMap(\.paths) == ["src/own"])
        try await loop.end()
    }
}

extension TemporaryProject {
    /// Sets the link in one step, in the place of what is there.
    fileprivate func link(_ name: String, to target: String) throws {
        let temporary = home.appending(path: "link-\(UUID().uuidString)").path()
        try #require(symlink(target, temporary) == 0)
        try #require(rename(temporary, path(name)) == 0)
    }
}
