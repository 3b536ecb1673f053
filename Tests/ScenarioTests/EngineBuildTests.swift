import Foundation
import Rigs
import Testing

/// Dockerfiles with RUN, by real engines: what asks them, what does not, and what happens when they fail.
@Suite(.serialized, .withEngines)
struct EngineBuildTests {
    private static func servers() async throws -> EngineServers { try #require(await EngineServers.shared.value) }

    /// Its builder counts nothing: each RUN prints what it is.
    private static let start = """
        FROM scratch
        COPY busybox /bin/busybox
        RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin && /bin/busybox mkdir -p /tmp /etc /out"]

        """

    private static func project(
        _ rest: String,
        builder: String = "auto",
        more: [String: String] = [:]
    ) throws -> TemporaryProject {
        let files = [
            ".imgwatch": "images: { web: { builder: \(builder) } }\n", "Dockerfile": start + rest, "app.txt": "one\n",
            "list.txt": "a\n",
        ]
        let project = try TemporaryProject(files.merging(more) { $1 })
        let busybox = try #require(MachineProgram("busybox")).path
        try FileManager.default.copyItem(atPath: busybox, toPath: project.path("busybox"))
        return project
    }

    private func loop(_ project: TemporaryProject) async throws -> RunningLoop {
        let loop = try RunningLoop(project, environment: try await Self.servers().environment)
        return loop
    }

    private func file(_ name: String, of line: LoopLine, _ project: TemporaryProject) throws -> String? {
        try UnpackedImage.files(digest: line.digest, in: project.store(), below: "out")[name]
    }

    private static func output(_ lines: some Sequence<LoopLine>) -> [String] {
        lines.filter { $0.event == "log" }.map { $0.string("line") }
    }

    @Test(arguments: ["auto", "buildah", "podman"])
    func `an engine is asked for what RUN is made from, and for nothing else`(builder: String) async throws {
        let isSplit = builder == "auto"
        let project = try Self.project(
            "COPY list.txt /l\nRUN cat /l /l > /out/twice; echo ran $((40 + 2)) \(builder)\nCOPY app.txt /out/app\n",
            builder: builder
        )
        let loop = try await loop(project)
        let first = try await loop.wait(for: "pushed", node: "web")
        #expect(try file("twice", of: first, project) == "a\na\n" && file("app", of: first, project) == "one\n")
        #expect(Self.output(loop.lines).contains("ran 42 \(builder)"))
        try await loop.settle(from: 0, after: nil)
        var mark = loop.mark
        try project.write("app.txt", "two\n")
        let second = try await loop.wait(from: mark, for: "pushed", node: "web")
        #expect(try file("twice", of: second, project) == "a\na\n" && file("app", of: second, project) == "two\n")
        #expect(Self.output(loop.lines.dropFirst(mark)).isEmpty == isSplit)
        mark = loop.mark
        try project.write("list.txt", "b\n")
        let third = try await loop.wait(from: mark, for: "pushed", node: "web")
        #expect(try file("twice", of: third, project) == "b\nb\n" && file("app", of: third, project) == "two\n")
        try await loop.end()
        // What was built is found again.
        let again = try project.command(
            [Programs.imgwatch.path(), "build", "--json"],
            try await Self.servers().environment
        )
        #expect(again.status == 0 && !again.output.contains("\"log\""))
    }

    @Test func `docker builds also where it can't fetch what the first line asks for`() async throws {
        let project = try Self.project("RUN echo made > /out/made\nCOPY app.txt /out/app\n", builder: "docker")
        let text = try project.read("Dockerfile")
        try project.write("Dockerfile", "# syntax=docker/dockerfile:1\n" + text)
        let loop = try await loop(project)
        let pushed = try await loop.wait(for: "pushed", node: "web")
        #expect(try file("made", of: pushed, project) == "made\n" && file("app", of: pushed, project) == "one\n")
        try await loop.end()
    }

    @Test func `a head that is still wanted goes on, whatever else is edited`() async throws {
        let project = try Self.project(
            "RUN echo began $((1 + 1)); sleep 3; echo ended $((2 + 2))\nCOPY app.txt /out/app\n"
        )
        let loop = try await loop(project)
        try await loop.wait(for: "the RUN") { $0.string("line") == "began 2" }
        try project.write("app.txt", "two\n")
        try await loop.wait(for: "superseded", node: "web")
        let line = try await loop.wait(for: "pushed", node: "web")
        #expect(try file("app", of: line, project) == "two\n")
        #expect(Self.output(loop.lines).filter { $0 == "began 2" }.count == 1)
        try await loop.end()
    }

    @Test(arguments: ["auto", "buildah"])
    func `an edit to what a head is made from ends it`(builder: String) async throws {
        let project = try Self.project(
            "COPY list.txt /out/list\nRUN echo began with $(cat /out/list); [ $(cat /out/list) = b ] || sleep 600\n",
            builder: builder
        )
        let loop = try await loop(project)
        try await loop.wait(for: "the RUN") { $0.string("line") == "began with a" }
        try project.write("list.txt", "b\n")
        let line = try await loop.wait(for: "pushed", node: "web")
        #expect(try file("list", of: line, project) == "b\n")
        try await loop.end()
    }

    @Test(arguments: ["auto", "buildah"])
    func `a failing RUN is told with its line and what it printed, and is tried when it is mended`(
        builder: String
    ) async throws {
        let project = try Self.project(
            "ENV A=b\nRUN echo before $A && \\\n  exit 3\nCOPY app.txt /app\n",
            builder: builder
        )
        let loop = try await loop(project)
        let failed = try await loop.wait(for: "failed", node: "web")
        #expect(failed.reason.hasPrefix("Dockerfile:5: `RUN echo before "))
        #expect(failed.reason.contains(" &&   exit 3` exited with status 3"))
        #expect(failed.reason.contains("\n    before b"))
        try project.write("Dockerfile", Self.start + "RUN echo mended\nCOPY app.txt /app\n")
        try await loop.wait(for: "pushed", node: "web")
        try await loop.end()
    }

    @Test func `the end of the loop ends the engine's work`() async throws {
        let project = try Self.project("RUN echo began $((1 + 1)); sleep 600\n")
        let loop = try await loop(project)
        try await loop.wait(for: "the RUN") { $0.string("line") == "began 2" }
        #expect(try await loop.end() == 0)
        let left = try Programs.run(["ps", "-eo", "args"], in: project.root, ["PATH": "/usr/bin:/bin"])
        #expect(!left.contains("docker build") && !left.contains(project.home.lastPathComponent))
    }

    @Test func `an engine that goes away is waited for`() async throws {
        let servers = try await Self.servers()
        let project = try Self.project("RUN echo began $((1 + 1)); sleep 2\nCOPY app.txt /app\n", builder: "docker")
        let loop = try await loop(project)
        try await loop.wait(for: "the RUN") { $0.string("line") == "began 2" }
        try servers.killDaemon()
        let failed = try await loop.wait(for: "failed", node: "web")
        #expect(!failed.reason.contains("Dockerfile"), "\(failed.text)")
        try servers.startDaemon()
        try await loop.wait(for: "pushed", node: "web")
        try await loop.end()
    }

    @Test func `without an engine it is said what to install`() async throws {
        let project = try Self.project("COPY app.txt /app\n")
        let ended = try project.command([Programs.imgwatch.path(), "build", "--json"], ["PATH": "/nowhere"])
        let failed = try #require(ended.events.first { $0.event == "failed" })
        #expect(ended.status == 1 && failed.reason.contains("no engine works here: docker is not installed"))
        #expect(failed.reason.contains("`sudo apt-get install buildah`"))
    }

    @Test(arguments: ["auto", "buildah"])
    func `a secret is there for RUN, and nowhere else`(builder: String) async throws {
        let project = try Self.project(
            "RUN --mount=type=secret,id=token,required=true cp /run/secrets/token /tmp/t "
                + "&& wc -c < /tmp/t > /out/count && rm /tmp/t\n",
            builder: builder,
            more: [".imgwatch": "secrets: { token: { env: TOKEN } }\nimages: { web: { builder: \(builder) } }\n"]
        )
        let environment = try await Self.servers().environment.merging(["TOKEN": "hush-hush"]) { $1 }
        let ended = try project.command([Programs.imgwatch.path(), "build", "--json"], environment)
        #expect(ended.status == 0, "\(ended.output)")
        let line = try #require(ended.events.first { $0.event == "pushed" })
        #expect(try file("count", of: line, project)?.trimmingCharacters(in: .whitespacesAndNewlines) == "9")
        let found = try Programs.run(
            ["sh", "-c", "grep -rl hush-hush . || true"],
            in: project.home,
            ["PATH": "/usr/bin:/bin"]
        )
        #expect(found.isEmpty && !ended.output.contains("hush-hush"), "\(found)")
    }

    @Test func `a head that one has built, another need not build`() async throws {
        let registry = try await RegistryServer.start()
        let make = { (app: String) in
            try Self.project(
                "RUN echo ran $((40 + 2)) > /out/ran\nCOPY app.txt /out/app\n",
                more: [
                    ".imgwatch": "registry: \(registry.address)\nheads: registry\nimages: { web: }\n", "app.txt": app,
                ]
            )
        }
        let environment = try await Self.servers().environment
        let build = { (project: TemporaryProject) in
            try project.command([Programs.imgwatch.path(), "build", "--json"], environment).events
        }
        let first = try build(make("one\n"))
        #expect(first.contains { $0.event == "log" } && first.nodes("pushed") == ["web"])
        let other = try make("two\n")
        let second = try build(other)
        #expect(!second.contains { $0.event == "log" })
        #expect(second.contains { $0.reason.contains("was in the registry: head-") })
        let line = try #require(second.first { $0.event == "pushed" })
        #expect(try file("ran", of: line, other) == "ran 42\n" && file("app", of: line, other) == "two\n")
        try await RegistryWalk(registry).check()
    }

    @Test func `RUN sees the reference of another image, and runs again when that moves`() async throws {
        let project = try Self.project(
            "ARG API\nRUN echo $API > /out/api\nCOPY app.txt /out/app\n",
            more: [
                ".imgwatch": "images: { api: { dockerfile: Api }, web: { args: { API: { image: api } } } }\n",
                "Api": "FROM scratch\nCOPY list.txt /\n",
            ]
        )
        let loop = try await loop(project)
        let expect = { (mark: Int) in
            let api = try await loop.wait(from: mark, for: "pushed", node: "api")
            let web = try await loop.wait(from: mark, for: "pushed", node: "web")
            #expect(try self.file("api", of: web, project)?.hasSuffix("/api@\(api.digest)\n") == true)
        }
        try await expect(0)
        try await loop.settle(from: 0, after: nil)
        let mark = loop.mark
        try project.write("list.txt", "b\n")
        try await expect(mark)
        try await loop.end()
    }

    @Test func `another network or engine makes another image`() async throws {
        let project = try Self.project("RUN echo ran > /out/ran\n")
        let environment = try await Self.servers().environment
        let keys = try ["", ", network: none", ", builder: buildah"].map { more in
            try project.write(".imgwatch", "images: { web: { push: true\(more) } }\n")
            let build = try project.command([Programs.imgwatch.path(), "build", "--json"], environment)
            return build.events.first { $0.event == "pushed" }?.string("key")
        }
        #expect(Set(keys.compactMap(\.self)).count == 3)
    }
}
