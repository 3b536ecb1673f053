import Dockerfile
import Foundation
import Graph
import Rigs
import Testing

@testable import Project

@Suite struct LoaderTests {
    static func load(_ folder: TemporaryFolder, environment: [String: String] = [:]) throws -> Loaded {
        try Loader.load(file: folder.path + "/.imgwatch", environment: environment, bases: [:])
    }

    static func ids(_ folder: TemporaryFolder) -> [String] {
        do {
            return try Loader.load(file: folder.path + "/.imgwatch", environment: [:], bases: [:]).warnings.map(\.id)
        } catch {
            return error.all.map(\.id)
        }
    }

    private static let shop = [
        ".imgwatch": """
        registry: oci:../images
        quiet: 20ms
        timeout: 1m
        env: { MODE: dev, LEVEL: "1" }
        images:
          server:
            dockerfile: docker/Dockerfile
            args: { BASE: { image: base }, N: 3, DEBUG: true, V: 1.10 }
            needs: [build-ui, build-server]
            labels: { team: shop }
            ignore: "*.md"
            aliases: dev
          base:
            dockerfile: docker/Dockerfile.base
            push: false
        steps:
          build-server:
            run: make ${TARGET:-server} LEVEL=$LEVEL
            inputs: [app/src/**, app/generated/**]
            outputs: [out/server]
            needs: gen-code
            env: { LEVEL: "2", OWN: "${OWN_VALUE}" }
            on-change: finish
            timeout: 90s
            quiet: 0ms
          build-ui:
            run: [npm, run, "${UI_TASK-build}", 5]
            dir: ui
            outputs: ui/dist/
          gen-code:
            run: ./gen.sh
            inputs: [openapi.yaml]
            outputs: [app/generated/]
        """,
        ".env": "TARGET=fast\nOWN_VALUE=own\nLEVEL=ignored\n",
        "docker/Dockerfile.base": "FROM scratch\nENV ROOT=/srv\nWORKDIR $ROOT/app\n",
        "docker/Dockerfile": "ARG BASE\nFROM $BASE\nCOPY out/server $ROOT/bin/\nCOPY ui/dist .\n",
        "app/src/main.c": "", "openapi.yaml": "", "ui/package.json": "",
    ]

    @Test func `a whole configuration becomes steps and images, all defaults filled in`() throws {
        let folder = try TemporaryFolder(Self.shop)
        let loaded = try Self.load(folder, environment: ["UI_TASK": "watch"])
        let project = loaded.project
        #expect(loaded.warnings == [])
        #expect(project.root == folder.path)
        #expect(project.file == folder.path + "/.imgwatch")
        #expect(project.name == folder.path.split(separator: "/").last.map(String.init))
        #expect(project.registry == .layout(RelativePath.parent(of: folder.path) + "/images"))
        #expect(project.parallel >= 2)
        #expect(project.quiet == .milliseconds(20))
        #expect(project.steps.map(\.id.name) == ["build-server", "build-ui", "gen-code"])
        #expect(project.images.map(\.id.name) == ["server", "base"])
        let server = try #require(project.step(NodeID("build-server")))
        #expect(server.command == .shell("make ${TARGET:-server} LEVEL=$LEVEL"))
        let environment = [
            KeyValue("MODE", "dev"), KeyValue("LEVEL", "2"), KeyValue("OWN", "own"), KeyValue("TARGET", "fast"),
        ]
        #expect(server.environment == environment)
        #expect(server.inputs.map(\.text) == ["app/src/**", "app/generated/**"])
        #expect(server.outputs == [OutputPath(path: "out/server", isDirectory: false)])
        #expect((server.onChange, server.timeout, server.quiet) == (.finish, .seconds(90), .zero))
        let ui = try #require(project.step(NodeID("build-ui")))
        #expect(ui.command == .exec(["npm", "run", "watch", "5"]))
        #expect((ui.directory, ui.timeout, ui.quiet) == ("ui", .seconds(60), nil))
        #expect(ui.place == Place(file: ".imgwatch", line: 26, column: 3))
    }

    @Test func `images know their arguments, and what their bases hand down`() throws {
        let folder = try TemporaryFolder(Self.shop)
        let project = try Self.load(folder).project
        let image = try #require(project.image(NodeID("server")))
        #expect(image.arguments.map(\.key) == ["BASE", "N", "DEBUG", "V"])
        #expect(image.arguments.map(\.value) == [.image(NodeID("base")), .value("3"), .value("true"), .value("1.10")])
        #expect((image.context, image.dockerfile, image.push) == ("", "docker/Dockerfile", true))
        #expect((image.aliases, image.ignore, image.ignoreFile) == (["dev"], ["*.md"], nil))
        #expect(image.labels == [KeyValue("team", "shop")])
        #expect(image.needs.map(\.name) == ["build-ui", "build-server", "base"])
        #expect(image.ignorePatterns.matches("README.md"))
        #expect(image.evaluation.stages.first?.base == .project("base"))
        let destinations = image.evaluation.stages[0].instructions.compactMap { instruction -> String? in
            if case .copy(let copy) = instruction.operation { copy.destination } else { nil }
        }
        #expect(destinations == ["/srv/bin/", "/srv/app/"])
        #expect(project.image(NodeID("base"))?.push == false)
    }

