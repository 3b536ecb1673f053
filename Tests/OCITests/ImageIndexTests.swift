import Testing

@testable import OCI

@Suite struct ImageIndexTests {
    /// The platforms in order; the digest of each manifest is that of its text.
    private static func index(_ platforms: [String], type: String = MediaType.manifest) throws -> ImageIndex {
        let manifests = platforms.map { text in
            let parts = text.split(separator: "/").map(String.init)
            var platform = [JSON.Member("architecture", .text(parts[1])), JSON.Member("os", .text(parts[0]))]
            if parts.count > 2 { platform.append(JSON.Member("variant", .text(parts[2]))) }
            let digest = Digest.sha256(of: text.utf8)
            return JSON.object([
                JSON.Member("mediaType", .text(type)), JSON.Member("digest", .text(digest.description)),
                JSON.Member("size", .integer(7)), JSON.Member("platform", .object(platform)),
            ])
        }
        let index = JSON.object([
            JSON.Member("schemaVersion", .integer(2)), JSON.Member("manifests", .array(manifests)),
        ])
        return try ImageIndex(decoding: index.encoded())
    }

    private static let searches: [([String], String, String?)] = [
        (["linux/arm64", "linux/amd64"], "linux/amd64", "linux/amd64"),
        (["linux/amd64/v3", "linux/amd64"], "linux/amd64", "linux/amd64"),
        (["linux/amd64", "linux/amd64/v2"], "linux/amd64/v3", "linux/amd64/v2"),
        (["linux/arm64/v8"], "linux/arm64", "linux/arm64/v8"), (["linux/arm64"], "linux/arm64/v8", "linux/arm64"),
        (["linux/arm/v5", "linux/arm/v7"], "linux/arm/v7", "linux/arm/v7"),
        (["linux/arm/v5", "linux/arm/v6"], "linux/arm/v7", "linux/arm/v6"),
        (["linux/arm/v7"], "linux/arm", "linux/arm/v7"), (["linux/arm/v7"], "linux/arm/v6", nil),
        (["linux/s390x", "linux/ppc64le"], "linux/ppc64le", "linux/ppc64le"),
        (["windows/amd64"], "linux/amd64", nil), (["unknown/unknown"], "linux/amd64", nil), ([], "linux/amd64", nil),
    ]

    @Test(arguments: searches)
    func `an image is found for what the machine runs`(platforms: [String], wanted: String, found: String?) throws {
        for type in [MediaType.manifest, MediaType.dockerManifest] {
            let image = try Self.index(platforms, type: type).manifest(for: wanted)
            #expect(image?.digest == found.map { Digest.sha256(of: $0.utf8) })
        }
        #expect(try Self.index(platforms, type: "application/x").manifest(for: wanted) == nil)
    }

    @Test func `attestations are no images, and an only image needs no platform`() {
        let digest = Digest.sha256(of: [])
        let image = Descriptor(mediaType: MediaType.manifest, digest: digest, size: 1)
        var attestation = image
        attestation.annotations["vnd.docker.reference.type"] = "attestation-manifest"
        let platform = ImageIndex.Platform(operatingSystem: "linux", architecture: "amd64")
        #expect(ImageIndex([.init(attestation, platform: platform)]).manifest(for: "linux/amd64") == nil)
        let index = ImageIndex([.init(attestation, platform: nil), .init(image, platform: nil)])
        #expect(index.manifest(for: "linux/amd64") == image)
        #expect(ImageIndex([.init(image, platform: nil), .init(image, platform: nil)]).manifest(for: "linux/a") == nil)
    }

    @Test(arguments: ["{}", "[]", "x", #"{"manifests":[{"mediaType":"a","size":1}]}"#])
    func `what is no index is refused`(text: String) {
        #expect(throws: OCIError.self) { try ImageIndex(decoding: Array(text.utf8)) }
    }
}
