/// Content is named by its SHA-256, written as the OCI image specification writes it: `sha256:<64 hex digits>`.

package struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The 32 bytes as big-endian words, so that the order of digests is the order of their text.
    private let words: Words

    /// Takes `sha256:` and 64 lower-case hex digits; anything else, also other algorithms, is nil.
    package init?(parsing text: some StringProtocol) {
        guard text.utf8.starts(with: Self.prefix.utf8) else { return nil }
        self.init(hex: text.dropFirst(Self.prefix.utf8.count))
    }

    /// Takes 64 lower-case hex digits.
    package init?(hex: some StringProtocol) {
        // A start reads one for each file that it remembers.
        let known = hex.utf8.withContiguousStorageIfAvailable(Self.words)
        guard let words = known ?? Array(hex.utf8).withUnsafeBufferPointer(Self.words) else { return nil }
        self.words = words
    }

    /// Takes the 32 bytes of the hash itself.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words = Words()
        for (index, byte) in bytes.enumerated() {
            words[index / 8] = words[index / 8] << 8 | UInt64(byte)
        }
        self.words = words
    }

    /// Takes the 32 bytes where they lie; an index of a base has tens of thousands of them.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 32 else { return nil }
        var words = Words()
        for index in 0..<4 {
            words[index] = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        }
        self.words = words
    }

    /// The 32 bytes of the hash itself.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    package func append(to bytes: inout [UInt8]) {
        for index in 0..<4 { withUnsafeBytes(of: words[index].bigEndian) { bytes.append(contentsOf: $0) } }
    }

    /// 64 lower-case hex digits: the name of the blob's file in an image layout.
    package var hex: String {
        String(unsafeUninitializedCapacity: 64) { buffer in
            for index in 0..<64 {
                let nibble = UInt8(truncatingIfNeeded: words[index / 16] >> UInt64(60 - index % 16 * 4)) & 15
                buffer[index] = nibble < 10 ? nibble + 48 : nibble + 87
            }
            return 64
        }
    }

    package var description: String { Self.prefix + hex }

    package static func < (left: Digest, right: Digest) -> Bool {
        for index in 0..<4 where left.words[index] != right.words[index] {
            return left.words[index] < right.words[index]
        }
        return false
    }

    private static let prefix = "sha256:"

    private static func words(_ digits: UnsafeBufferPointer<UInt8>) -> Words? {
        guard digits.count == 64 else { return nil }
        var words = Words()
        for index in 0..<4 {
            var word: UInt64 = 0
            for digit in digits[index * 16..<index * 16 + 16] {
                guard let nibble = nibble(digit) else { return nil }
                word = word << 4 | UInt64(nibble)
            }
            words[index] = word
        }
        return words
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 97...102: byte - 87
        default: nil
        }
    }
}

/// Not a `SIMD4`: that wants to lie at multiples of 32 bytes, and the frames of async functions only lie at multiples
/// of 16, so that it overwrites its neighbours there (Swift 6.3).
private struct Words: Hashable {
    private var a: UInt64 = 0, b: UInt64 = 0, c: UInt64 = 0, d: UInt64 = 0

    subscript(index: Int) -> UInt64 {
        get { index < 2 ? index == 0 ? a : b : index == 2 ? c : d }
        set {
            switch index {
            case 0: a = newValue
            case 1: b = newValue
            case 2: c = newValue
            default: d = newValue
            }
        }
    }
}
