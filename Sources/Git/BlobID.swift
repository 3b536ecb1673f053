/// The name of a blob in 20 bytes: where there is one for each of many files, a text of 40 digits is too much.

import CLibgit2

package struct BlobID: Hashable, Sendable, CustomStringConvertible {
    // In the order of the bytes, the first one highest.
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    package static let byteCount = 20

    init(_ id: git_oid) {
        self = withUnsafeBytes(of: id) { Self(of: $0) }
    }

    /// Takes the 20 bytes themselves; nil for any other number of them.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        self.init(of: bytes)
    }

    /// Takes the 20 bytes themselves; nil for any other number of them.
    package init?(_ bytes: [UInt8]) {
        guard let id = bytes.withUnsafeBytes(Self.init) else { return nil }
        self = id
    }

    private init(of bytes: UnsafeRawBufferPointer) {
        high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        middle = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        low = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    package func append(to bytes: inout [UInt8]) {
        withUnsafeBytes(of: high.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: middle.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: low.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// - Parameter hex: 40 digits, of either case; nil for any other text.
    package init?(hex: String) {
        var digits: [UInt8] = []
        for byte in hex.utf8 {
            guard let digit = Self.digit(byte) else { return nil }
            digits.append(digit)
        }
        guard digits.count == 40 else { return nil }
        high = digits[..<16].reduce(0) { $0 << 4 | UInt64($1) }
        middle = digits[16..<32].reduce(0) { $0 << 4 | UInt64($1) }
        low = digits[32...].reduce(0) { $0 << 4 | UInt32($1) }
    }

    /// 40 lower-case digits.
    package var hex: String {
        String(unsafeUninitializedCapacity: 40) { buffer in
            for index in 0..<40 {
                let digit =
                    switch index {
                    case ..<16: UInt8(truncatingIfNeeded: high >> (60 - 4 * index))
                    case ..<32: UInt8(truncatingIfNeeded: middle >> (60 - 4 * (index - 16)))
                    default: UInt8(truncatingIfNeeded: low >> (28 - 4 * (index - 32)))
                    }
                let value = digit & 0xF
                buffer[index] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
            }
            return 40
        }
    }

    package var description: String { hex }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
