import Foundation
import Rigs
import Testing

/// Images for several platforms: an index over one image for each, wherever they go and whoever makes them.
@Suite(.serialized, .enabled(if: Pushes.isPossible && Skopeo.isInstalled, "docker-registry, curl or skopeo is missing"))
struct PlatformTests {
    private static let both = "platforms: [linux/amd64, linux/arm64]"

    private static func project(
        _ configuration: String,
        _ dockerfile: String,
        more: [String: String] = [:]
    ) throws -> TemporaryProject {
        let files = [
            ".imgwatch": configuration, "Dockerfile": dockerfile, "app.txt": "one\n", "bin/amd64": "for amd64\n",
            "bin/arm64": "for arm64\n",
        ]
        return try TemporaryProject(files.merging(more) { $1 })
    }

    /// The files of an image as a machine of this architecture gets them.
    private func files(
        _ reference: String,
        _ architecture: String,
        _ project: TemporaryProject
    ) throws
        -> [String: String]
    {
        let layout = project.home.appending(path: "pulled-\(UUID().uuidString)").path()
        try project.run(
            "skopeo",
            "--insecure-policy",
            "--override-arch",
            architecture,
            "copy",
            "--quiet",
            "--src-tls-verify=false",
            "docker://\(reference)",
            "oci:\(layout):image"
        )
        let shown = try project.run("skopeo", "inspect", "oci:\(layout):image", "--format", "{{.Architecture}}")
        #expect(shown.trimmingCharacters(in: .newlines) == architecture)
        let bundle = project.home.appending(path: "bundle-\(UUID().uuidString)").path()
        try project.run("umoci", "unpack", "--rootless", "--image", "\(layout):image", bundle)
        return try UnpackedImage.contents(of: URL(filePath: bundle + "/rootfs"))
    }

    private func index(_ reference: String, _ project: TemporaryProject) throws -> [String: Any] {
        let raw = try project.run("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(reference)")
        return try #require(JSONSerialization.jsonObject(with: Data(raw.utf8)) as? [String: Any])
    }

    @Test func `an edit is one index over an image for each platform, which any client reads`() async throws {
        let project = try Self.project(
            "\(Self.both)\nimages:\n  base: {}\n  web: "
                + "{ dockerfile: Dockerfile.web }\n",
            "FROM scratch\nARG TARGETARCH TARGETPLATFORM BUILDPLATFORM\nLABEL for=$TARGETPLATFORM on=$BUILDPLATFORM\n"
                + "COPY bin/$TARGETARCH /bin/tool\n",
            more: ["Dockerfile.web": "FROM base\nCOPY app.txt /\n"]
        )
        let loop = try RunningLoop(project)
        let base = try await loop.wait(for: "pushed", node: "base")
        let first = try await loop.wait(for: "pushed", node: "web")
        for (line, rest) in [(base, [:]), (first, ["app.txt": "one\n"])] {
            for architecture in ["amd64", "arm64"] {
                let expected = ["bin/tool": "for \(architecture)\n"].merging(rest) { $1 }
                #expect(try files(line.string("ref"), architecture, project) == expected)
            }
        }
        let index = try index(first.string("ref"), project)
        let manifests = try #require(index["manifests"] as? [[String: Any]])
        let platforms = manifests.compactMap { $0["platform"] as? [String: String] }
        #expect(platforms == [["architecture": "amd64", "os": "linux"], ["architecture": "arm64", "os": "linux"]])
        #expect((index["annotations"] as? [String: String])?["io.imgwatch.key"] == first.string("key"))

        // What concerns one platform alone is seen, and the other's files stay.
        try await loop.settle(from: 0, after: nil)
        let mark = loop.mark
        try project.write("bin/arm64", "for arm64 anew\n")
        let second = try await loop.wait(from: mark, for: "pushed", node: "web")
        #expect(try files(second.string("ref"), "arm64", project)["bin/tool"] == "for arm64 anew\n")
        #expect(try files(second.string("ref"), "amd64", project)["bin/tool"] == "for amd64\n")
        try await loop.end()
        let again = try project.imgwatch("build", "--json")
        #expect(again.events.allSatisfy { ["notice", "ready", "idle"].contains($0.event) }, "\(again.output)")
        let verified = try project.imgwatch("verify", "web", "--no-engine")
        #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
        #expect(verified.output.contains("web (linux/arm64): built anew") && verified.output.contains("has the same"))
    }

    @Test func `an index goes to a registry and to a layout, is found there by others, and is a base for others`()
        async throws
    {
        let registry = try await RegistryServer.start()
        let project = try Self.project(
            "registry: \(registry.address)/team\nimages: { web: { \(Self.both), aliases: [dev] } }\n",
            "FROM scratch\nARG TARGETARCH\nCOPY bin/$TARGETARCH /bin/tool\nCOPY app.txt /\n"
        )
        try project.commitAll("first")
        let built = try project.imgwatch("build", "--json")
        let pushed = try #require(built.events.first { $0.event == "pushed" })
        for architecture in ["amd64", "arm64"] {
            let found = try files("\(registry.address)/team/web:dev", architecture, project)
            #expect(found == ["bin/tool": "for \(architecture)\n", "app.txt": "one\n"])
        }
        // Somebody else's store is empty, and finds it under its key.
        let other = project.environment.merging([
            "XDG_DATA_HOME": project.path("d"), "XDG_STATE_HOME": project.path("s"),
        ]) { $1 }
        let found = try project.command([Programs.imgwatch.path(), "build", "--json"], other)
        let reused = try #require(found.events.first { $0.event == "reused" }, "\(found.output)")
        #expect(reused.digest == pushed.digest)

        let base = "FROM \(registry.address)/team/web:dev"
        try project.write("Dockerfile.on", "ARG BUILDPLATFORM\n\(base)\nCOPY bin/amd64 /more\n")
        try project.write(
            ".imgwatch",
            "registry: oci:../out-\(UUID().uuidString)\nplatforms: linux/arm64\n"
                + "images: { on: { dockerfile: Dockerfile.on } }\n"
        )
        let on = try project.imgwatch("build", "--json")
        let line = try #require(on.events.first { $0.event == "pushed" }, "\(on.output)")
        #expect(try UnpackedImage.files(digest: line.digest, in: project.store())["bin/tool"] == "for arm64\n")
        let plan = try project.imgwatch("plan", "--json")
        #expect(plan.output.contains("web:dev (linux/arm64)"))
    }

