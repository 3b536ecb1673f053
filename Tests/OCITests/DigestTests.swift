import Testing

@testable import OCI

@Suite struct DigestTests {
    private static let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test(arguments: [
        ("", empty),
        ("abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func `content has the digest of the standard's examples`(text: String, digest: String) throws {
        #expect(Digest.sha256(of: text.utf8).description == digest)
        #expect(try #require(Digest(parsing: digest)) == Digest.sha256(of: Array(text.utf8)))
    }

    @Test func `a digest survives text, hex and bytes`() throws {
        let digest = try #require(Digest(parsing: Self.empty))
        #expect(digest.description == Self.empty)
        #expect(Digest(hex: digest.hex) == digest)
        #expect(Digest(bytes: digest.bytes) == digest)
        #expect(digest.bytes.withUnsafeBytes { Digest($0) } == digest)
        #expect(digest.bytes.dropLast().withUnsafeBytes { Digest($0) } == nil)
        #expect(digest.bytes.first == 0xe3 && digest.bytes.last == 0x55)
    }

    @Test(arguments: [
        "", "sha256:", "sha256:e3b0", "sha512:" + String(repeating: "0", count: 128),
        "sha256:" + String(repeating: "0", count: 63), "sha256:" + String(repeating: "0", count: 65),
        "sha256:" + String(repeating: "A", count: 64), "SHA256:" + String(repeating: "0", count: 64),
        "sha256:" + String(repeating: "g", count: 64), String(repeating: "0", count: 64),
    ])
    func `anything else is no digest`(text: String) { #expect(Digest(parsing: text) == nil) }

    @Test func `digests are in the order of their text`() {
        let digests = (0..<50).map { Digest.sha256(of: "\($0)".utf8) }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
    }
}