    @Test func `the graph has needs first, and says what each node's own sources are`() throws {
        let folder = try TemporaryFolder(Self.shop)
        let project = try Self.load(folder).project
        let graph = project.graph
        #expect(graph.nodes.map(\.id.name) == ["build-ui", "gen-code", "build-server", "base", "server"])
        let server = try #require(graph[NodeID("server")])
        #expect(server.kind == .image)
        #expect(server.needs.map(\.name) == ["build-ui", "build-server", "base"])
        #expect(server.sources.map(\.name) == ["base", "build-server", "build-ui"])
        #expect(server.quiet == .milliseconds(20))
        let step = try #require(graph[NodeID("build-server")])
        #expect(step.sources.map(\.name) == ["gen-code"])
        #expect((step.finishesOnChange, step.hasInputs, step.quiet) == (true, true, .zero))
        #expect(graph[NodeID("build-ui")]?.hasInputs == false)
        #expect(graph[NodeID("base")]?.destination != server.destination)
    }

    @Test func `everything that decided the reading is watched, also what is not there`() throws {
        let folder = try TemporaryFolder(Self.shop)
        let files = try Self.load(folder).project.sourceFiles.map { $0.replacing(folder.path + "/", with: "") }
        let expected: Set = [
            ".env", "docker/Dockerfile", "docker/Dockerfile.dockerignore", "docker/Dockerfile.base",
            "docker/Dockerfile.base.dockerignore", ".dockerignore",
        ]
        #expect(Set(files) == expected)
        #expect(files.count == expected.count)
    }

    @Test func `the Dockerfile's own ignore file wins, and the image's patterns come after it`() throws {
        let folder = try TemporaryFolder([
            ".imgwatch": "images: { web: { ignore: ['!a.md', b.txt] } }", "Dockerfile": "FROM scratch\n",
            ".dockerignore": "*", "Dockerfile.dockerignore": "# comment\n*.md\n",
        ])
        let image = try #require(try Self.load(folder).project.images.first)
        #expect(image.ignoreFile == "Dockerfile.dockerignore")
        let ignored = ["a.md", "b.md", "b.txt", "c.txt"].filter(image.ignorePatterns.matches)
        #expect(ignored == ["b.md", "b.txt"])
    }

    @Test func `a base is known by FROM and by COPY --from, and an image may be called like its public base`() throws {
        let folder = try TemporaryFolder([
            ".imgwatch": """
            images:
              app: { dockerfile: app.Dockerfile }
              tools: { dockerfile: tools.Dockerfile }
              base: { dockerfile: base.Dockerfile }
              python: { dockerfile: python.Dockerfile }
            """,
            "app.Dockerfile": "FROM base\nCOPY --from=tools /x /x\n", "tools.Dockerfile": "FROM base AS base\n",
            "base.Dockerfile": "FROM scratch\n", "python.Dockerfile": "FROM python\n",
        ])
        #expect(try Self.load(folder).project.image(NodeID("python"))?.unresolvedBases == ["python"])
        try folder.write("python.Dockerfile", "FROM scratch AS python\nFROM python\n")
        let graph = try Self.load(folder).project.graph
        #expect(graph.nodes.map(\.id.name) == ["base", "tools", "app", "python"])
        #expect(graph[NodeID("app")]?.sources.map(\.name) == ["base", "tools"])
    }

    @Test func `what a base hands down reaches all that is built on it, in whatever order they are written`() throws {
        let folder = try TemporaryFolder([
            ".imgwatch": """
            images:
              top: { dockerfile: top }
              middle: { dockerfile: middle, args: { BASE: { image: base } } }
              base: { dockerfile: base }
            """,
            "top": "FROM middle\nEXPOSE $PORT\nCOPY $SOURCE .\n",
            "middle": "ARG BASE\nFROM $BASE\nENV SOURCE=$FROM_BASE\n",
            "base": "FROM scratch\nENV PORT=80 FROM_BASE=x\nWORKDIR /srv\n",
        ])
        let top = try #require(try Self.load(folder).project.image(NodeID("top"))).evaluation.stages[0].instructions
        guard case .expose(["80/tcp"]) = top[0].operation, case .copy(let copy) = top[1].operation else {
            return #expect(Bool(false), "\(top)")
        }
        #expect(copy.sources == [.path("x")])
        #expect(copy.destination == "/srv/")
        try folder.write("middle", "FROM scratch\nEXPOSE a/b\n")
        #expect(Self.ids(folder) == ["dockerfile-port"], "nothing is said of what is built on a mistaken image")
        try folder.write("middle", "FRM scratch\n")
        #expect(Self.ids(folder) == ["dockerfile-unknown-instruction"])
    }

