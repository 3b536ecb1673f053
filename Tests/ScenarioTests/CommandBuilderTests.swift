import Foundation
import Rigs
import Testing

/// Images that a command makes: what it is told, what is made of what it leaves, and what its mistakes lead to.
@Suite(.serialized) struct CommandBuilderTests {
    /// Writes the context's `app.txt` into an image of one layer, a tar of an OCI layout.
    private static let builder = """
        import hashlib, io, json, os, tarfile
        blobs, name = {}, lambda data: 'sha256:' + hashlib.sha256(data).hexdigest()
        def put(data, kind):
            blobs[name(data)] = data
            return {'mediaType': 'application/vnd.oci.image.' + kind, 'digest': name(data), 'size': len(data)}
        def tar(files):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode='w') as archive:
                for path, data in files.items():
                    member = tarfile.TarInfo(path)
                    member.size = len(data)
                    archive.addfile(member, io.BytesIO(data))
            return out.getvalue()
        def text(value): return json.dumps(value).encode()
        layer = tar({'out/app': open(os.environ['IMGWATCH_CONTEXT'] + '/app.txt', 'rb').read()})
        configuration = {'architecture': os.environ['IMGWATCH_PLATFORM'].split('/')[1], 'os': 'linux',
                         'config': {}, 'rootfs': {'type': 'layers', 'diff_ids': [name(layer)]}}
        manifest = {'schemaVersion': 2, 'layers': [put(layer, 'layer.v1.tar')],
                    'config': put(text(configuration), 'config.v1+json')}
        index = {'schemaVersion': 2, 'manifests': [put(text(manifest), 'manifest.v1+json')]}
        files = {'blobs/' + digest.replace(':', '/'): data for digest, data in blobs.items()}
        open(os.environ['IMGWATCH_ARCHIVE'], 'wb').write(tar({'index.json': text(index), **files}))

        """

    private static func project(_ run: String, _ rest: String = "", top: String = "") throws -> TemporaryProject {
        try TemporaryProject([
            ".imgwatch": """
            \(top)
            images:
              web:
                context: web
                builder: { run: "\(run)" }
            \(rest)
            """, "web/app.txt": "one\n", "make.py": builder,
        ])
    }

    private func file(_ line: LoopLine, _ project: TemporaryProject) throws -> String? {
        try UnpackedImage.files(digest: line.digest, in: project.store(), below: "out")["app"]
    }

