import Foundation
import Graph
import Project
import Reporting
import Testing

@testable import imgwatch

@Suite struct PathReasonsTests {
    static let configuration = """
        steps:
          gen: { run: make gen, inputs: [api/**, app/gen/*.in], outputs: [app/gen/] }
        images:
          base: { dockerfile: docker/Dockerfile.base }
          app:
            dockerfile: docker/Dockerfile
            context: app
            needs: [gen]
            ignore: [src/secret]
            deploy: { run: "true" }

        """

    private func opened() throws -> (TemporaryFolder, PathReasons) {
        let folder = try TemporaryFolder([
            "docker/Dockerfile.base": "FROM scratch\nCOPY base.txt /\n", "base.txt": "", "api/a": "",
            "docker/Dockerfile": "FROM base\nARG DIR=src\nCOPY gen /gen/\nCOPY --chown=1 $DIR /x/\n", "app/src/a": "",
            "app/.dockerignore": "**/*.log\nsrc/old\n!src/old/keep\n", "README.md": "",
        ])
        return (folder, PathReasons(try folder.project(Self.configuration)))
    }

    /// The report without its first line, which repeats the path.
    private func lines(_ report: PathReport) -> [String] {
        report.text(colour: false).split(separator: "\n").dropFirst().map { line in
            String(line.dropFirst(2))
        }
    }

    @Test(arguments: [
        ("api/a", ["gen (step) reads it", "  inputs: api/** (.imgwatch:2:34)", "then: app, app/deploy"]),
        (
            "base.txt",
            ["base (image) reads it", "  COPY base.txt / (docker/Dockerfile.base:2)", "then: app, app/deploy"]
        ),
        (
            "app/src/a",
            ["app (image) reads it", "  COPY --chown=1 src /x/ (docker/Dockerfile:4)", "then: app/deploy"]
        ),
        (
            "app/src/x.log",
            [
                "nobody reads it", "app (image) does not read it", "  COPY --chown=1 src /x/ (docker/Dockerfile:4)",
                "  ignored: **/*.log (app/.dockerignore:1)",
            ]
        ),
        (
            "app/src/secret/key",
            [
                "nobody reads it", "app (image) does not read it", "  COPY --chown=1 src /x/ (docker/Dockerfile:4)",
                "  ignored: src/secret (.imgwatch:9:14)",
            ]
        ),
        (
            "app/src/old/keep",
            [
                "app (image) reads it", "  COPY --chown=1 src /x/ (docker/Dockerfile:4)",
                "  taken back: !src/old/keep (app/.dockerignore:3)", "then: app/deploy",
            ]
        ),
        (
            "app/gen/x.in",
            [
                "gen (step) makes it", "  outputs: app/gen/ (.imgwatch:2:67)", "gen (step) does not read it",
                "  inputs: app/gen/*.in (.imgwatch:2:42)", "  outputs: app/gen/ (.imgwatch:2:67)",
                "app (image) reads it", "  COPY gen /gen/ (docker/Dockerfile:3)", "then: app/deploy",
            ]
        ),
        (
            "README.md",
            [
                "nobody reads it", "base (image): its context holds it, but no COPY or ADD takes it (.imgwatch:4:3)",
                "app (image): its context, app, does not hold it (.imgwatch:5:3)",
            ]
        ),
        (
            "app/src/.git/HEAD",
            [
                "is git's own: it says which commit this is, and is no input unless `.git` is named",
                "app (image) does not read it", "  COPY --chown=1 src /x/ (docker/Dockerfile:4)",
                "  what is in .git is no input where `.git` is not named",
            ]
        ),
    ])
    func `a path has its readers, and the rule of each`(path: String, expected: [String]) throws {
        let (folder, reasons) = try opened()
        #expect(lines(reasons.report(path, from: folder.root)) == expected)
    }

