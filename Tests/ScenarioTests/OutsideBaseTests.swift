import Foundation
import Rigs
import Testing

/// Images built on bases from registries: what they inherit, when a base counts as moved, and that its bytes stay.
@Suite(.serialized, .enabled(if: Pushes.isPossible && Skopeo.isInstalled, "docker-registry, curl or skopeo is missing"))
struct OutsideBaseTests {
    private static let notes = "org.opencontainers.image.base."

    private func configuration(_ registry: String, _ images: [String]) -> String {
        "registry: \(registry)\nimages:\n" + images.map { "  \($0): { dockerfile: Dockerfile.\($0) }\n" }.joined()
    }

    @Test func `a base may be named by tag or digest, be an index or docker's own, and is mounted and not sent`()
        async throws
    {
        let registry = try await RegistryServer.start()
        let images = try await OCILayoutFixture.make(["busybox": .busybox, "multi": .platforms])
        let skopeo = try Skopeo()
        try await skopeo.push(images.reference(to: "busybox"), to: registry, as: "bases/busybox:1")
        try await skopeo.push(images.reference(to: "busybox"), to: registry, as: "bases/docker:1", isDocker: true)
        try await skopeo.push(images.reference(to: "multi"), to: registry, as: "bases/multi:1")
        let proxy = try await FaultyProxy.start(before: registry)
        let digest = try images.digest(of: "busybox")
        let bases = [
            "tag": "bases/busybox:1", "pin": "bases/busybox@\(digest)", "docker": "bases/docker:1",
            "multi": "bases/multi:1",
        ]
        let names = ["tag", "pin", "docker", "multi"]
        let project = try TemporaryProject([
            "app.txt": "app\n", ".imgwatch": configuration("\(proxy.address)/shop", names),
        ])
        for (name, base) in bases {
            try project.write("Dockerfile.\(name)", "FROM \(proxy.address)/\(base)\nCOPY app.txt /\n")
        }
        try project.commitAll("first")
        let built = try project.imgwatch("build", "--json")
        #expect(built.status == 0, "\(built.output)\(built.errors)")
        #expect(try proxy.bytesIn() < 40_000, "the bases' layers were sent")
        let requests = try proxy.requests()
        let mounted = requests.filter { $0.method == "POST" && $0.path.contains("mount=") && $0.status == 201 }
        for layer in try ["busybox", "multi"].flatMap({ try layers(of: $0, images) }) {
            #expect(mounted.contains { $0.path.contains(layer.dropFirst(7)) }, "\(requests.summary)")
            // Each image that is built on it waits for the same copy.
            #expect(
                requests.filter { $0.method == "GET" && $0.path.hasSuffix("/blobs/\(layer)") }.count == 1,
                "\(layer)"
            )
        }

