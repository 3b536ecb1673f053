import Graph
import Testing

@Suite struct ImageReferenceTests {
    static let digest = "sha256:" + String(repeating: "0a", count: 32)

    @Test(arguments: [
        ("alpine", "docker.io/library/alpine:latest"), ("alpine:3.20", "docker.io/library/alpine:3.20"),
        ("me/app", "docker.io/me/app:latest"), ("docker.io/alpine", "docker.io/library/alpine:latest"),
        ("index.docker.io/alpine", "docker.io/library/alpine:latest"),
        ("registry-1.docker.io/me/app", "docker.io/me/app:latest"), ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app:dev", "localhost:5000/app:dev"), ("host:5000/app", "host:5000/app:latest"),
        ("host/app", "docker.io/host/app:latest"), ("Host/app", "Host/app:latest"),
        ("a.example/app", "a.example/app:latest"), ("a.example:443/b/c/d:T_1.x-y", "a.example:443/b/c/d:T_1.x-y"),
        ("host:5000", "docker.io/library/host:5000"), ("docker.io", "docker.io/library/docker.io:latest"),
        ("alpine@\(digest)", "docker.io/library/alpine@\(digest)"),
        ("alpine:3@\(digest)", "docker.io/library/alpine:3@\(digest)"),
        ("127.0.0.1:5000/a__b/c-d/e---f/g.h_i", "127.0.0.1:5000/a__b/c-d/e---f/g.h_i:latest"),
        ("[::1]:5000/app", "[::1]:5000/app:latest"), ("[2001:DB8::1]/app:1", "[2001:DB8::1]/app:1"),
        ("a.example/app:" + String(repeating: "t", count: 128), "a.example/app:" + String(repeating: "t", count: 128)),
        (
            "a.example/" + String(repeating: "r", count: 245),
            "a.example/" + String(repeating: "r", count: 245) + ":latest"
        ),
    ])
    func `what people write is made complete`(text: String, complete: String) {
        #expect(ImageReference(parsing: text)?.description == complete)
    }

    @Test(arguments: [
        // Docker Hub, by all its names.
        ("alpine", "docker.io", "library/alpine"), ("library/alpine", "docker.io", "library/alpine"),
        ("docker.io/alpine", "docker.io", "library/alpine"), ("docker.io/me/app", "docker.io", "me/app"),
        ("docker.io/library/alpine", "docker.io", "library/alpine"),
        ("Docker.IO/alpine", "docker.io", "library/alpine"),
        ("index.docker.io/library/alpine", "docker.io", "library/alpine"),
        ("registry-1.docker.io/alpine", "docker.io", "library/alpine"),
        ("registry.hub.docker.com/library/alpine", "registry.hub.docker.com", "library/alpine"),
        // A port makes it another registry.
        ("docker.io:443/alpine", "docker.io:443", "alpine"),
        ("ghcr.io/owner/app", "ghcr.io", "owner/app"), ("GHCR.io/owner/app", "GHCR.io", "owner/app"),
        ("quay.io/prometheus/node-exporter", "quay.io", "prometheus/node-exporter"),
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x", "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "x"
        ),
        (
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/x",
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "team/x"
        ),
        ("public.ecr.aws/docker/library/alpine", "public.ecr.aws", "docker/library/alpine"),
        ("gcr.io/project/app", "gcr.io", "project/app"),
        ("eu.gcr.io/domain.com/project/app", "eu.gcr.io", "domain.com/project/app"),
        ("europe-west1-docker.pkg.dev/project/repository/app", "europe-west1-docker.pkg.dev", "project/repository/app"),
        ("mcr.microsoft.com/dotnet/sdk", "mcr.microsoft.com", "dotnet/sdk"),
        ("me.azurecr.io/app", "me.azurecr.io", "app"), ("registry.k8s.io/pause", "registry.k8s.io", "pause"),
        ("registry.gitlab.com/group/sub/project/app", "registry.gitlab.com", "group/sub/project/app"),
        ("localhost:5000/app", "localhost:5000", "app"), ("localhost/app", "localhost", "app"),
        ("127.0.0.1:5000/app", "127.0.0.1:5000", "app"), ("[::1]:5000/app", "[::1]:5000", "app"),
        ("nas:5000/app", "nas:5000", "app"), ("NAS/app", "NAS", "app"), ("nas/app", "docker.io", "nas/app"),
        // Only a Dockerfile knows `scratch`; here it is a name like others.
        ("scratch", "docker.io", "library/scratch"),
    ])
    func `each registry is named as its users do`(name: String, host: String, repository: String) {
        for (end, tag, digest) in [
            ("", "latest", nil), (":3.20-Alpine_1", "3.20-Alpine_1", nil), ("@\(Self.digest)", nil, Self.digest),
            (":3.20@\(Self.digest)", "3.20", Self.digest),
        ] {
            let reference = ImageReference(parsing: name + end)
            #expect(reference == ImageReference(host: host, repository: repository, tag: tag, digest: digest))
            // What was made complete means the same.
            #expect(reference.flatMap { ImageReference(parsing: $0.description) } == reference)
        }
    }

    @Test(arguments: [
        "", ":", "@", "/", "a/", "/a", "a//b", "Alpine", "me/App", "alpine:", "alpine:-x", "alpine:.x", "alpine:a/b",
        "alpine:" + String(repeating: "t", count: 129), "alpine@", "alpine@sha256:", "alpine@sha256:0A",
        "alpine@" + digest + "0",
        "alpine@md5:" + String(repeating: "0", count: 32), "alpine@" + digest.uppercased(), "a@b@" + digest, ".a", "a.",
        "-a",
        "a-", "a..b", "a___b", "a._b", "a b", "a\n", "é", "a.example:/app", "a.example:x/app", "a.example:+5000/app",
        "a.example:0/app", "a.example:65536/app", "a.example:1:2/app", "-a.example/app", "a-.example/app",
        "a..example/app",
        "a_b.example/app", "https://a.example/app", "[::1/app", "[]/app", "[::1]x/app", "[::g]/app", "[::1]:/app",
        String(repeating: "0a", count: 32), "a.example/" + String(repeating: "r", count: 246), "localhost:5000/",
    ])
    func `what names no image is none`(text: String) { #expect(ImageReference(parsing: text) == nil, "\(text)") }

    @Test func `its parts are there`() throws {
        let reference = try #require(ImageReference(parsing: "a.example:1/b/c:d@\(Self.digest)"))
        #expect((reference.host, reference.repository, reference.name) == ("a.example:1", "b/c", "a.example:1/b/c"))
        #expect((reference.tag, reference.digest) == ("d", Self.digest))
        #expect(ImageReference(parsing: "a@\(Self.digest)")?.tag == nil)
        #expect(ImageReference(host: "h", repository: "r", tag: "t").description == "h/r:t")
    }
}
