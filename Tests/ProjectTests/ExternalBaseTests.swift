import Dockerfile
import Graph
import Testing

@testable import Project

@Suite struct ExternalBaseTests {
    private static let files = [
        ".imgwatch": """
        images:
          top: { dockerfile: top, args: { PORT: 1 } }
          app: { dockerfile: app }
        """,
        "app": """
        ARG VERSION=3.12
        FROM python:$VERSION AS build
        COPY --from=docker.io/library/busybox:1 /bin/sh /sh
        FROM scratch AS unused
        COPY --from=nginx / /
        FROM python:$VERSION
        COPY --from=build /sh /sh
        EXPOSE $PORT
        COPY x y
        """,
        "top": "FROM app\nEXPOSE $PORT\nCOPY x y\n",
    ]

    private static let python = ExternalBase(
        digest: "sha256:aa",
        defaults: BaseDefaults(environment: [KeyValue("PORT", "80")], workingDirectory: "/srv", onBuild: ["COPY r r"])
    )

    private static func project(_ bases: [BaseName: ExternalBase]) throws -> Project {
        let folder = try TemporaryFolder(files)
        return try Loader.load(file: folder.path + "/.imgwatch", environment: [:], bases: bases).project
    }

    private static func copies(_ image: Image?) -> [String] {
        (image?.evaluation.stages.last?.instructions ?? []).compactMap { instruction in
            if case .copy(let copy) = instruction.operation { copy.destination } else { nil }
        }
    }

    @Test func `an image loads before anybody knows its base, and says so`() throws {
        let project = try Self.project([:])
        let app = try #require(project.image(NodeID("app")))
        let names = ["python:3.12", "docker.io/library/busybox:1"]
        #expect(app.externalBases == names.map { BasePin(reference: $0, digest: nil) })
        #expect(app.unresolvedBases.map(\.reference) == names)
        #expect(project.image(NodeID("top"))?.externalBases == [])
    }

    @Test func `what is known of a base is handed down, also through an image of the project`() throws {
        let project = try Self.project(["python:3.12": Self.python])
        let app = project.image(NodeID("app"))
        #expect(app?.unresolvedBases == ["docker.io/library/busybox:1"])
        #expect(Self.copies(app) == ["/srv/r", "/sh", "/srv/y"])
        let top = try #require(project.image(NodeID("top")))
        #expect(Self.copies(top) == ["/srv/y"])
        #expect(top.evaluation.stages[0].instructions.contains { $0.operation == .expose(["80/tcp"]) })
    }

    @Test func `a base that moved changes the definition, and what does not concern it does not`() throws {
        var moved = Self.python
        moved.digest = "sha256:bb"
        let busybox = ExternalBase(digest: "sha256:cc", defaults: BaseDefaults())
        let all: [[BaseName: ExternalBase]] = [
            [:], ["python:3.12": Self.python], ["python:3.12": moved],
            ["python:3.12": Self.python, "docker.io/library/busybox:1": busybox],
        ]
        let projects = try all.map(Self.project)
        for of in [{ $0.graph[NodeID("app")]?.definition }, { $0.image(NodeID("app"))?.instructions }]
            as [(Project) -> String?]
        {
            #expect(Set(projects.map(of)).count == all.count)
        }
        let other = try Self.project(["python:3.12": Self.python, "nginx": busybox])
        #expect(other.graph == projects[1].graph)
    }

    @Test func `mistakes that the base could not mend are told once it is known`() throws {
        let folder = try TemporaryFolder([
            ".imgwatch": "images: { web: {} }", "Dockerfile": "FROM python\nCOPY $PROT x\n",
        ])
        #expect(LoaderTests.ids(folder) == [])
        let error = #expect(throws: Diagnostics.self) {
            try Loader.load(file: folder.path + "/.imgwatch", environment: [:], bases: ["python": Self.python])
        }
        #expect(error?.all.map(\.id) == ["dockerfile-source-blank"])
    }
}
