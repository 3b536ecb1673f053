import Git
import Testing

@Suite struct BlobIDTests {
    @Test(arguments: ["e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "0123456789abcdef00000000fedcba9876543210"])
    func `digits go in and come out`(hex: String) {
        #expect(BlobID(hex: hex)?.hex == hex)
        #expect(BlobID(hex: hex.uppercased()) == BlobID(hex: hex))
        for position in 0..<40 {
            var other = Array(hex)
            other[position] = other[position] == "7" ? "8" : "7"
            #expect(BlobID(hex: String(other)) != BlobID(hex: hex))
            #expect(BlobID(hex: String(other))?.hex == String(other))
        }
    }

    @Test(arguments: ["", "e69de29bb2d1d6434b8b29ae775ad8c2e48c539", "g69de29bb2d1d6434b8b29ae775ad8c2e48c5391"])
    func `anything else is none`(text: String) { #expect(BlobID(hex: text) == nil) }
}
