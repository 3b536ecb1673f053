/// Gzip and zstd, unpacked piece by piece by zlib and libzstd.

internal import CZlib
internal import CZstd

/// How a file is compressed, by its first bytes; the same signs as in Docker.
enum Compression: Hashable, Sendable {
    case none
    case gzip
    case zstd
    /// bzip2 or xz.
    case other

    init(beginning bytes: [UInt8]) {
        if bytes.starts(with: [0x1f, 0x8b, 8]) {
            self = .gzip
        } else if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) || Self.isSkippableFrame(bytes) {
            self = .zstd
        } else if bytes.starts(with: Array("BZh".utf8)) || bytes.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]) {
            self = .other
        } else {
            self = .none
        }
    }

    /// Zstd allows for frames with something else than content, before the first one too.
    private static func isSkippableFrame(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 8 && bytes[0] & 0xf0 == 0x50 && bytes[1..<4].elementsEqual([0x2a, 0x4d, 0x18])
    }
}

/// Unpacks a stream.
protocol Decompressor: ~Copyable {
    /// Takes bytes from the front of `input` and fills the front of `output`; what was used of them is cut off.
    ///
    /// False where the input is broken.
    mutating func step(
        _ input: inout UnsafeRawBufferPointer,
        _ output: inout UnsafeMutableRawBufferPointer
    ) -> Bool

    /// Whether the input may end here.
    var isComplete: Bool { get }
}

/// Of one gzip file, which may have several members one after the other.
struct GzipDecompressor: ~Copyable, Decompressor {
    /// On the heap, as zlib remembers where it is.
    private let stream: UnsafeMutablePointer<z_stream>
    private(set) var isComplete = false

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 16 more than the greatest window: with gzip's header and trailer.
        let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib could not start")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    mutating func step(
        _ input: inout UnsafeRawBufferPointer,
        _ output: inout UnsafeMutableRawBufferPointer
    ) -> Bool {
        if isComplete {
            // Zeros fill the file up on tapes; anything else must be another member.
            input = UnsafeRawBufferPointer(rebasing: input.drop { $0 == 0 })
            if input.isEmpty { return true }
            guard inflateReset(stream) == Z_OK else { return false }
            isComplete = false
        }
        let taken = min(input.count, Int(UInt32.max))
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
        stream.pointee.avail_in = UInt32(taken)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(min(output.count, Int(UInt32.max)))
        let room = Int(stream.pointee.avail_out)
        let status = inflate(stream, Z_NO_FLUSH)
        input = UnsafeRawBufferPointer(rebasing: input.dropFirst(taken - Int(stream.pointee.avail_in)))
        output = UnsafeMutableRawBufferPointer(rebasing: output.dropFirst(room - Int(stream.pointee.avail_out)))
        isComplete = status == Z_STREAM_END
        return [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(status)
    }
}

/// Of one zstd file, which may have several frames one after the other.
struct ZstdDecompressor: ~Copyable, Decompressor {
    private let context: OpaquePointer
    private(set) var isComplete = false

    init() {
        guard let context = ZSTD_createDCtx() else { preconditionFailure("zstd could not start") }
        self.context = context
    }

    deinit {
        ZSTD_freeDCtx(context)
    }

    mutating func step(
        _ input: inout UnsafeRawBufferPointer,
        _ output: inout UnsafeMutableRawBufferPointer
    ) -> Bool {
        if input.isEmpty, isComplete { return true }
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = ZSTD_decompressStream(context, &target, &source)
        guard ZSTD_isError(status) == 0 else { return false }
        input = UnsafeRawBufferPointer(rebasing: input.dropFirst(source.pos))
        output = UnsafeMutableRawBufferPointer(rebasing: output.dropFirst(target.pos))
        isComplete = status == 0
        return true
    }
}
