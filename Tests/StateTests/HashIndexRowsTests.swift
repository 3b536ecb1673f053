import State
import Testing

@Suite struct HashIndexRowsTests {
    private func hash(_ number: Int) -> IndexedHash {
        IndexedHash(
            size: Int64(number),
            modified: 1_700_000_000_123_456_789,
            changed: .max,
            inode: .max - UInt64(number),
            device: 1 << 63,
            mode: .max,
            digest: String(repeating: "a", count: 64),
            blobID: String(repeating: "b", count: 40)
        )
    }

    @Test func `rows are saved, replaced and dropped in one go`() throws {
        let place = try TemporaryState()
        var expected = Dictionary(uniqueKeysWithValues: (0..<1_000).map { ("/p/ä \($0)", hash($0)) })
        let store = try place.open()
        try store.saveHashes(expected.mapValues { $0 })
        #expect(try store.hashIndex() == expected)
        expected["/p/ä 1"] = hash(5_000)
        expected["/p/ä 2"] = nil
        try store.saveHashes(["/p/ä 1": hash(5_000), "/p/ä 2": nil, "/p/unknown": nil])
        #expect(try place.open().hashIndex() == expected)
    }
}
