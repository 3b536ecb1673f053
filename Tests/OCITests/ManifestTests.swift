import Testing

@testable import OCI

@Suite struct ManifestTests {
    @Test(
        .enabled(if: Oracles.has("buildkit-goldens"), "shared/oracles is not on this machine"),
        arguments: ["default-gzip", "gzip-level-0", "oci-mediatypes", "uncompressed"]
    )
    func `manifests have BuildKit's bytes`(name: String) throws {
        let golden = try Oracles.read("buildkit-goldens/common/\(name)/v30/manifest.json")
        #expect(try Manifest(decoding: golden).encoded() == golden)
    }

    @Test func `annotations are written sorted, and read back`() throws {
        let digest = Digest.sha256(of: [])
        let manifest = Manifest(
            configuration: Descriptor(mediaType: MediaType.configuration, digest: digest, size: 2),
            layers: [],
            annotations: ["b": "2", "a": "1"]
        )
        let bytes = manifest.encoded()
        #expect(try Manifest(decoding: bytes) == manifest)
        #expect(String(decoding: bytes, as: UTF8.self).contains("\"a\": \"1\",\n    \"b\": \"2\""))
    }

    @Test(arguments: ["{}", #"{"config":{"mediaType":"x","digest":"sha256:1","size":1}}"#, "[]", "x"])
    func `what is no manifest is refused`(text: String) {
        #expect(throws: OCIError.self) { try Manifest(decoding: Array(text.utf8)) }
    }

    @Test func `Docker's manifests are read, but those of schema 1`() throws {
        let digest = Digest.sha256(of: [])
        let layer = #"{"mediaType":"\#(MediaType.dockerLayer)","size":3,"digest":"\#(digest)"}"#
        let configuration = #"{"mediaType":"\#(MediaType.dockerConfiguration)","size":2,"digest":"\#(digest)"}"#
        let type = MediaType.dockerManifest
        let head = #"{"schemaVersion":2,"mediaType":"\#(type)","config":"#
        let text = head + configuration + #","layers":["# + layer + "]}"
        let manifest = try Manifest(decoding: Array(text.utf8))
        #expect(manifest.configuration.mediaType == MediaType.dockerConfiguration)
        #expect(manifest.layers == [Descriptor(mediaType: MediaType.dockerLayer, digest: digest, size: 3)])
        let old = #"{"schemaVersion":1,"name":"a","fsLayers":[]}"#
        let problem = #expect(throws: OCIError.self) { try Manifest(decoding: Array(old.utf8)) }
        #expect(problem?.reason.contains("schema 1") == true)
    }
}
