import Foundation
import Rigs
import Testing

/// `verify`: what imgwatch makes, against what was made before, and against what real engines make.
@Suite(.serialized) struct VerifyTests {
    private static let start = """
        FROM scratch
        COPY busybox /bin/busybox
        RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin && /bin/busybox mkdir -p /tmp /out"]

        """

    private static func project(_ dockerfile: String, _ settings: String = "") throws -> TemporaryProject {
        let project = try TemporaryProject([
            ".imgwatch": "steps: { gen: { run: \"true\", inputs: [in] } }\nimages: { web: { \(settings) } }\n",
            "Dockerfile": dockerfile, "app/main": "one\n", "app/deep/er": "two\n", "in": "",
        ])
        try FileManager.default.createSymbolicLink(atPath: project.path("app/link"), withDestinationPath: "main")
        chmod(project.path("app/deep"), 0o750)
        let busybox = try #require(MachineProgram("busybox")).path
        try FileManager.default.copyItem(atPath: busybox, toPath: project.path("busybox"))
        return project
    }

    private func verify(
        _ project: TemporaryProject,
        _ words: String...,
        in environment: [String: String] = ["PATH": "/nowhere"]
    ) throws -> EndedCommand {
        try project.command([Programs.imgwatch.path(), "verify"] + words, environment)
    }

    /// The one image, and what is said of the engine.
    private func result(
        _ ended: EndedCommand
    ) throws -> (image: [String: Any], engine: [String: Any], comparison: [String: Any]) {
        let image = try #require(try ended.objects("images").first, "\(ended.errors)")
        let engine = image["engine"] as? [String: Any] ?? [:]
        return (image, engine, engine["comparison"] as? [String: Any] ?? [:])
    }

    @Test func `the same key must make the same bytes`() throws {
        let project = try Self.project("FROM scratch\nCOPY app /app\nLABEL a=b\n")
        let first = try verify(project, "web")
        #expect(first.status == 0, "\(first.output)\(first.errors)")
        #expect(first.output.contains("; the store has nothing under this key"))
        #expect(first.output.contains("no engine works here"))
        #expect(try project.imgwatch("build").status == 0)
        let second = try verify(project, "web", "--no-engine")
        #expect(second.status == 0 && second.output.contains("; the store has the same"), "\(second.output)")
        // As if another version had made other bytes of the same inputs.
        try Self.forge(in: project.store())
        let third = try verify(project, "web", "--no-engine")
        #expect(third.status == 1 && third.output.contains("the same key made other bytes"), "\(third.output)")
        #expect(third.output.contains(#"configuration: label a "b" now, "c" in the store"#), "\(third.output)")
    }

    /// Gives the image in the store another label, and leaves its key.
    private static func forge(in store: URL) throws {
        let script = """
            import hashlib, json, os, sys
            def put(value):
                data = json.dumps(value).encode()
                digest = hashlib.sha256(data).hexdigest()
                open(f"blobs/sha256/{digest}", "wb").write(data)
                return {"digest": "sha256:" + digest, "size": len(data)}
            def get(descriptor): return json.load(open("blobs/" + descriptor["digest"].replace(":", "/")))
            index = json.load(open("index.json"))
            for entry in index["manifests"]:
                manifest = get(entry)
                configuration = get(manifest["config"])
                configuration["config"]["Labels"]["a"] = "c"
                manifest["config"].update(put(configuration))
                entry.update(put(manifest))
            with open("index.new", "w") as file: json.dump(index, file)
            os.rename("index.new", "index.json")
            """
        try Programs.run(["python3", "-c", script], in: store, ["PATH": "/usr/bin:/bin"])
    }

