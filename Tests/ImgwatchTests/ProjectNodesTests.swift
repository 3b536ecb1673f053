import Engine
import Graph
import Project
import Testing

@testable import imgwatch

@Suite struct ProjectNodesTests {
    static let configuration = """
        steps:
          gen: { run: make gen, inputs: [api/**, "*.mk"], outputs: [app/gen/, app/stamp] }
          ui: { run: make ui, inputs: ui, outputs: app/site/ }
        images:
          base: { dockerfile: docker/Dockerfile.base }
          app: { dockerfile: docker/Dockerfile, context: app, needs: [gen, ui] }

        """

    private func opened() throws -> (TemporaryFolder, ProjectNodes) {
        let folder = try TemporaryFolder([
            "docker/Dockerfile.base": "FROM scratch\nCOPY base.txt /\n", "base.txt": "", "ui/a": "", "api/a": "",
            "docker/Dockerfile": "FROM base\nCOPY gen site src /x/\n", "app/src/a": "",
            "app/.dockerignore": "**/*.log\nsrc/old\n!src/old/keep\n",
        ])
        let project = try folder.project(Self.configuration)
        return (folder, ProjectNodes(project, graph: project.graph))
    }

    @Test(arguments: [
        ("api/a", ["gen"]), ("build.mk", ["gen"]), ("ui/deep/a", ["ui"]), ("base.txt", ["base"]),
        ("app/src/a", ["app"]),
        ("app/src/a.log", []), ("app/other", []), ("README.md", []), ("app", []), ("app/src", ["app"]),
        ("app/src/old", ["app"]), ("app/src/old/x", []), ("app/src/old/keep", ["app"]),
    ])
    func `a change concerns those who read the path`(path: String, readers: [String]) throws {
        let (_, nodes) = try opened()
        let changes = nodes.change(path, isWhole: false, at: 7)
        #expect(changes == [PathChange(path: path, sequence: 7, readers: readers.map { NodeID($0) })])
    }

    @Test(arguments: [
        ("base.txt", "base", " (docker/Dockerfile.base:2)"), ("app/src", "app", " (docker/Dockerfile:2)"),
        ("src", "app", ""), ("docker/Dockerfile", "app", ""), ("ui", "ui", ""),
    ])
    func `what an image copies has the instruction for a place`(path: String, id: String, place: String) throws {
        let (_, nodes) = try opened()
        #expect(nodes.instruction(reading: path, of: NodeID(id)) == place)
    }

    @Test(arguments: [
        ("app/gen/x", "gen", ["app"]), ("app/gen", "gen", ["app"]), ("app/site/x", "ui", ["app"]),
        ("app/stamp", "gen", []),
    ])
    func `a made path has its step for an owner`(path: String, owner: String, readers: [String]) throws {
        let (_, nodes) = try opened()
        let changes = nodes.change(path, isWhole: false, at: 7)
        let expected = PathChange(
            path: path,
            sequence: 7,
            readers: readers.map { NodeID($0) },
            owner: NodeID(owner)
        )
        #expect(changes == [expected])
    }

    @Test func `a folder that went takes with it all that was in it`() throws {
        let (_, nodes) = try opened()
        let changes = nodes.change("app", isWhole: true, at: 7)
        #expect(changes.map(\.owner) == [NodeID("gen"), NodeID("ui")])
        #expect(changes.allSatisfy { $0.readers == [NodeID("app")] })
        #expect(nodes.change("api", isWhole: true, at: 7).map(\.readers) == [[NodeID("gen")]])
        #expect(nodes.change("docker", isWhole: true, at: 7).map(\.readers) == [[]])
    }

    @Test func `only the nodes of the chosen part of the graph are concerned`() throws {
        let (_, all) = try opened()
        let nodes = ProjectNodes(all.project, graph: all.project.graph.selecting([NodeID("base")]))
        #expect(nodes.entries.map(\.id) == [NodeID("base")])
        #expect(nodes.change("app/src/a", isWhole: false, at: 1).map(\.readers) == [[]])
        #expect(nodes[NodeID("app")] == nil)
    }