    @Test(arguments: [
        (
            "docker/Dockerfile",
            ["app (image) is built from it", "  its Dockerfile (.imgwatch:5:3)", "then: app/deploy"]
        ),
        ("app/.dockerignore", ["app (image) is built from it", "  its ignore file", "then: app/deploy"]),
        (
            "docker/Dockerfile.dockerignore",
            ["app (image) is built from it", "  its ignore file, as soon as it is there", "then: app/deploy"]
        ),
        (".imgwatch", ["is the configuration: when it is saved, it is read again, and what comes out otherwise runs"]),
        (".env", ["gives the configuration its variables, and is read again with it"]),
    ])
    func `the files that define the project are told as such`(path: String, expected: [String]) throws {
        let (folder, reasons) = try opened()
        #expect(lines(reasons.report(path, from: folder.root)) == expected)
    }

    @Test func `an ignore file whose place another takes is told`() throws {
        let (folder, _) = try opened()
        try folder.write("docker/Dockerfile.dockerignore", "")
        let reasons = PathReasons(try folder.project(Self.configuration))
        let report = reasons.report("app/.dockerignore", from: folder.root)
        let own = "docker/Dockerfile.dockerignore"
        #expect(report.notes == ["is not the ignore file of app: \(own) takes its place"])
        #expect(!report.isRead)
    }

    @Test func `of a folder those are told who read and who make what is in it`() throws {
        let (folder, reasons) = try opened()
        let relations = reasons.report("app", from: folder.root).nodes.map { "\($0.node) \($0.relation.rawValue)" }
        #expect(relations == ["gen makes-below", "gen reads-below", "app reads-below"])
        let ignored = reasons.report("app/src/old", from: folder.root)
        #expect(ignored.nodes.map(\.relation) == [.leavesOut])
        try folder.write("app/src/old/x", "")
        let old = reasons.report("app/src/old", from: folder.root)
        #expect(old.nodes.map(\.relation) == [.readsBelow])
        #expect(old.nodes[0].rules.map(\.text).last == "!src/old/keep")
        #expect(reasons.report("app/src/old/", from: folder.root).nodes == old.nodes)
    }

    @Test func `a path may be typed from anywhere, and lead through links`() throws {
        let (folder, reasons) = try opened()
        let direct = reasons.report("app/src/a", from: folder.root).nodes
        for (path, here) in [("a", "app/src"), ("../src/a", "app/src"), (folder.path("app/src/a"), "api")] {
            #expect(reasons.report(path, from: folder.path(here)).nodes == direct)
        }
        try folder.link("alias", to: "app/src")
        let linked = reasons.report("alias/a", from: folder.root)
        #expect(linked.target == "app/src/a" && linked.nodes == direct)
        let outside = try TemporaryFolder()
        try outside.link("project", to: folder.root)
        #expect(reasons.report(outside.path("project/app/src/a"), from: "/").nodes == direct)
        #expect(reasons.report(outside.path("project/app/src/new/b"), from: "/").inProject == "app/src/new/b")
        try folder.link("out", to: outside.root)
        #expect(reasons.report("out", from: folder.root).notes == ["leads out of the project, or in a circle"])
    }

    @Test func `outside of the project nothing is read`() throws {
        let (folder, reasons) = try opened()
        let report = reasons.report("/etc/hostname", from: folder.root)
        #expect(report.inProject == nil && report.nodes.isEmpty)
        #expect(report.notes == ["lies outside the project, \(folder.root): nothing there is read or watched"])
        #expect(reasons.report("../x", from: folder.root).inProject == nil)
    }

    @Test func `what links lead to is read through them`() throws {
        let folder = try TemporaryFolder(["real/a": "", "Dockerfile": "FROM scratch\nCOPY current /x\n"])
        try folder.link("current", to: "real")
        let reasons = PathReasons(try folder.project("images: { app: {} }\n"))
        #expect(
            lines(reasons.report("real/a", from: folder.root)) == [
                "app (image) reads it", "  through the link current",
            ]
        )
    }
}
