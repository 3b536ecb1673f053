import Foundation
import Testing

/// What is published can be pulled while the loop runs, by programs that know nothing of us.
@Suite(.serialized, .enabled(if: Programs.has("skopeo") && Programs.has("umoci"), "skopeo or umoci is not installed"))
struct RegistryTests {
    private static let images = """
        images:
          base:
            dockerfile: Dockerfile.base
            push: false
          app:
            aliases: [dev, newest]

        """

    /// Files of many kinds; git keeps no modes, so neither does the project.
    private func project(_ more: String = "") throws -> TemporaryProject {
        let project = try TemporaryProject([
            "Dockerfile.base": "FROM scratch\nCOPY base.txt /etc/base\n", "base.txt": "base\n",
            "Dockerfile": "FROM base\nCOPY data /data\n", "data/version": "0\n", "data/run.sh": "#!/bin/sh\n",
            "data/secret": "secret\n", "data/empty": "", "data/a name with spaces": "spaces\n",
            "data/größe/ü.txt": "umlauts\n", "data/.hidden": "hidden\n", ".imgwatch": more + Self.images,
        ])
        for folder in ["data/nothing", "data/private"] {
            try FileManager.default.createDirectory(atPath: project.path(folder), withIntermediateDirectories: false)
        }
        for (path, mode) in [("run.sh", 0o755), ("secret", 0o600), ("private", 0o700), ("version", 0o644)] {
            #expect(chmod(project.path("data/\(path)"), mode_t(mode)) == 0)
        }
        try FileManager.default.createSymbolicLink(atPath: project.path("data/link"), withDestinationPath: "run.sh")
        let bytes = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        try Data(bytes).write(to: project.root.appending(path: "data/large"))
        return project
    }

    /// Paths with type, mode and link target, and the hashes of the files.
    private func listing(_ folder: String, _ project: TemporaryProject) throws -> String {
        let script = """
            cd '\(folder)' && find . -mindepth 1 -printf '%P|%y|%m|%l\\n' | LC_ALL=C sort
            find . -type f -exec sha256sum {} + | LC_ALL=C sort -k 2
            """
        return try project.run("sh", "-c", script)
    }

    /// Unpacks an image of an OCI layout, and gives the folder of its files.
    private func unpacked(_ image: String, _ project: TemporaryProject) throws -> String {
        let bundle = project.home.appending(path: "bundle-\(UUID().uuidString)").path()
        try project.run("umoci", "unpack", "--rootless", "--image", image, bundle)
        return bundle + "/rootfs"
    }

    private func pulled(_ reference: String, _ project: TemporaryProject) throws -> String {
        let layout = project.home.appending(path: "pulled-\(UUID().uuidString)").path()
        let source = "docker://\(reference)"
        try project.run(
            "skopeo",
            "--insecure-policy",
            "copy",
            "--quiet",
            "--src-tls-verify=false",
            source,
            "oci:\(layout):it"
        )
        return try unpacked("\(layout):it", project)
    }