        let walk = try await RegistryWalk(registry)
        try await walk.check()
        for name in names { try await check(name, on: "\(proxy.address)/\(bases[name] ?? "")", walk, project) }
        let again = try project.imgwatch("build", "--json")
        #expect(again.events.allSatisfy { ["ready", "idle"].contains($0.event) }, "\(again.output)")
    }

    /// The image is the base and one layer more, says so, and is read by skopeo.
    private func check(
        _ name: String,
        on reference: String,
        _ walk: RegistryWalk,
        _ project: TemporaryProject
    ) async throws {
        let image = try #require(walk.images.first { $0.repository == "shop/\(name)" })
        let repository = name == "docker" ? "bases/docker" : name == "multi" ? "bases/multi" : "bases/busybox"
        var base = try walk.image(repository, "1")
        if name == "multi" {
            let digest = base.layers[0]
            let bytes = try #require(walk.registry.blob(digest))
            base = try RegistryWalk.image(repository, "1", digest: digest, String(decoding: bytes, as: UTF8.self))
        }
        #expect(image.layers.count == base.layers.count + 1 && image.layers.starts(with: base.layers), "\(name)")
        #expect(image.annotations[Self.notes + "digest"] == base.digest, "\(name)")
        #expect(image.annotations[Self.notes + "name"] == reference)
        let folder = try walk.unpacked(image)
        defer { try? FileManager.default.removeItem(at: folder) }
        let inherited = name == "multi" ? "architecture" : "etc/motd"
        let shown = try project.run("cat", folder.path() + "/app.txt", folder.path() + "/" + inherited)
        #expect(shown == "app\n" + (name == "multi" ? "amd64\n" : "busybox\n"))
        let target = "oci:\(project.home.appending(path: "pulled").path()):\(name)"
        try await Skopeo().pull(image.name, from: walk.registry, to: target)
    }

    /// Those that an image for this machine has.
    private func layers(of name: String, _ images: OCILayoutFixture) throws -> [String] {
        func image(_ digest: String) throws -> [String] {
            let bytes = try #require(images.blob(digest))
            return try RegistryWalk.image("", "", digest: digest, String(decoding: bytes, as: UTF8.self)).layers
        }
        let first = try image(images.digest(of: name))
        return name == "multi" ? try image(first[0]) : first
    }

    /// Pushes `base:stable`, which has users, a link to a folder, and something to be done on it.
    private func pushBase(to registry: RegistryServer) throws {
        let base = try TemporaryProject([
            "tree/etc/passwd": "root:x:0:0::/:/bin/sh\napp:x:1234:99::/:/bin/sh\n",
            "tree/etc/group": "root:x:0:\nstaff:x:2345:\n", "tree/srv/real/.keep": "",
            "Dockerfile.base": """
            FROM scratch
            COPY tree /
            ENV A=base
            WORKDIR /work
            ONBUILD COPY onbuild.txt /onbuild/
            ONBUILD ENV B=onbuild

            """,
            ".imgwatch": "tag: stable\n" + configuration(registry.address, ["base"]),
        ])
        try base.run("ln", "-s", "srv/real", "tree/app")
        try base.commitAll("first")
        let first = try base.imgwatch("build", "--json")
        #expect(first.status == 0, "\(first.output)\(first.errors)")
    }

    @Test func `what the base says counts: its users, links, variables, and what it wants done on it`() async throws {
        let registry = try await RegistryServer.start()
        try pushBase(to: registry)
        let project = try TemporaryProject([
            "app.txt": "app\n", "onbuild.txt": "onbuild\n", ".imgwatch": configuration(registry.address, ["child"]),
            "Dockerfile.child": """
            FROM \(registry.address)/base:stable
            COPY --chown=app:staff app.txt /app/
            COPY app.txt $A-here
            USER app

            """,
        ])
        try project.commitAll("first")
        let built = try project.imgwatch("build", "--json")
        #expect(built.status == 0, "\(built.output)\(built.errors)")
        let walk = try await RegistryWalk(registry)
        try await walk.check()
        let child = try #require(walk.images.first { $0.repository == "child" })
        let folder = try walk.unpacked(child)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = try UnpackedImage.contents(of: folder)
        #expect(files["srv/real/app.txt"] == "app\n" && files["onbuild/onbuild.txt"] == "onbuild\n")
        #expect(files["work/base-here"] == "app\n")
        let link = try FileManager.default.destinationOfSymbolicLink(atPath: folder.path() + "/app")
        #expect(link == "srv/real")
        let owner = try project.run("stat", "-c", "%u:%g", folder.path() + "/srv/real/app.txt")
        if getuid() == 0 { #expect(owner == "1234:2345\n") }
        let execution = try #require(walk.configuration(of: child)["config"] as? [String: Any])
        #expect(execution["User"] as? String == "app" && execution["WorkingDir"] as? String == "/work")
        #expect(execution["OnBuild"] == nil || (execution["OnBuild"] as? [String])?.isEmpty == true)
        let variables = execution["Env"] as? [String] ?? []
        #expect(variables.contains("A=base") && variables.contains("B=onbuild"))
    }

    /// An image on `base/it:1` that goes to another registry.
    private func project(on bases: RegistryServer, to registry: RegistryServer) throws -> TemporaryProject {
        let project = try Pushes.project(registry.address)
        try project.write("Dockerfile", "FROM \(bases.address)/base/it:1\nCOPY app.txt /\n")
        try project.commitAll("on a base")
        return project
    }

    @Test func `a base that moves is seen at the next start, and not before`() async throws {
        let (bases, registry) = (try await RegistryServer.start(), try await RegistryServer.start())
        let images = try await OCILayoutFixture.make(["old": .file("old\n"), "new": .file("new\n")])
        try await Skopeo().push(images.reference(to: "old"), to: bases, as: "base/it:1")
        let project = try project(on: bases, to: registry)
        let loop = try RunningLoop(project)
        try await loop.publication(of: "app", from: 0)
        try await Skopeo().push(images.reference(to: "new"), to: bases, as: "base/it:1")
        // Who only looks moves nobody's pins.
        #expect(try project.imgwatch("plan").status == 0)
        let mark = loop.mark
        try project.write("app.txt", "two\n")
        let before = try await loop.publication(of: "app", from: mark)
        #expect(try await loop.end() == 0)
        let next = try RunningLoop(project)
        let after = try await next.publication(of: "app", from: 0)
        #expect(try await next.end() == 0)
        let walk = try await RegistryWalk(registry)
        try await walk.check()
        for (line, name) in [(before, "old"), (after, "new")] {
            let image = try walk.image("app", line.tag)
            #expect(image.annotations[Self.notes + "digest"] == (try images.digest(of: name)))
            #expect(try walk.files(of: image) == ["file": "\(name)\n", "app.txt": "two\n"])
        }
    }

    @Test func `a base's registry that is away stops only who never had the base, and not for ever`() async throws {
        let (bases, registry) = (try await RegistryServer.start(), try await RegistryServer.start())
        let images = try await OCILayoutFixture.make(["it": .file("it\n")])
        try await Skopeo().push(images.reference(to: "it"), to: bases, as: "base/it:1")
        let project = try project(on: bases, to: registry)
        #expect(try project.imgwatch("build").status == 0)
        try await bases.stop()
        try project.write("app.txt", "two\n")
        let pinned = try RunningLoop(project)
        try await pinned.publication(of: "app", from: 0)
        #expect(pinned.lines.contains { $0.event == "notice" && $0.reason.contains("base/it:1") })
        #expect(try await pinned.end() == 0)

        let newcomer = try self.project(on: bases, to: registry)
        try newcomer.write("app.txt", "three\n")
        let loop = try RunningLoop(newcomer)
        let failed = try await loop.wait(for: "failed", node: "app")
        #expect(failed.reason.contains("base/it:1") && failed.reason.contains(bases.address), "\(failed.reason)")
        try await loop.settle(from: 0, after: nil)
        try await bases.startAgain()
        let line = try await loop.publication(of: "app", from: 0)
        #expect(try await loop.end() == 0)
        let walk = try await RegistryWalk(registry)
        try await walk.check()
        #expect(try walk.files(of: walk.image("app", line.tag)) == ["file": "it\n", "app.txt": "three\n"])
    }

    @Test func `an edit that names a base nobody knew is told once`() async throws {
        let registry = try await RegistryServer.start()
        let images = try await OCILayoutFixture.make(["it": .file("it\n")])
        try await Skopeo().push(images.reference(to: "it"), to: registry, as: "base/it:1")
        let project = try Pushes.project(registry.address)
        let loop = try RunningLoop(project)
        try await loop.publication(of: "app", from: 0)
        let mark = loop.mark
        try project.write("Dockerfile", "FROM \(registry.address)/base/it:1\nCOPY app.txt /\n")
        let line = try await loop.publication(of: "app", from: mark)
        try await loop.settle(from: mark, after: nil)
        #expect(loop.lines.dropFirst(mark).count { $0.event == "reloaded" } == 1)
        #expect(try await loop.end() == 0)
        let walk = try await RegistryWalk(registry)
        #expect(try walk.files(of: walk.image("app", line.tag)) == ["file": "it\n", "app.txt": "one\n"])
    }

    /// An image on busybox, in a registry.
    private func pushRunnable(to registry: RegistryServer) async throws -> (project: TemporaryProject, tag: String) {
        let images = try await OCILayoutFixture.make(["busybox": .busybox])
        try await Skopeo().push(images.reference(to: "busybox"), to: registry, as: "busybox:1")
        let project = try Pushes.project(registry.address)
        try project.write("hello.sh", "echo \"hello from $(cat /etc/motd)\"; id -u app\n")
        try project.write(
            "Dockerfile",
            "FROM \(registry.address)/busybox:1\nCOPY hello.sh /\nCMD [\"/bin/sh\", \"/hello.sh\"]\n"
        )
        let built = try project.imgwatch("build", "--json")
        let line = try #require(built.events.first { $0.event == "pushed" }, "\(built.output)\(built.errors)")
        return (project, line.tag)
    }

    @Test(.enabled(if: MachineProgram("umoci") != nil && getuid() == 0, "umoci is missing, or this is not root"))
    func `what is pushed runs as skopeo and umoci unpack it`() async throws {
        let registry = try await RegistryServer.start()
        let (project, tag) = try await pushRunnable(to: registry)
        let target = project.home.appending(path: "pulled").path()
        try await Skopeo().pull("app:\(tag)", from: registry, to: "oci:\(target):app")
        let bundle = project.home.appending(path: "bundle").path()
        let umoci = try #require(MachineProgram("umoci"))
        try await umoci.succeed(["unpack", "--image", "\(target):app", bundle])
        let words = ["chroot", bundle + "/rootfs", "/bin/sh", "/hello.sh"]
        #expect(try project.command(words).output == "hello from busybox\n1000\n")
    }

    @Test(
        .enabled(
            if: MachineProgram("podman") != nil && MachineProgram("runc") != nil && getuid() == 0,
            "podman or runc is missing, or this is not root"
        )
    )
    func `what is pushed is pulled and run by podman`() async throws {
        let registry = try await RegistryServer.start()
        let (_, tag) = try await pushRunnable(to: registry)
        let podman = try #require(MachineProgram("podman"))
        let folder = try RigFolder()
        // It wants short names for its folders, a policy, and limits that this machine grants.
        try folder.write(".config/containers/policy.json", #"{"default": [{"type": "insecureAcceptAnything"}]}"#)
        let storage = ["--root", "\(folder.path)/root", "--runroot", "\(folder.path)/run", "--storage-driver", "vfs"]
        let runtime = ["--runtime", "runc", "--cgroup-manager", "cgroupfs", "--events-backend", "none"]
        let limits = ["--network", "host", "--ulimit", "nofile=20000:20000", "--ulimit", "nproc=32768:32768"]
        let image = "\(registry.address)/app:\(tag)"
        let home = ["HOME": folder.path]
        try await podman.succeed(storage + ["pull", "--quiet", "--tls-verify=false", image], environment: home)
        let words = storage + runtime + ["run", "--rm"] + limits + [image]
        #expect(try await podman.succeed(words, environment: home) == "hello from busybox\n1000\n")
    }
}
