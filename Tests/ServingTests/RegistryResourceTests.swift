/// Which paths mean something, and that no other does.

import OCI
import Testing

@testable import Serving

@Suite struct RegistryResourceTests {
    private static let hex = String(repeating: "0123456789abcdef", count: 4)
    private static let digest = Digest(hex: hex)

    @Test(arguments: [
        ("/v2", RegistryResource.version), ("/v2/", .version), ("/v2/_catalog", .catalog),
        ("/v2/shop/tags/list", .tags(of: "shop")), ("/v2/a/b/tags/list", .tags(of: "a/b")),
        ("/v2/shop/manifests/dev", .tagged(name: "shop", tag: "dev")),
        ("/v2/tags/manifests/list", .tagged(name: "tags", tag: "list")),
        ("/v2/a/manifests/manifests/git-1_2.3", .tagged(name: "a/manifests", tag: "git-1_2.3")),
        ("/v2/a/manifests/_X", .tagged(name: "a", tag: "_X")),
        ("/v2/a/b-c/d.e_f/blobs/x", .none(.noBlob)),
        ("/v2/a/manifests/-x", .none(.noManifest)), ("/v2/a/manifests/.x", .none(.noManifest)),
        ("/v2/a/manifests/a b", .none(.noManifest)), ("/v2/a/manifests/", .none(.noManifest)),
        ("/v2/a/manifests/sha256:abc", .none(.noManifest)), ("/v2/a/blobs/sha512:\(hex)\(hex)", .none(.noBlob)),
        ("/v2/a/blobs/../../../etc/passwd", .none(.noName)), ("/v2/../blobs/sha256:\(hex)", .none(.noName)),
        ("/v2/a//b/tags/list", .none(.noName)), ("/v2/A/tags/list", .none(.noName)), ("/v2//tags/list", .none(.noName)),
        ("/v2/a-/tags/list", .none(.noName)), ("/v2/a\0/tags/list", .none(.noName)),
        ("/v2/a/referrers/sha256:\(hex)", .none(.noResource)), ("/v2/a/blobs/uploads/", .none(.noResource)),
        ("/v2/a", .none(.noResource)), ("/v2/a/tags", .none(.noResource)), ("/", .none(.noResource)),
        ("", .none(.noResource)), ("v2/", .none(.noResource)), ("/v1/", .none(.noResource)), ("*", .none(.noResource)),
    ])
    func `a path names a resource, or nothing`(path: String, resource: RegistryResource) {
        #expect(RegistryResource(path: path) == resource)
    }

    @Test func `a digest is parsed, and never a part of a path`() throws {
        let digest = try #require(Self.digest)
        #expect(RegistryResource(path: "/v2/a/manifests/\(digest)") == .manifest(digest))
        #expect(RegistryResource(path: "/v2/a/b/blobs/\(digest)") == .blob(digest))
        #expect(RegistryResource(path: "/v2/a/blobs/\(digest)x") == .none(.noBlob))
        #expect(RegistryResource(path: "/v2/a/blobs/sha256:\(Self.hex.uppercased())") == .none(.noBlob))
    }

    @Test func `names and tags are as long as the specification lets them be`() {
        let (name, tag) = (String(repeating: "a", count: 255), String(repeating: "t", count: 128))
        #expect(RegistryResource(path: "/v2/\(name)/manifests/\(tag)") == .tagged(name: name, tag: tag))
        #expect(RegistryResource(path: "/v2/\(name)a/manifests/\(tag)") == .none(.noName))
        #expect(RegistryResource(path: "/v2/\(name)/manifests/\(tag)t") == .none(.noManifest))
    }

    @Test(arguments: [
        ("shop:dev", "shop", "dev"), ("a/b:git-1", "a/b", "git-1"), ("shop", nil, nil), ("shop:", nil, nil),
        (":dev", nil, nil), ("h:5000/shop:dev", nil, nil), ("Shop:dev", nil, nil), ("shop:a/b", nil, nil),
    ])
    func `a name of the layout is an image and a tag, or another program's`(text: String, name: String?, tag: String?) {
        let split = RegistryResource.split(text)
        #expect(split?.name == name)
        #expect(split?.tag == tag)
    }
}
