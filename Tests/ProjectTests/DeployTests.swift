import Dockerfile
import Graph
import Testing

@testable import Project

@Suite struct DeployTests {
    private static let text = """
        registry: localhost:5000/shop
        env: { MODE: dev }
        timeout: 1m
        tag: git-{commit}
        tag-moves: true
        revision: true
        compression: zstd
        steps:
          gen: { run: make }
        images:
          web:
            needs: [gen]
            deploy:
              - run: kubectl set image ${APP:-web} web=$IMGWATCH_REF
                needs: [gen, web/check]
                env: { MODE: live }
                dir: kube
                timeout: 5s
              - { run: [./check.sh, "${PORT:-80}"], name: check }
              - run: ./last.sh
                needs: web/deploy
          api:
            tag: stable
            tag-moves: false
            revision: false
            compression: none
            deploy: { run: ./deploy.sh }
        """

    private static func project(_ old: String = "", _ new: String = "") throws -> Project {
        let folder = try TemporaryFolder([
            ".imgwatch": old.isEmpty ? text : text.replacing(old, with: new), "Dockerfile": "FROM scratch\n",
            "kube/": "", ".env": "APP=shop\n",
        ])
        return try LoaderTests.load(folder).project
    }

    @Test func `deploys have names, and need their image first`() throws {
        let project = try Self.project()
        #expect(project.deploys.map(\.id.name) == ["web/deploy", "web/check", "web/deploy-3", "api/deploy"])
        let first = try #require(project.deploy(NodeID("web/deploy")))
        #expect(first.needs.map(\.name) == ["web", "gen", "web/check"])
        #expect(first.action == .command(.shell("kubectl set image ${APP:-web} web=$IMGWATCH_REF")))
        #expect(first.environment == [KeyValue("MODE", "live"), KeyValue("APP", "shop")])
        #expect((first.image.name, first.directory, first.timeout) == ("web", "kube", .seconds(5)))
        let check = try #require(project.deploy(NodeID("web/check")))
        #expect(check.action == .command(.exec(["./check.sh", "80"])))
        #expect((check.needs.map(\.name), check.timeout) == (["web"], .seconds(60)))
        #expect(check.environment == [KeyValue("MODE", "dev")])
    }

    @Test func `deploys are nodes that stand behind all that they need`() throws {
        let graph = try Self.project().graph
        #expect(
            graph.nodes.map(\.id.name)
                == ["gen", "web", "api", "web/check", "web/deploy", "web/deploy-3", "api/deploy"]
        )
        let node = try #require(graph[NodeID("web/deploy-3")])
        #expect((node.kind, node.needs.map(\.name), node.sources) == (.deploy, ["web", "web/deploy"], []))
        #expect(graph.needs(of: node.id).map(\.name) == ["gen", "web", "web/check", "web/deploy"])
    }

    @Test(arguments: [
        ("./last.sh", "./least.sh", true), ("needs: web/deploy", "needs: gen", false),
        ("needs: web/deploy", "env: { A: b }", true), ("needs: web/deploy", "dir: kube", true),
        ("needs: web/deploy", "timeout: 1s", false), ("MODE: dev", "MODE: test", true), ("timeout: 1m", "", false),
    ])
    func `a deploy's definition is what it does`(old: String, new: String, changes: Bool) throws {
        let id = NodeID("web/deploy-3")
        let (before, after) = (try Self.project(), try Self.project(old, new))
        #expect((before.graph[id]?.definition != after.graph[id]?.definition) == changes)
        #expect(before.graph[NodeID("web")] == after.graph[NodeID("web")])
    }

    @Test func `what stands at the top is for every image that does not say otherwise`() throws {
        let project = try Self.project()
        let (web, api) = (try #require(project.image(NodeID("web"))), try #require(project.image(NodeID("api"))))
        #expect(
            (web.tag?.text, web.movesTag, web.showsRevision, web.compression) == ("git-{commit}", true, true, .zstd)
        )
        #expect(
            (api.tag?.text, api.movesTag, api.showsRevision, api.compression) == (
                "stable", false, false, Compression.none
            )
        )
        #expect(project.registry == .remote("localhost:5000/shop"))
    }

    @Test(arguments: [("tag: stable", "tag: other"), ("tag-moves: false", "tag-moves: true")])
    func `another tag is another destination`(old: String, new: String) throws {
        let (before, after) = (try Self.project().graph, try Self.project(old, new).graph)
        #expect(before[NodeID("api")]?.destination != after[NodeID("api")]?.destination)
        #expect(before[NodeID("api")]?.definition == after[NodeID("api")]?.definition)
        #expect(before[NodeID("web")] == after[NodeID("web")])
    }
}
