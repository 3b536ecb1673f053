import Foundation
import Testing

/// Deploys as they meet edits, failures and crashes: the newest publication is shown at last, and never an older one
/// after a newer.
@Suite struct DeployTests {
    /// Writes what it was told into `deployed.log`, as `TAG TEXT`; `how.txt` says how it ends.
    private static let script = """
        echo "group $(cut -d ' ' -f 5 /proc/$$/stat)"
        echo "begin $IMGWATCH_REF" >> begun.log
        case "$(cat how.txt)" in
          slow*) sleep 0.4;;
          endless*) while :; do sleep 0.02; done;;
          broken*) exit 3;;
        esac
        echo "$1 $IMGWATCH_REF $IMGWATCH_DIGEST $IMGWATCH_KEY $IMGWATCH_IMAGE" >> deployed.log

        """

    private static func configuration(_ deploy: String, _ top: String = "") -> String {
        """
        \(top)
        steps:
          gen:
            run: mkdir -p out && cp gate.txt out/gate
            inputs: [gate.txt]
            outputs: [out/gate]
        images:
          app:
            aliases: [dev]
            deploy: \(deploy)
        """
    }

    private static func project(_ deploy: String = "{ run: sh deploy.sh one }") throws -> TemporaryProject {
        let project = try TemporaryProject([
            "deploy.sh": script, "how.txt": "well", "app.txt": "0", "gate.txt": "0",
            "Dockerfile": "FROM scratch\nCOPY app.txt /\n", ".imgwatch": configuration(deploy),
            ".gitignore": "*.log\nout/\n",
        ])
        try project.commitAll("first")
        return project
    }

    private static func started(_ project: TemporaryProject) async throws -> RunningLoop {
        let loop = try RunningLoop(project)
        try await loop.wait(for: "ready")
        try await loop.settle(from: 0, after: nil)
        return loop
    }

    private static func lines(_ project: TemporaryProject, _ log: String = "deployed.log") -> [[String]] {
        ((try? project.read(log)) ?? "").split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }

    @Test func `a deploy is told which publication it acts on, and so are its events`() async throws {
        let project = try Self.project()
        let loop = try await Self.started(project)
        let pushed = try await loop.wait(for: "pushed", node: "app")
        #expect(Self.lines(project) == [["one", pushed.ref, pushed.digest, pushed.string("key"), "app"]])
        for event in ["started", "finished"] {
            let line = try await loop.wait(for: event, node: "app/deploy")
            #expect((line.kind, line.ref, line.digest) == ("deploy", pushed.ref, pushed.digest))
            #expect(line.string("key") == pushed.string("key"))
        }
        #expect(loop.lines.contains { $0.event == "log" && $0.node == "app/deploy" && $0.kind == "deploy" })
        try await loop.end()
    }

    @Test func `a layout's reference is deployed as well`() async throws {
        let project = try Self.project()
        try project.write(".imgwatch", Self.configuration("{ run: sh deploy.sh one }", "registry: oci:../images"))
        let loop = try await Self.started(project)
        let pushed = try await loop.wait(for: "pushed", node: "app")
        #expect(pushed.ref.hasPrefix("oci:/"))
        #expect(Self.lines(project).map { $0[1] } == [pushed.ref])
        try await loop.end()
    }

    @Test func `edits end no deploy, and the newest image is deployed last`() async throws {
        let project = try Self.project()
        let loop = try await Self.started(project)
        try project.write("how.txt", "slow")
        let mark = loop.mark
        for edit in 1...8 {
            try project.write("app.txt", "\(edit)")
            await Pause.of(milliseconds: 120)
        }
        try await loop.wait(from: mark, for: "started", node: "app/deploy")
        let lines = try await loop.settle(from: mark)
        let pushed = loop.lines.filter { $0.event == "pushed" }.map(\.ref)
        let deployed = Self.lines(project).map { $0[1] }
        let places = deployed.compactMap { pushed.firstIndex(of: $0) }
        #expect(places.count == deployed.count && places == places.sorted())
        #expect(deployed.last == pushed.last)
        #expect(Self.lines(project, "begun.log").map { $0[1] } == deployed, "a deploy was ended by an edit")
        #expect(!lines.contains { $0.event == "superseded" && $0.kind == "deploy" })
        try await loop.end()
    }

    @Test func `a deploy waits for what it needs, which alone deploys nothing`() async throws {
        let project = try Self.project(
            "[{ run: sh deploy.sh last, needs: [gen, app/first] }, { run: sh deploy.sh first, name: first }]"
        )
        try project.write("gate.txt", "1")
        let loop = try await Self.started(project)
        #expect(Self.lines(project).map { $0[0] } == ["first", "last"])
        let order = loop.lines.filter { $0.event == "finished" }.map(\.node)
        #expect(order.firstIndex(of: "gen") ?? 9 < order.firstIndex(of: "app/deploy") ?? 0)
        let mark = loop.mark
        try project.write("gate.txt", "2")
        let lines = try await loop.settle(from: mark)
        #expect(lines.nodes("started") == ["gen"])
        try await loop.end()
    }

