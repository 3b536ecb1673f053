/// The gzip frame around stored (uncompressed) blocks: a layer encoding that every consumer of gzip takes, and that
/// costs a checksum. The bytes are those of Go's compress/gzip at level 0 (RFC 1951 §3.2.4, RFC 1952).

enum StoredGzip {
    /// No name, no time, no compression level, unknown system.
    static let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    static let headerLength = 10
    static let blockHeaderLength = 5
    static let blockCapacity = 65535
    static let blockStride = blockHeaderLength + blockCapacity
    /// The empty last block, the checksum, the length.
    static let trailerLength = 13

    static func blockHeader(length: Int) -> [UInt8] {
        let size = UInt16(truncatingIfNeeded: length)
        return [0] + littleEndian(size) + littleEndian(~size)
    }

    static let emptyLastBlock: [UInt8] = [1, 0, 0, 255, 255]

    /// Of all gzip, whatever its blocks.
    static func trailer(checksum: UInt32, length: Int) -> [UInt8] {
        littleEndian(checksum) + littleEndian(UInt32(truncatingIfNeeded: length))
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