    @Test func `a command is told the reference, and what it leaves in the archive is published there`() async throws {
        let project = try Self.project(
            "env | grep -E '^(IMGWATCH|EXPECTED)_' | sort; echo $GREETING $BASE; python3 make.py",
            """
                args: { GREETING: hello, BASE: { image: base } }
              base: {}
            """
        )
        try project.write("Dockerfile", "FROM scratch\nCOPY make.py /\n")
        let loop = try RunningLoop(project)
        let base = try await loop.wait(for: "pushed", node: "base")
        let first = try await loop.wait(for: "pushed", node: "web")
        let told = loop.lines.filter { $0.event == "log" }.map { $0.string("line") }
        for expected in [
            "IMGWATCH_REF=\(first.ref)", "EXPECTED_REF=\(first.ref)", "IMGWATCH_TAG=\(first.tag)",
            "IMGWATCH_KEY=\(first.string("key"))", "IMGWATCH_IMAGE=web", "IMGWATCH_PUSH=false",
            "IMGWATCH_CONTEXT=\(project.path("web"))",
        ] { #expect(told.contains(expected), "\(expected)") }
        #expect(told.contains { $0.hasPrefix("hello 127.0.0.1:") && $0.hasSuffix("/base@\(base.digest)") })
        #expect(try file(first, project) == "one\n")
        try await loop.settle(from: 0, after: nil)
        let mark = loop.mark
        try project.write("web/app.txt", "two\n")
        let second = try await loop.wait(from: mark, for: "pushed", node: "web")
        #expect(try file(second, project) == "two\n" && second.tag != first.tag)
        try await loop.end()
        // What was made is found again.
        let again = try project.imgwatch("build", "--json")
        #expect(again.status == 0 && !again.output.contains("\"log\""))
    }

    @Test func `an edit while the command runs begins it anew, and what it read is what is published`() async throws {
        let project = try Self.project("python3 make.py; echo made; [ $(cat web/app.txt) = two ] || sleep 600")
        let loop = try RunningLoop(project)
        try await loop.wait(for: "the command") { $0.string("line") == "made" }
        try project.write("web/app.txt", "two\n")
        try await loop.wait(for: "superseded", node: "web")
        let line = try await loop.wait(for: "pushed", node: "web")
        #expect(try file(line, project) == "two\n")
        try await loop.end()
    }

    @Test(arguments: [
        ("true", "the command left no image at 127.0.0.1:"), ("exit 3", "the command exited with status 3"),
        ("echo x > $IMGWATCH_ARCHIVE", "image.tar"),
    ])
    func `a command that fails, or leaves nothing, is told`(run: String, reason: String) async throws {
        let build = try Self.project(run).imgwatch("build", "--json")
        #expect(build.status == 1)
        #expect(build.events.last { $0.event == "failed" }?.reason.contains(reason) == true, "\(build.output)")
    }

    @Test(
        .withEngines,
        arguments: [
            "docker build --network host -t $EXPECTED_REF -f Real web",
            "id=$(buildah from scratch); buildah copy -q $id web/app.txt /out/app; buildah commit -q $id $EXPECTED_REF",
        ]
    )
    func `what a command leaves in an engine's store is taken over`(run: String) async throws {
        let servers = try #require(await EngineServers.shared.value)
        let project = try Self.project(run)
        try project.write("Real", "FROM scratch\nCOPY app.txt /out/app\n")
        let loop = try RunningLoop(project, environment: servers.environment)
        #expect(try file(try await loop.wait(for: "pushed", node: "web"), project) == "one\n")
        try await loop.end()
    }

    @Test(.withEngines)
    func `what an earlier run left under a tag that stands still is not taken for a later one's`() async throws {
        let servers = try #require(await EngineServers.shared.value)
        let project = try Self.project(
            "[ -f made ] || docker build --network host -t $IMGWATCH_REF -f Real web; touch made",
            "    tag: stable\n    tag-moves: true"
        )
        try project.write("Real", "FROM scratch\nCOPY app.txt /out/app\n")
        let build = {
            try project.command([Programs.imgwatch.path(), "build", "--json"], servers.environment)
        }
        #expect(try build().events.nodes("pushed") == ["web"])
        try project.write("web/app.txt", "two\n")
        let failed = try build().events.last { $0.event == "failed" }
        #expect(failed?.reason.contains("the command left no image at 127.0.0.1:") == true)
    }

    @Test(.withEngines)
    func `what a command pushes to the registry is published as it is`() async throws {
        let servers = try #require(await EngineServers.shared.value)
        let registry = try await RegistryServer.start()
        let project = try Self.project(
            "id=$(buildah from scratch) && buildah copy -q $id web/app.txt /out/app && buildah commit -q $id made "
                + "&& buildah push -q --tls-verify=false made docker://$IMGWATCH_REF",
            top: "registry: \(registry.address)/team"
        )
        let loop = try RunningLoop(project, environment: servers.environment)
        let line = try await loop.wait(for: "pushed", node: "web")
        #expect(line.ref.hasPrefix("\(registry.address)/team/web:"))
        try await loop.settle(from: 0, after: nil)
        let mark = loop.mark
        try project.write("web/app.txt", "two\n")
        try await loop.wait(from: mark, for: "pushed", node: "web")
        // An earlier state is there, and not made again.
        let back = loop.mark
        try project.write("web/app.txt", "one\n")
        let again = try await loop.wait(from: back, for: "reused", node: "web")
        #expect(again.ref == line.ref)
        try await loop.end()
    }
}