    private func digest(_ reference: String, _ project: TemporaryProject) throws -> String {
        let words = ["skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://\(reference)"]
        return try Programs.run(words, in: project.root, project.environment)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func `what is pulled is the tree: bytes, modes, links and empty folders`() async throws {
        let project = try project()
        let loop = try RunningLoop(project)
        let pushed = try await loop.publication(of: "app", from: 0)
        #expect(try digest(pushed.ref, project) == pushed.digest)
        let files = try pulled(pushed.ref, project)
        #expect(try listing(files + "/data", project) == listing(project.path("data"), project))
        #expect(try String(contentsOfFile: files + "/etc/base", encoding: .utf8) == "base\n")

        let mark = loop.mark
        #expect(chmod(project.path("data/version"), 0o755) == 0)
        try project.remove("data/secret")
        let edited = try await loop.publication(of: "app", from: mark)
        #expect(try listing(pulled(edited.ref, project) + "/data", project) == listing(project.path("data"), project))
        #expect(try listing(pulled(pushed.ref, project) + "/data", project).contains("secret"))
        try await loop.end()
    }

    @Test func `aliases stand for the newest image, beside the tag of its content`() async throws {
        let project = try project()
        let loop = try RunningLoop(project)
        let first = try await loop.publication(of: "app", from: 0)
        #expect(first.refs.count == 3 && first.refs.first == first.ref)
        let mark = loop.mark
        try project.write("data/version", "1\n")
        let second = try await loop.publication(of: "app", from: mark)
        #expect(first.digest != second.digest && first.ref != second.ref)
        for reference in second.refs { #expect(try digest(reference, project) == second.digest) }
        #expect(try digest(first.ref, project) == first.digest)
        let back = loop.mark
        try project.write("data/version", "0\n")
        try await loop.settle(from: back, until: "app reused") { $0.nodes("reused") == ["app"] }
        for reference in first.refs { #expect(try digest(reference, project) == first.digest) }
        try await loop.end()
    }

    @Test func `an image that is not pushed is in no repository, and in those that are built on it`() async throws {
        let project = try project()
        let loop = try RunningLoop(project)
        let app = try await loop.publication(of: "app", from: 0)
        let base = try #require(loop.lines.first { $0.event == "finished" && $0.node == "base" })
        #expect(base.refs.isEmpty && base.ref.isEmpty)
        let host = try #require(app.ref.split(separator: "/").first)
        let tags = try Programs.finish(
            ["skopeo", "list-tags", "--tls-verify=false", "docker://\(host)/base"],
            in: project.root,
            project.environment
        )
        #expect(tags.status != 0)
        let layers = try StoredManifest(digest: app.digest, in: project.store()).layers
        #expect(layers.first == (try StoredManifest(digest: base.digest, in: project.store()).layers.first))
        try await loop.end()
    }

    @Test func `a pull in the midst of edits gets one version, whole`() async throws {
        let project = try project()
        let loop = try RunningLoop(project)
        let first = try await loop.publication(of: "app", from: 0)
        let alias = try #require(first.refs.last)
        let mark = loop.mark
        var seen: [Int] = []
        for version in 1...8 {
            try project.write("data/version", "\(version)\n")
            try project.write("data/twin", "\(version)\n")
            let files = try pulled(alias, project)
            let shown = try String(contentsOfFile: files + "/data/version", encoding: .utf8)
            seen.append(try #require(Int(shown.trimmingCharacters(in: .newlines))))
        }
        #expect(seen == seen.sorted(), "\(seen)")
        try await loop.settle(from: mark, until: "the last version") { _ in
            (try? project.shown("app", by: loop)["data/twin"]) == "8\n"
        }
        let files = try pulled(alias, project)
        #expect(try listing(files + "/data", project) == listing(project.path("data"), project))
        try await loop.end()
    }

    @Test func `a project keeps its port, and another project has another`() async throws {
        let project = try project(), other = try self.project()
        let first = try RunningLoop(project)
        let second = try RunningLoop(other)
        let registry = try await first.wait(for: "ready").string("registry")
        #expect(try await second.wait(for: "ready").string("registry") != registry)
        let pushed = try await first.publication(of: "app", from: 0)
        try await first.end()
        let again = try RunningLoop(project)
        #expect(try await again.wait(for: "ready").string("registry") == registry)
        #expect(try digest(pushed.ref, project) == pushed.digest)
        try await again.end()
        try await second.end()
    }

    @Test func `a layout for each image is written where the configuration says`() async throws {
        let project = try project("registry: oci:../images\n")
        let loop = try RunningLoop(project)
        let images = project.home.appending(path: "images").path()
        var pushed = try await loop.publication(of: "app", from: 0)
        #expect(pushed.ref.hasPrefix("oci:\(images)/app:"), "\(pushed.ref)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: images) == ["app"])
        for version in 1...2 {
            let mark = loop.mark
            try project.write("data/version", "\(version)\n")
            pushed = try await loop.publication(of: "app", from: mark)
        }
        for reference in pushed.refs {
            let shown = try project.run("skopeo", "inspect", "--format", "{{.Digest}}", reference)
            #expect(shown.trimmingCharacters(in: .whitespacesAndNewlines) == pushed.digest)
        }
        let files = try unpacked("\(images)/app:dev", project)
        #expect(try listing(files + "/data", project) == listing(project.path("data"), project))
        try await loop.end()
        try FileManager.default.removeItem(atPath: images)
        let build = try project.imgwatch("build", "--json")
        #expect(build.status == 0)
        #expect(build.events.nodes("reused") == ["app"] && build.events.nodes("started").isEmpty, "\(build.output)")
        #expect(
            try project.run("skopeo", "inspect", "--format", "{{.Digest}}", "oci:\(images)/app:dev")
                .hasPrefix(pushed.digest)
        )
    }
}
