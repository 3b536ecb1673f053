/// Hashes by OpenSSL: SHA-256 for content, and in the same pass git's SHA-1 of a blob.

internal import COpenSSL

/// SHA-256 of bytes that come in pieces.
package struct SHA256Hasher: ~Copyable {
    private var context = HashContext(.sha256)

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) { context.update(bytes) }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { context.update($0) } }

    /// Adds the text's UTF-8.
    package mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { context.update(UnsafeRawBufferPointer($0)) }
    }

    package consuming func finalize() -> Digest { context.finishSHA256() }
}

/// One pass over a file's bytes for both of its names: ours, and the one that git gives to the same content.
package struct ContentHasher: ~Copyable {
    private var content = HashContext(.sha256)
    private var blob = HashContext(.sha1)

    /// Git puts the length before the bytes, so it must be known.
    ///
    /// With another number of bytes than `length` in the updates the digest is still theirs, but the git id is
    /// nobody's.
    package init(length: Int) {
        var header = "blob \(length)\0"
        header.withUTF8 { blob.update(UnsafeRawBufferPointer($0)) }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        content.update(bytes)
        blob.update(bytes)
    }

    /// Gives the digest, and the 20 bytes of the git blob id.
    package consuming func finalize() -> (digest: Digest, gitBlob: [UInt8]) {
        let id = blob.finish()
        return (content.finishSHA256(), id)
    }

    /// The 20 bytes of the id that git gives to an object (`blob`, `tree`) of these bytes.
    package static func gitID(of kind: String, _ bytes: [UInt8]) -> [UInt8] {
        var object = HashContext(.sha1)
        var header = "\(kind) \(bytes.count)\0"
        header.withUTF8 { object.update(UnsafeRawBufferPointer($0)) }
        bytes.withUnsafeBytes { object.update($0) }
        return object.finish()
    }
}

extension Digest {
    package static func sha256(of bytes: some Sequence<UInt8>) -> Digest {
        var hasher = SHA256Hasher()
        let done: Void? = bytes.withContiguousStorageIfAvailable { hasher.update(UnsafeRawBufferPointer($0)) }
        if done == nil { hasher.update(Array(bytes)) }
        return hasher.finalize()
    }
}

/// SHA-1, where others have given names by it.
package enum SHA1 {
    /// 40 lower-case hex digits.
    package static func hex(of text: String) -> String {
        var context = HashContext(.sha1)
        Array(text.utf8).withUnsafeBytes { context.update($0) }
        return context.finish().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// An algorithm, fetched from OpenSSL once: fetching at each use costs more than hashing a small file.
// Unchecked: an EVP_MD is immutable after the fetch, and this one is never freed.
struct HashAlgorithm: @unchecked Sendable {
    let pointer: OpaquePointer

    static let sha256 = HashAlgorithm("SHA2-256")
    static let sha1 = HashAlgorithm("SHA1")

    private init(_ name: String) {
        guard let pointer = EVP_MD_fetch(nil, name, nil) else { preconditionFailure("OpenSSL lacks \(name)") }
        self.pointer = pointer
    }
}

/// Owns one EVP_MD_CTX.
///
/// Its calls fail only where memory has run out, which ends the program.
struct HashContext: ~Copyable {
    private let pointer: OpaquePointer

    init(_ algorithm: HashAlgorithm) {
        guard let pointer = EVP_MD_CTX_new(), EVP_DigestInit_ex2(pointer, algorithm.pointer, nil) == 1 else {
            preconditionFailure("OpenSSL could not start a hash")
        }
        self.pointer = pointer
    }

    deinit { EVP_MD_CTX_free(pointer) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        precondition(EVP_DigestUpdate(pointer, start, bytes.count) == 1, "OpenSSL could not go on with a hash")
    }

    consuming func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            var length: UInt32 = 0
            precondition(EVP_DigestFinal_ex(pointer, buffer.baseAddress, &length) == 1, "OpenSSL could not end a hash")
            count = Int(length)
        }
    }

    consuming func finishSHA256() -> Digest {
        guard let digest = Digest(bytes: finish()) else { preconditionFailure("a SHA-256 has 32 bytes") }
        return digest
    }
}

/// Message authentication codes (RFC 2104) over SHA-256.
package enum HMAC {
    /// 32 bytes.
    package static func sha256(of message: [UInt8], key: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            let result = EVP_Q_mac(
                nil,
                "HMAC",
                nil,
                "SHA256",
                nil,
                key,
                key.count,
                message,
                message.count,
                buffer.baseAddress,
                32,
                &count
            )
            precondition(result != nil, "OpenSSL could not make a code")
        }
    }
}
