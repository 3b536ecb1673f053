import Testing

@testable import OCI

@Suite struct HashingTests {
    @Test func `pieces hash like the whole`() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hasher = SHA256Hasher()
        for start in stride(from: 0, to: bytes.count, by: 999) {
            hasher.update(Array(bytes[start..<min(start + 999, bytes.count)]))
        }
        #expect(hasher.finalize() == Digest.sha256(of: bytes))
    }

    @Test func `a text hashes as its UTF-8`() {
        var hasher = SHA256Hasher()
        hasher.update("grün")
        #expect(hasher.finalize() == Digest.sha256(of: "grün".utf8))
    }

    /// The ids are those of `git hash-object`.
    @Test(arguments: [
        ("", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        ("hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
    ])
    func `one pass gives the digest and git's id`(text: String, id: String) {
        var hasher = ContentHasher(length: text.utf8.count)
        Array(text.utf8).withUnsafeBytes { hasher.update($0) }
        let names = hasher.finalize()
        #expect(names.digest == Digest.sha256(of: text.utf8))
        #expect(names.gitBlob.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == id)
    }
}