    @Test func `what can't be verified is said`() throws {
        let project = try Self.project("FROM scratch\nCOPY app /app\nCOPY gen /gen\n", "needs: [gen]")
        try project.write(".imgwatch", try project.read(".imgwatch").replacing("\"true\"", with: "cp in gen"))
        try project.write(
            ".imgwatch",
            try project.read(".imgwatch").replacing("inputs: [in]", with: "inputs: [in], outputs: [gen]")
        )
        let stale = try verify(project, "web", "--no-engine")
        #expect(stale.status == 1 && stale.errors.contains("gen must be built first"), "\(stale.output)\(stale.errors)")
        let unknown = try verify(project, "wed")
        #expect(unknown.status == 2 && unknown.errors.contains("there is no image named wed"))
        #expect(unknown.errors.contains("did you mean `web`?"))
        let step = try verify(project, "gen")
        #expect(step.status == 2 && step.errors.contains("gen is a step, and no image"), "\(step.errors)")
        #expect(try verify(project).status == 2)
        #expect(try verify(project, "web", "--engine", "docker", "--no-engine").status == 2)
        #expect(try project.imgwatch("build").status == 0)
        let named = try verify(project, "web", "--engine", "docker")
        #expect(named.status == 1 && named.output.contains("docker is not installed"), "\(named.output)\(named.errors)")
    }

    @Suite(.serialized, .withEngines)
    struct WithEngines {
        private let outer = VerifyTests()

        private func environment() async throws -> [String: String] {
            try #require(await EngineServers.shared.value).environment
        }

        @Test(arguments: ["docker", "buildah"])
        func `an engine makes the same of the whole Dockerfile, while a loop runs`(engine: String) async throws {
            var environment = try await environment()
            // Who makes the head leaves other traces than who makes all of it.
            if engine != "docker" { environment["DOCKER_HOST"] = "unix:///nowhere" }
            let project = try VerifyTests.project(
                VerifyTests.start + """
                    RUN echo out > /out/file && ln /out/file /out/other && chmod 711 /out
                    RUN rm -r /tmp && mkdir -m 1777 /tmp
                    COPY --chown=3:4 app /srv/app
                    COPY app/main /new/
                    ENV A=b
                    CMD ["sh"]

                    """,
                "labels: { own: label }"
            )
            let loop = try RunningLoop(project, environment: environment)
            let pushed = try await loop.wait(for: "pushed", node: "web")
            try await loop.settle(from: 0, after: nil)
            let mark = loop.mark
            let names = try String(contentsOf: project.store().appending(path: "index.json"), encoding: .utf8)
            let ended = try outer.verify(project, "web", "--engine", engine, "--json", in: environment)
            #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
            let (image, told, comparison) = try outer.result(ended)
            #expect(image["digest"] as? String == pushed.digest && image["isEqual"] as? Bool == true)
            #expect(image["store"] as? [String: String] == ["has": "same"])
            #expect(told["name"] as? String == engine)
            #expect(comparison["equal"] as? Int ?? 0 > 100 && comparison["different"] as? Int == 0)
            // Nothing has a new name, and the loop has not noticed.
            #expect(try String(contentsOf: project.store().appending(path: "index.json"), encoding: .utf8) == names)
            #expect(loop.mark == mark)
            try await loop.end()
        }

        @Test func `a RUN that makes other bytes each time is told, unless the engine's cache counts`() async throws {
            let environment = try await environment()
            let project = try VerifyTests.project(
                VerifyTests.start + "RUN head -c 8 /dev/urandom > /r\nCOPY app/main /main\n"
            )
            let cached = try outer.verify(project, "web", "--engine", "docker", "--cached", in: environment)
            #expect(cached.status == 0, "\(cached.output)\(cached.errors)")
            #expect(cached.output.hasSuffix(" paths and the configuration are equal\n"))
            let ended = try outer.verify(project, "web", "--engine", "docker", in: environment)
            #expect(ended.status == 1, "\(ended.output)\(ended.errors)")
            let lines = ended.output.split(separator: "\n")
            #expect(
                lines.count == 3 && lines[1].hasSuffix("1 different; the configuration is equal"),
                "\(ended.output)"
            )
            #expect(lines[2].hasPrefix("  /r: content sha256:") && lines[2].hasSuffix(" by docker"), "\(ended.output)")
        }
    }
}
