/// The checksum in a gzip trailer (RFC 1952 §8), and of what is kept for the next start: sixteen bytes a step, so that
/// stored layers pack at memory speed.

package struct CRC32 {
    private var register: UInt32 = 0xffff_ffff

    var value: UInt32 { ~register }

    package static func value(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        var checksum = CRC32()
        checksum.update(bytes)
        return checksum.value
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var crc = register
        Self.tables.withUnsafeBufferPointer { tables in
            var offset = 0
            while offset + 16 <= bytes.count {
                let low = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian ^ UInt64(crc)
                let high = bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self).littleEndian
                crc = Self.fold(low, tables, 15) ^ Self.fold(high, tables, 7)
                offset += 16
            }
            while offset < bytes.count {
                crc = crc >> 8 ^ tables[Int((crc ^ UInt32(bytes[offset])) & 0xff)]
                offset += 1
            }
        }
        register = crc
    }

    /// Looks the word's eight bytes up, each in its own table, from `top` downwards.
    @inline(__always)
    private static func fold(_ word: UInt64, _ tables: UnsafeBufferPointer<UInt32>, _ top: Int) -> UInt32 {
        tables[top << 8 + Int(word & 0xff)]
            ^ tables[(top - 1) << 8 + Int(word >> 8 & 0xff)]
            ^ tables[(top - 2) << 8 + Int(word >> 16 & 0xff)]
            ^ tables[(top - 3) << 8 + Int(word >> 24 & 0xff)]
            ^ tables[(top - 4) << 8 + Int(word >> 32 & 0xff)]
            ^ tables[(top - 5) << 8 + Int(word >> 40 & 0xff)]
            ^ tables[(top - 6) << 8 + Int(word >> 48 & 0xff)]
            ^ tables[(top - 7) << 8 + Int(word >> 56)]
    }

    /// Sixteen tables of 256, one after the other: table n carries a byte n more bytes to the right.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 16 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
            tables[byte] = value
        }
        for index in 256..<tables.count {
            let previous = tables[index - 256]
            tables[index] = previous >> 8 ^ tables[Int(previous & 0xff)]
        }
        return tables
    }()
}