    @Test func `triggers of a base in the project count for what is built on it`() throws {
        let folder = try TemporaryFolder([
            ".imgwatch": "images: { app: { dockerfile: a }, base: { dockerfile: b }, data: { dockerfile: c } }",
            "a": "FROM base\n", "b": "FROM scratch\nONBUILD COPY --from=data /x /x\n", "c": "FROM scratch\n",
        ])
        let graph = try Self.load(folder).project.graph
        #expect(graph[NodeID("app")]?.needs.map(\.name) == ["base", "data"])
    }

    // MARK: Definitions

    @Test(arguments: [
        (".imgwatch", "registry: oci:../images", "# a comment\nregistry: oci:../elsewhere"),
        (".imgwatch", "quiet: 20ms", "quiet: 30ms\nparallel: 7"),
        (".imgwatch", "aliases: dev", "aliases: [other]"), (".imgwatch", "aliases: dev", "tag: stable"),
        (".imgwatch", "aliases: dev", "tag-moves: true"),
        (".imgwatch", "args: { BASE: { image: base }, N: 3,", "args: { N: 3, BASE: { image: base },"),
        ("docker/Dockerfile", "FROM $BASE", "# a comment\n\nFROM $BASE"),
        ("docker/Dockerfile", "ARG BASE\n", "ARG BASE\nFROM scratch AS unused\n"),
    ])
    func `what does not change an image does not change its definition`(file: String, old: String, new: String) throws {
        let (before, after) = try definitions(file, old, new)
        #expect(before == after)
    }

    @Test(arguments: [
        (".imgwatch", "N: 3", "N: 4"), (".imgwatch", "{ image: base }", "imgwatch.invalid/base:latest"),
        (".imgwatch", "team: shop", "team: stop"), (".imgwatch", "ignore: \"*.md\"", "ignore: \"*.txt\""),
        (".imgwatch", "aliases: dev", "compression: zstd"), (".imgwatch", "aliases: dev", "revision: true"),
        ("docker/Dockerfile", "/bin/", "/sbin/"), ("docker/Dockerfile.base", "/srv", "/opt"),
        ("docker/Dockerfile", "COPY ui/dist .", "COPY --chmod=755 ui/dist ."),
    ])
    func `what changes an image changes its definition`(file: String, old: String, new: String) throws {
        let (before, after) = try definitions(file, old, new)
        #expect(before["server"] != after["server"])
        #expect(before["build-ui"] == after["build-ui"])
    }

    @Test(arguments: [
        ("run: make", "run: gmake"), ("LEVEL: \"2\"", "LEVEL: \"3\""), ("app/src/**", "app/src/*"),
        ("outputs: [out/server]", "outputs: [out/server/]"), ("TARGET:-server", "TARGET2:-server"),
    ])
    func `what changes a step changes its definition`(old: String, new: String) throws {
        let (before, after) = try definitions(".imgwatch", old, new)
        #expect(before["build-server"] != after["build-server"])
        #expect(before["gen-code"] == after["gen-code"])
    }

    /// The nodes' definitions before and after the first `old` of a file becomes `new`.
    private func definitions(
        _ file: String,
        _ old: String,
        _ new: String
    ) throws -> (before: [String: String], after: [String: String]) {
        let folder = try TemporaryFolder(Self.shop)
        let definitions = {
            Dictionary(
                uniqueKeysWithValues: try Self.load(folder).project.graph.nodes.map { ($0.id.name, $0.definition) }
            )
        }
        let before = try definitions()
        let text = try #require(Self.shop[file])
        #expect(text.contains(old))
        try folder.write(file, text.replacing(old, with: new, maxReplacements: 1))
        return (before, try definitions())
    }

    // MARK: Files

    @Test func `the configuration is looked for upwards`() throws {
        let folder = try TemporaryFolder([".imgwatch": "", "a/b/": "", "a/.imgwatch/": ""])
        #expect(Loader.find(from: folder.path + "/a/b") == folder.path + "/.imgwatch")
        #expect(Loader.find(from: folder.path + "/nowhere") == nil)
    }

