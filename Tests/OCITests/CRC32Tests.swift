import Testing

@testable import OCI

@Suite struct CRC32Tests {
    private static func checksum(_ pieces: [[UInt8]]) -> UInt32 {
        var checksum = CRC32()
        for piece in pieces { piece.withUnsafeBytes { checksum.update($0) } }
        return checksum.value
    }

    /// 0xcbf43926 is the check value of the algorithm's definition.
    @Test func `the check value comes out`() {
        #expect(Self.checksum([Array("123456789".utf8)]) == 0xcbf4_3926)
        #expect(Self.checksum([]) == 0)
    }

    @Test(arguments: 0..<70)
    func `any split gives the checksum of the whole, byte by byte`(split: Int) {
        let bytes = (0..<70).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ 5) }
        let expected = Self.checksum(bytes.map { [$0] })
        #expect(Self.checksum([Array(bytes[..<split]), Array(bytes[split...])]) == expected)
    }
}