    @Test func `a base that is for another platform alone is refused, and what is only needed may be for others`()
        async throws
    {
        let registry = try await RegistryServer.start()
        let project = try Self.project(
            "registry: \(registry.address)\nimages:\n  arm: { platforms: linux/arm64 }\n  both: { \(Self.both) }\n"
                + "  web: { needs: [both], platforms: [linux/amd64, linux/arm/v7] }\n",
            "FROM scratch\nCOPY app.txt /\n"
        )
        let built = try project.imgwatch("build", "--json")
        #expect(built.status == 0, "\(built.output)")
        try project.write(
            "Dockerfile.on",
            "FROM \(try #require(built.events.first { $0.node == "arm" && $0.event == "pushed" }).string("ref"))\n"
        )
        let on = "registry: \(registry.address)\nimages: { on: { dockerfile: Dockerfile.on"
        for (platforms, isRight) in [("", false), (", \(Self.both)", false), (", platforms: linux/arm64", true)] {
            try project.write(".imgwatch", "\(on)\(platforms) } }\n")
            let done = try project.imgwatch("build")
            #expect((done.status == 0) == isRight, "\(platforms): \(done.output)\(done.errors)")
            let all = done.output + done.errors
            #expect(isRight || all.contains("is for linux/arm64 alone, and not for linux/amd64"), "\(all)")
        }
    }

    @Test func `all platforms of a base are of one index, whenever they are pinned`() async throws {
        let registry = try await RegistryServer.start()
        let project = try Self.project(
            "registry: \(registry.address)\n\(Self.both)\nimages: { base: { aliases: [dev] } }\n",
            "FROM scratch\nCOPY app.txt /\n"
        )
        #expect(try project.imgwatch("build").status == 0)
        let other =
            "registry: \(registry.address)\npull: missing\nimages: { on: { dockerfile: Dockerfile.on, platforms: "
        try project.write("Dockerfile.on", "FROM \(registry.address)/base:dev\n")
        let first = try project.read(".imgwatch")
        try project.write(".imgwatch", other + "linux/amd64 } }\n")
        #expect(try project.imgwatch("build").status == 0)
        try project.write(".imgwatch", first)
        try project.write("app.txt", "two\n")
        #expect(try project.imgwatch("build").status == 0)
        try project.write(".imgwatch", other + "[linux/amd64, linux/arm64] } }\n")
        let built = try project.imgwatch("build", "--json")
        let pushed = try #require(built.events.first { $0.event == "pushed" }, "\(built.output)")
        for architecture in ["amd64", "arm64"] {
            #expect(try files(pushed.string("ref"), architecture, project) == ["app.txt": "two\n"])
        }
    }

    @Test func `a base for other platforms alone is told with a place`() async throws {
        let project = try Self.project(
            "images:\n  base: {}\n  web: { dockerfile: Dockerfile.web, platforms: [linux/arm/v7] }\n",
            "FROM scratch\nCOPY app.txt /\n",
            more: ["Dockerfile.web": "FROM scratch\nCOPY --from=base app.txt /\n"]
        )
        let checked = try project.imgwatch("check")
        #expect(checked.status == 2)
        #expect(checked.errors.contains("`web` is made for linux/arm/v7 here, and `base` for linux/amd64 alone"))
        #expect(checked.errors.contains("Dockerfile.web:2"))
    }

    @Test(.withEngines, arguments: ["docker", "buildah"])
    func `a stage for the machine that builds makes what the other platforms get`(builder: String) async throws {
        let servers = try #require(await EngineServers.shared.value)
        let registry = try await RegistryServer.start()
        let project = try Self.project(
            "registry: \(registry.address)\nimages:\n  tools: {}\n  web: { dockerfile: Dockerfile.web, builder: "
                + "\(builder == "docker" ? "auto" : builder), \(Self.both) }\n",
            "FROM scratch\nCOPY busybox /bin/busybox\n",
            more: [
                "Dockerfile.web": """
                FROM --platform=$BUILDPLATFORM tools AS build
                ARG TARGETARCH BUILDARCH
                RUN ["/bin/busybox", "sh", "-c", "/bin/busybox mkdir /out; echo $BUILDARCH for $TARGETARCH > /out/made"]
                FROM scratch
                COPY --from=build /out /out
                COPY app.txt /out/app

                """
            ]
        )
        let busybox = try #require(MachineProgram("busybox")).path
        try FileManager.default.copyItem(atPath: busybox, toPath: project.path("busybox"))
        let built = try project.command([Programs.imgwatch.path(), "build", "--json"], servers.environment)
        let pushed = try #require(built.events.first { $0.event == "pushed" && $0.node == "web" }, "\(built.output)")
        for architecture in ["amd64", "arm64"] {
            let found = try files(pushed.string("ref"), architecture, project)
            #expect(found == ["out/made": "amd64 for \(architecture)\n", "out/app": "one\n"])
        }
    }
}