    @Test func `a configuration that is not there says so, and is waited for`() throws {
        let folder = try TemporaryFolder()
        #expect {
            try Self.load(folder)
        } throws: { error in
            guard let error = error as? Diagnostics else { return false }
            return error.all.map(\.id) == ["config-missing"] && error.sourceFiles == [folder.path + "/.imgwatch"]
        }
    }

    @Test func `a failed reading names the files that could mend it`() throws {
        let folder = try TemporaryFolder([".imgwatch": "images: { web: {} }"])
        #expect {
            try Self.load(folder)
        } throws: { error in
            (error as? Diagnostics)?.sourceFiles.contains(folder.path + "/Dockerfile") == true
        }
    }

    @Test func `a file that is no text is refused`() throws {
        let folder = try TemporaryFolder([".imgwatch": ""])
        try Data([0x61, 0xFF, 0xFE]).write(to: URL(filePath: folder.path + "/.imgwatch"))
        #expect(Self.ids(folder) == ["config-unreadable"])
    }

    @Test func `a file that is far too long is refused`() throws {
        let folder = try TemporaryFolder([".imgwatch": String(repeating: "# comment\n", count: 500_000)])
        #expect(Self.ids(folder) == ["config-too-large"])
    }

    @Test func `links must not lead out of the project`() throws {
        let outside = try TemporaryFolder(["Dockerfile": "FROM scratch\n"])
        let folder = try TemporaryFolder([
            ".imgwatch": "images: { a: { context: link }, b: { dockerfile: Linked } }", "Dockerfile": "FROM scratch\n",
        ])
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: folder.path + "/link", withDestinationPath: outside.path)
        try manager.createSymbolicLink(
            atPath: folder.path + "/Linked",
            withDestinationPath: outside.path + "/Dockerfile"
        )
        withExtendedLifetime(outside) { #expect(Self.ids(folder) == ["config-path", "config-path"]) }
    }

    @Test func `a context is where it says, and not behind a link`() throws {
        let folder = try TemporaryFolder([
            ".imgwatch": "images: { a: { context: link/sub } }", "real/sub/Dockerfile": "FROM scratch\n",
        ])
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/link", withDestinationPath: "real")
        let problems = #expect(throws: Diagnostics.self) { try Self.load(folder) }
        #expect(problems?.all.map(\.id) == ["config-path"])
        #expect(problems?.all.first?.remedy == "Name the folder itself: `context: real/sub`.")
    }

    @Test(arguments: 0..<150)
    func `whatever a text becomes under the keys, it loads or is told what is wrong`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var files = Self.shop
        let name = try #require(files.keys.sorted().filter { !(files[$0] ?? "").isEmpty }.randomElement(using: &random))
        var text = Array(files[name] ?? "")
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let start = Int.random(in: 0...text.count, using: &random)
            let end = min(text.count, start + Int.random(in: 0...8, using: &random))
            let pieces = [
                "", "${", "}", "[", "{", "- ", ": ", "\n", "\t", "'", "\"", "&a ", "*a", "\\", "é", "#", "..", "**",
            ]
            let piece = Bool.random(using: &random) ? Array(pieces.randomElement(using: &random) ?? "") : []
            text.replaceSubrange(start..<end, with: piece + (Bool.random(using: &random) ? text[start..<end] : []))
        }
        files[name] = String(text)
        do {
            let project = try Self.load(try TemporaryFolder(files)).project
            #expect(project.graph.nodes.count == project.steps.count + project.images.count + project.deploys.count)
        } catch let error as Diagnostics {
            #expect(error.all.contains { $0.severity == .error }, "\(files[name] ?? "")")
        }
    }

    @Test func `the example at the top of the repository is without fault`() throws {
        let text = try String(contentsOfFile: Repository.root + "/.imgwatch.example", encoding: .utf8)
        let folder = try TemporaryFolder([
            ".imgwatch": text, "gen.sh": "", "openapi.yaml": "", "ui/src/": "", "ui/package.json": "", "app/src/": "",
            "docker/Dockerfile.base": "FROM scratch\n",
            "docker/Dockerfile": """
            ARG BASE_IMAGE_URI
            FROM $BASE_IMAGE_URI AS release
            ARG VERSION
            LABEL version=$VERSION
            COPY app/ /app/
            COPY build_artifacts/server /bin/
            """,
        ])
        let loaded = try Self.load(folder)
        #expect(loaded.warnings == [])
        #expect(loaded.project.graph.nodes.count == 7)
        let known = [Keys.project, .step, .image, .deploy, .argument, .cloud, .function].flatMap(\.supported)
        for key in Set(known) { #expect(text.contains("\(key):"), "\(key)") }
    }
}