    @Test func `a deploy that failed goes again with the next image, and not before`() async throws {
        let project = try Self.project()
        try project.write("how.txt", "broken")
        let loop = try await Self.started(project)
        let failed = try await loop.wait(for: "failed", node: "app/deploy")
        #expect(failed.reason == "the command exited with status 3")
        #expect((failed.kind, failed.ref.isEmpty) == ("deploy", false))
        try project.write("how.txt", "well")
        var mark = loop.mark
        try project.write("gate.txt", "1")
        #expect(try await loop.settle(from: mark).nodes("started") == ["gen"])
        #expect(Self.lines(project).isEmpty)
        mark = loop.mark
        try project.write("app.txt", "1")
        let lines = try await loop.settle(from: mark)
        #expect(lines.nodes("finished") == ["app/deploy"])
        #expect(Self.lines(project).map { $0[1] } == lines.filter { $0.event == "pushed" }.map(\.ref))
        try await loop.end()
    }

    @Test func `a restart deploys nothing again, and another command does`() async throws {
        let project = try Self.project()
        try await Self.started(project).end()
        #expect(Self.lines(project).count == 1)
        let loop = try await Self.started(project)
        #expect(loop.lines.map(\.event).filter { $0 != "notice" } == ["ready", "idle"])
        let mark = loop.mark
        try project.write(".imgwatch", Self.configuration("{ run: sh deploy.sh two }"))
        let lines = try await loop.settle(from: mark, after: "reloaded")
        #expect(lines.nodes("started") == ["app/deploy"])
        #expect(Self.lines(project).map { $0[0] } == ["one", "two"])
        #expect(Set(Self.lines(project).map { $0[1] }).count == 1)
        try await loop.end()
    }

    @Test func `what changed while nobody watched is told: a deploy's own lines, or its image`() async throws {
        let project = try Self.project()
        try await Self.started(project).end()
        let reason = {
            let nodes = try project.imgwatch("plan", "--json").objects("nodes")
            return nodes.first { $0["kind"] as? String == "deploy" }?["reason"] as? String
        }
        try project.write(".imgwatch", Self.configuration("{ run: sh deploy.sh two }"))
        #expect(try reason() == "runs: definition changed")
        try project.write(".imgwatch", Self.configuration("{ run: sh deploy.sh one }"))
        #expect(try reason() == "fresh")
        try project.write("app.txt", "1")
        #expect(try project.imgwatch("build").status == 0)
        #expect(try reason() == "runs: a need changed: app")
        try project.write("how.txt", "broken")
        #expect(try project.imgwatch("build", "--deploy").status == 1)
        #expect(try reason() == "runs: its last run did not count")
    }

    @Test func `a deploy that a crash left is ended, and runs again`() async throws {
        let project = try Self.project()
        try project.write("how.txt", "endless")
        let loop = try RunningLoop(project)
        let group = try await loop.group(of: "app/deploy")
        try await loop.wait(for: "finished", node: "gen")
        try await loop.crash()
        #expect(!RunMark.members(ofGroup: group).isEmpty, "nobody was left to be ended, so this proves nothing")
        try project.write("how.txt", "well")
        let next = try await Self.started(project)
        #expect(RunMark.members(ofGroup: group).isEmpty)
        #expect(next.lines.nodes("started") == ["app/deploy"])
        #expect(Self.lines(project).count == 1)
        try await next.end()
    }

    @Test func `an end of the loop ends a deploy, and it runs again`() async throws {
        let project = try Self.project()
        try project.write("how.txt", "endless")
        let loop = try RunningLoop(project)
        let group = try await loop.group(of: "app/deploy")
        #expect(try await loop.end() == 0)
        #expect(RunMark.members(ofGroup: group).isEmpty)
        try project.write("how.txt", "well")
        let next = try await Self.started(project)
        #expect(next.lines.nodes("finished") == ["app/deploy"])
        try await next.end()
    }

    // MARK: Commands

    @Test func `a build deploys only what it is asked to`() throws {
        let project = try Self.project()
        let plain = try project.imgwatch("build", "--json")
        #expect(plain.status == 0 && plain.events.nodes("pushed") == ["app"])
        #expect(Self.lines(project).isEmpty)
        let named = try project.imgwatch("build", "app/deploy", "--json")
        #expect(named.status == 0 && named.events.nodes("finished") == ["app/deploy"])
        #expect(Self.lines(project).count == 1)
        try project.write("app.txt", "1")
        let all = try project.imgwatch("build", "--deploy", "--json")
        #expect(all.status == 0 && all.events.nodes("finished").contains("app/deploy"))
        #expect(Self.lines(project).count == 2)
    }

    @Test func `a plan has the deploys that would run, and those that may`() throws {
        let project = try Self.project()
        let plan = {
            try project.imgwatch("plan", "--json").objects("nodes").first { $0["kind"] as? String == "deploy" }
        }
        #expect(try plan()?["action"] as? String == "run")
        #expect(try project.imgwatch("build", "--deploy").status == 0)
        #expect(try plan()?["action"] as? String == "none")
        try project.write("app.txt", "1")
        let open = try #require(try plan())
        #expect(open["action"] as? String == "after-needs")
        #expect((open["reason"] as? String)?.contains("app") == true)
    }

    @Test(arguments: [("text", "level 0"), ("mermaid", "flowchart LR"), ("dot", "digraph imgwatch {")])
    func `the graph shows deploys in every format`(format: String, first: String) throws {
        let project = try Self.project()
        let graph = try project.imgwatch("graph", "--format", format)
        #expect(graph.status == 0 && graph.output.hasPrefix(first + "\n") && graph.output.contains("app/deploy"))
        #expect(try project.imgwatch("check").output == "project: 1 step, 1 image, 1 deploy: no mistakes, no races\n")
    }
}
