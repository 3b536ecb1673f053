/// A project of one image of the folder `data`, and the loop that watches it: for counting how often that builds.

import Foundation
import Testing

struct WatchedTree {
    let project: TemporaryProject
    let loop: RunningLoop

    /// `prepare` makes the history, or whatever else is there before the loop starts; the image is built then.
    init(
        _ files: [String: String] = [:],
        wrapper: [String] = [],
        prepare: (TemporaryProject) throws -> Void = { try $0.commitAll("first") }
    ) async throws {
        let own = [
            "data/a.txt": "a\n", "data/b.txt": "b\n", "Dockerfile": "FROM scratch\nCOPY data /data\n",
            ".imgwatch": "images:\n  app:\n",
        ]
        project = try TemporaryProject(own.merging(files) { $1 })
        try prepare(project)
        loop = try RunningLoop(project, wrapper: wrapper)
        try await loop.publication(of: "app", from: 0)
        try expectTree()
    }

    /// What the loop tells of this until it is at rest; the image is that of the tree then.
    @discardableResult
    func lines(
        of act: () throws -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [LoopLine] {
        let mark = loop.mark
        try act()
        try await rest()
        try expectTree(sourceLocation: sourceLocation)
        return Array(loop.lines.dropFirst(mark))
    }

    /// Waits until all that was done before this call is told, and nothing is left to do.
    func rest() async throws {
        let deadline = Date(timeIntervalSinceNow: RunningLoop.patience)
        var status: [String: Any] = [:]
        while Date() < deadline {
            let mark = loop.mark
            status = try self.status()
            let isAtRest = status["activity"] as? String == "idle" && status["git"] as? String != "busy"
            // Its lines come on another way than its answer.
            let digests = (status["nodes"] as? [[String: Any]] ?? []).compactMap { $0["digest"] as? String }
            let isTold = digests.allSatisfy { digest in loop.lines.contains { $0.digest == digest } }
            let shown = loop.lines.last { ["pushed", "reused"].contains($0.event) && $0.node == "app" }
            guard isAtRest, isTold, digests.contains(shown?.digest ?? "") else { continue }
            if loop.mark == mark, loop.lines.last?.event == "idle" { return }
            await Pause.short()
        }
        throw Stuck(description: "not at rest: \(status)\n\(loop.lines.suffix(20).map(\.text))\n\(loop.errors)")
    }

    /// As `imgwatch status --json` tells it, after everything that was done before.
    func status() throws -> [String: Any] { try project.imgwatch("status", "--json").object() }

    func notes() throws -> [String] { try #require(try status()["notes"] as? [String]) }

    /// Waits until a note of the status says this.
    func wait(forNote part: String) async throws {
        let deadline = Date(timeIntervalSinceNow: RunningLoop.patience)
        while try !notes().contains(where: { $0.contains(part) }) {
            guard Date() < deadline else { throw Stuck(description: "no note '\(part)': \(try status())") }
            await Pause.short()
        }
    }

    /// The image's files are those of the folder.
    func expectTree(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let tree = try UnpackedImage.contents(of: project.root.appending(path: "data"))
        let shown = try project.shown("app", by: loop)
        let wanted = Dictionary(
            // What is in a `.git` is no input.
            tree.filter { !$0.key.split(separator: "/").contains(".git") }.map { ("data/\($0.key)", $0.value) }
        ) { $1 }
        guard shown != wanted else { return }
        let differing = Set(shown.keys).union(wanted.keys).filter { shown[$0] != wanted[$0] }.sorted()
        Issue.record(
            "the image is not of the tree: \(differing.prefix(5)), \(differing.count) files",
            sourceLocation: sourceLocation
        )
    }

    /// Whether the tag of the last image says "dirty" as git does of what the image reads.
    func expectTagAsGitSays(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let line = try #require(loop.lines.last { ["pushed", "reused"].contains($0.event) && $0.node == "app" })
        let isDirty = try !project.git("status", "--porcelain", "data", "Dockerfile", ".imgwatch").isEmpty
        #expect(
            line.tag.hasPrefix("git-") && line.tag.contains("-dirty-") == isDirty,
            "\(line.tag), and git says \(isDirty ? "dirty" : "clean")",
            sourceLocation: sourceLocation
        )
    }

    func shell(_ script: String) throws { try project.run("sh", "-ec", script) }

    /// An edit is one build, whatever was before.
    func expectEditIsBuilt(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let lines = try await lines { try project.write("data/b.txt", text) }
        #expect(
            lines.nodes("started") == ["app"] && lines.nodes("pushed") == ["app"],
            "\(lines.map(\.text))",
            sourceLocation: sourceLocation
        )
    }
}