    @Test func `what a step makes is generated, whether or not the step runs here`() throws {
        let (_, all) = try opened()
        let nodes = ProjectNodes(all.project, graph: all.project.graph.selecting([NodeID("base")]))
        for path in ["app/gen", "app/gen/x", "app/stamp"] { #expect(nodes.isGenerated(path)) }
        for path in ["app", "app/generated", "app/src"] { #expect(!nodes.isGenerated(path)) }
    }

    @Test func `folders are watched where inputs and outputs can be, and on the way there`() throws {
        let (_, nodes) = try opened()
        for path in ["", "api", "api/deep", "ui", "app", "app/gen", "app/site/x", "app/src/deep"] {
            #expect(nodes.mayHoldInputs(path), "\(path)")
        }
        for path in ["docs", "app/other", "node_modules", ".git"] { #expect(!nodes.mayHoldInputs(path), "\(path)") }
    }

    @Test func `a declared input is missing where it is neither there nor made by a step`() throws {
        let (folder, nodes) = try opened()
        let app = try #require(nodes[NodeID("app")]), base = try #require(nodes[NodeID("base")])
        #expect(nodes.missing(app) == [] && nodes.missing(base) == [])
        try folder.remove("base.txt")
        try folder.remove("app/src")
        #expect(nodes.missing(app) == ["app/src"])
        #expect(nodes.missing(base) == ["base.txt"])
        #expect(nodes.missing(try #require(nodes[NodeID("gen")])) == [])
    }

    @Test func `what must be there concerns its node though it is ignored, and is watched for`() throws {
        let folder = try TemporaryFolder([
            "app/a/b/c": "", "app/.dockerignore": "a\n", "Dockerfile": "FROM scratch\nCOPY a/b /\n",
        ])
        let project = try folder.project("images: { app: { dockerfile: Dockerfile, context: app } }\n")
        let nodes = ProjectNodes(project, graph: project.graph)
        #expect(nodes.change("app/a/b", isWhole: false, at: 1).map(\.readers) == [[NodeID("app")]])
        #expect(nodes.change("app/a", isWhole: true, at: 1).map(\.readers) == [[NodeID("app")]])
        #expect(nodes.change("app/a/b/c", isWhole: false, at: 1).map(\.readers) == [[]])
        #expect(nodes.mayHoldInputs("app/a") && !nodes.mayHoldInputs("app/a/b"))
    }

    @Test func `an ignored link through which a node reads concerns it`() throws {
        let folder = try TemporaryFolder([
            "real/f": "", ".dockerignore": "link\n", "Dockerfile": "FROM scratch\nCOPY link/f /\n",
        ])
        try folder.link("link", to: "real")
        let project = try folder.project("images: { app: {} }\n")
        let nodes = ProjectNodes(project, graph: project.graph)
        try folder.remove("link")
        try folder.write("link", "a file now")
        #expect(nodes.change("link", isWhole: false, at: 1).map(\.readers) == [[NodeID("app")]])
    }

    @Test func `a source behind a link that leads out of its context is missing`() throws {
        let folder = try TemporaryFolder(["app/x": "", "other/f": "", "Dockerfile": "FROM scratch\nCOPY l/f /x/\n"])
        try folder.link("app/l", to: "../other")
        let project = try folder.project("images: { app: { dockerfile: Dockerfile, context: app } }\n")
        let nodes = ProjectNodes(project, graph: project.graph)
        #expect(nodes.missing(try #require(nodes[NodeID("app")])) == ["app/l/f"])
    }

    @Test func `a source behind a link that inside the context leads to itself is missing`() throws {
        let folder = try TemporaryFolder(["app/a": "", "l/f": "", "Dockerfile": "FROM scratch\nCOPY l/f /\n"])
        try folder.link("app/l", to: "../l")
        let project = try folder.project("images: { app: { dockerfile: Dockerfile, context: app } }\n")
        let nodes = ProjectNodes(project, graph: project.graph)
        #expect(nodes.missing(try #require(nodes[NodeID("app")])) == ["app/l/f"])
    }

    @Test func `a link on the way to a source does not lead out of the context`() throws {
        let folder = try TemporaryFolder(["app/in/f": "", "Dockerfile": "FROM scratch\nCOPY l/f m/g /x/\n"])
        try folder.link("app/l", to: "/in")
        try folder.link("app/m", to: "../../in")
        let project = try folder.project("images: { app: { dockerfile: Dockerfile, context: app } }\n")
        let nodes = ProjectNodes(project, graph: project.graph)
        #expect(nodes.missing(try #require(nodes[NodeID("app")])) == ["app/m/g"])
    }

    @Test func `the files that define an image are its Dockerfile and its ignore files, there or not`() throws {
        let (folder, nodes) = try opened()
        #expect(nodes[NodeID("gen")]?.extra == [])
        let own = "docker/Dockerfile.dockerignore"
        #expect(nodes[NodeID("app")]?.extra == ["docker/Dockerfile", own, "app/.dockerignore"])
        try folder.write(own, "")
        let project = try folder.project(Self.configuration)
        #expect(ProjectNodes(project, graph: project.graph)[NodeID("app")]?.extra == ["docker/Dockerfile", own])
        try folder.remove("docker/Dockerfile.base")
        try folder.write("shared", "FROM scratch\nCOPY base.txt /\n")
        try folder.link("docker/Dockerfile.base", to: "../shared")
        let linked = try folder.project(Self.configuration)
        let extra = try #require(ProjectNodes(linked, graph: linked.graph)[NodeID("base")]).extra
        #expect(Set(["docker/Dockerfile.base", "shared", ".dockerignore"]).isSubset(of: extra))
    }

    // MARK: Links

    @Test func `a link that comes on the way to an input concerns its reader`() throws {
        let (folder, nodes) = try opened()
        #expect(nodes.change("app", isWhole: false, at: 1).map(\.readers) == [[]])
        try folder.remove("app")
        try folder.write("real/src/a", "")
        try folder.link("app", to: "real")
        #expect(nodes.change("app", isWhole: false, at: 1).map(\.readers) == [[NodeID("app")]])
    }

    @Test func `what an image names behind a link concerns it by its real name, be it ignored or not`() throws {
        let folder = try TemporaryFolder([
            ".dockerignore": "*\n", "Dockerfile": "FROM scratch\nCOPY link/a /\n", "real/b": "",
        ])
        try folder.link("link", to: "real")
        let project = try folder.project("images: { app: {} }\n")
        let nodes = ProjectNodes(project, graph: project.graph)
        #expect(nodes.change("real/a", isWhole: false, at: 1).map(\.readers) == [[NodeID("app")]])
        #expect(nodes.change("real/b", isWhole: false, at: 1).map(\.readers) == [[]])
        #expect(nodes.mayHoldInputs("real"))
    }

    @Test func `links are looked at again when one came, went, or lies in what went`() throws {
        let (folder, nodes) = try opened()
        #expect(!nodes.mayRelink("api/a") && !nodes.mayRelink("ui"))
        try folder.link("api/link", to: "../shared")
        #expect(nodes.mayRelink("api/link"))
        let linked = ProjectNodes(nodes.project, graph: nodes.graph)
        try folder.remove("api/link")
        #expect(linked.mayRelink("api/link") && linked.mayRelink("api"))
        #expect(!linked.mayRelink("api/a") && !nodes.mayRelink("api/link"))
    }
}
