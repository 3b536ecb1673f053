import Foundation
import Rigs
import Testing

/// Each variant of the registry takes what skopeo pushes, from those who may.
@Suite(.enabled(if: RegistryServer.isInstalled && Skopeo.isInstalled, "docker-registry or skopeo is not installed"))
struct RegistryServerTests {
    /// Pushes an image and an index, and pulls the index again.
    private func prove(_ registry: RegistryServer) async throws {
        let skopeo = try Skopeo()
        let images = try await OCILayoutFixture.make(["busybox": .busybox, "both": .platforms])
        for (name, reference) in [("busybox", "team/base:1"), ("both", "both:dev")] {
            try await skopeo.push(images.reference(to: name), to: registry, as: reference)
            #expect(try await skopeo.digest(of: reference, in: registry) == images.digest(of: name))
        }
        let folder = try RigFolder()
        try await skopeo.pull("both:dev", from: registry, to: "oci:\(folder.path)/layout:both")
        #expect(registry.digest(of: "1", in: "team/base") == (try images.digest(of: "busybox")))
        #expect(registry.tags(of: "both") == ["dev"])
        #expect(registry.openUploads(in: "team/base") == 0)
    }

    @Test(arguments: [false, true]) func `it is open`(hasRelativeURLs: Bool) async throws {
        let registry = try await RegistryServer.start(hasRelativeURLs: hasRelativeURLs)
        try await prove(registry)
        let post = try await Curl.send("POST", "\(registry.origin)/v2/a/blobs/uploads/", ["--include", "--data", ""])
        #expect(post.status == 202)
        #expect(post.text.contains("Location: /v2/") == hasRelativeURLs)
        #expect(registry.openUploads(in: "a") == 1)
    }

    @Test func `it wants a password`() async throws {
        let registry = try await RegistryServer.start(.password(user: "me", password: "it's \"secret\""))
        try await prove(registry)
        let anonymous = try await Curl.send("GET", "\(registry.origin)/v2/", ["--include"])
        #expect(anonymous.status == 401)
        #expect(anonymous.text.contains("Basic realm"))
    }

    @Test func `it speaks TLS, by an authority of its own`() async throws {
        let registry = try await RegistryServer.start(isEncrypted: true)
        try await prove(registry)
        let authority = try #require(registry.authority)
        for host in ["127.0.0.1", "localhost"] {
            let url = "https://\(host):\(registry.port)/v2/"
            #expect(try await Curl.send("GET", url, ["--cacert", authority]).status == 200)
            #expect(try await Curl.send("GET", url).exit == 60)
        }
    }

    @Test func `it wants tokens`() async throws {
        let tokens = try await TokenServer.start()
        let registry = try await RegistryServer.start(.token(tokens))
        try await prove(registry)
        let scopes = try tokens.requests().filter { $0.user == "user" }.flatMap(\.scopes)
        #expect(scopes.contains("repository:team/base:pull,push"))
    }

    @Test func `what it loses is gone at once, and what it holds outlives its crash`() async throws {
        let registry = try await RegistryServer.start()
        let images = try await OCILayoutFixture.make(["it": .file("it\n")])
        try await Skopeo().push(images.reference(to: "it"), to: registry, as: "it:1", isDocker: true)
        let manifest = "\(registry.origin)/v2/it/manifests/1"
        let docker = "application/vnd.docker.distribution.manifest.v2+json"
        // Who does not accept this gets the image in a form that is older still.
        #expect(try await Curl.send("GET", manifest, ["--header", "Accept: \(docker)"]).text.contains(docker))
        let layer = try #require(registry.blobs.first { registry.blob($0)?.starts(with: [0x1F, 0x8B]) == true })
        #expect(images.blob(layer) == registry.blob(layer))
        let url = "\(registry.origin)/v2/it/blobs/\(layer)"
        #expect(try await Curl.send("HEAD", url).status == 200)
        try registry.removeBlob(layer)
        #expect(try await Curl.send("HEAD", url).status == 404)
        try await registry.stop()
        #expect(try await Curl.send("GET", manifest).exit == 7)
        try await registry.startAgain()
        #expect(try await Curl.send("GET", manifest).status == 200)
        #expect(try registry.log().contains("listening on 127.0.0.1:\(registry.port)"))
    }
}
