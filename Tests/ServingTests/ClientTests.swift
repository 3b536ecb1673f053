/// Real clients pull what the registry serves.

import Foundation
import OCI
import Testing

@testable import Serving

@Suite struct ClientTests {
    @Test(.enabled(if: Program("skopeo") != nil, "skopeo is not installed"))
    func `skopeo inspects and copies an image`() async throws {
        try await Running.serve { registry in
            let skopeo = try #require(Program("skopeo"))
            let image = try registry.layout.addImage("team/shop:git-1", text: "skopeo\n")
            try registry.layout.addImage("team/shop:git-2", text: "other\n")
            let reference = "docker://127.0.0.1:\(registry.port)/team/shop"
            let inspect = try await skopeo.run(
                ["inspect", "--tls-verify=false", reference + ":git-1"],
                in: registry.folder
            )
            #expect(inspect.status == 0, "\(inspect.output)")
            let seen = try JSON(parsing: Array(inspect.output.utf8), subject: "skopeo's answer")
            #expect(seen["Digest"]?.text == image.digest.description)
            #expect(seen["RepoTags"]?.texts == ["git-1", "git-2"])
            for (source, target) in [(reference + ":git-1", "tagged"), (reference + "@\(image.digest)", "digest")] {
                let target = registry.folder.path + "/" + target
                let copy = try await skopeo.run(
                    [
                        "--insecure-policy", "copy", "--src-tls-verify=false", "--preserve-digests", source,
                        "oci:\(target):it",
                    ],
                    in: registry.folder
                )
                #expect(copy.status == 0, "\(copy.output)")
                #expect(try ImageLayout.open(at: target).resolve("it")?.digest == image.digest)
            }
        }
    }

    @Test(.enabled(if: Program("skopeo") != nil, "skopeo is not installed"))
    func `a client that pushes is told why it can't`() async throws {
        try await Running.serve { registry in
            let skopeo = try #require(Program("skopeo"))
            try registry.layout.addImage("shop:dev")
            let push = try await skopeo.run(
                [
                    "--insecure-policy", "copy", "--dest-tls-verify=false", "oci:\(registry.layout.path):shop:dev",
                    "docker://127.0.0.1:\(registry.port)/other:dev",
                ],
                in: registry.folder
            )
            #expect(push.status != 0)
            #expect(push.output.contains("read-only"), "\(push.output)")
        }
    }

    @Test(.enabled(if: Program("podman") != nil && getuid() == 0, "podman is not installed, or this is not root"))
    func `podman pulls an image`() async throws {
        try await Running.serve { registry in
            let podman = try #require(Program("podman"))
            try registry.layout.addImage("shop:dev", text: "podman\n")
            let reference = "127.0.0.1:\(registry.port)/shop:dev"
            let policy = registry.folder.path + "/.config/containers"
            try FileManager.default.createDirectory(atPath: policy, withIntermediateDirectories: true)
            try #"{"default":[{"type":"insecureAcceptAnything"}]}"#.write(
                toFile: policy + "/policy.json",
                atomically: false,
                encoding: .utf8
            )
            let storage = [
                "--root", registry.folder.path + "/root", "--runroot", registry.folder.path + "/run",
                "--storage-driver", "vfs",
            ]
            let pull = try await podman.run(storage + ["pull", "--tls-verify=false", reference], in: registry.folder)
            #expect(pull.status == 0, "\(pull.output)")
            let inspect = try await podman.run(
                storage + ["image", "inspect", "--format", "{{.Config.Cmd}}", reference],
                in: registry.folder
            )
            #expect(inspect.output.contains("[/file]"), "\(inspect.output)")
        }
    }
}
