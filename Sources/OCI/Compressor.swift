/// Deflate and zstd, packed piece by piece by zlib and libzstd.

internal import CZlib
internal import CZstd

/// Raw deflate (RFC 1951) at zlib's usual level.
struct Deflater: ~Copyable {
    private static let level: Int32 = 6
    /// On the heap, as zlib remembers where it is.
    private let stream: UnsafeMutablePointer<z_stream>
    private let output = RawBuffer(byteCount: 1 << 17)

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        // A negative window: without a header and a checksum, which gzip has of its own.
        let status = deflateInit2_(
            stream,
            Self.level,
            Z_DEFLATED,
            -15,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            size
        )
        precondition(status == Z_OK, "zlib could not start")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Another stream begins.
    func reset() { precondition(deflateReset(stream) == Z_OK, "zlib lost its stream") }

    /// Packs bytes; with `isLast` the stream ends after them.
    func pack(_ bytes: UnsafeRawBufferPointer, isLast: Bool, to file: inout BlobFile) throws(OCIError) {
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
        stream.pointee.avail_in = UInt32(bytes.count)
        repeat {
            stream.pointee.next_out = output.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(output.bytes.count)
            let status = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
            precondition(status != Z_STREAM_ERROR, "zlib lost its stream")
            let length = output.bytes.count - Int(stream.pointee.avail_out)
            try file.write(UnsafeRawBufferPointer(rebasing: output.bytes.prefix(length)))
        } while stream.pointee.avail_out == 0
    }
}

/// One zstd frame with a checksum, at zstd's usual level.
struct ZstdPacker: ~Copyable {
    private let context: OpaquePointer
    private let output = RawBuffer(byteCount: 1 << 17)

    init() {
        guard let context = ZSTD_createCCtx() else { preconditionFailure("zstd could not start") }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Packs bytes; with `isLast` the frame ends after them.
    func pack(_ bytes: UnsafeRawBufferPointer, isLast: Bool, to file: inout BlobFile) throws(OCIError) {
        var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var left = 0
        repeat {
            var target = ZSTD_outBuffer(dst: output.bytes.baseAddress, size: output.bytes.count, pos: 0)
            left = ZSTD_compressStream2(context, &target, &source, isLast ? ZSTD_e_end : ZSTD_e_continue)
            precondition(ZSTD_isError(left) == 0, "zstd lost its stream")
            try file.write(UnsafeRawBufferPointer(rebasing: output.bytes.prefix(target.pos)))
        } while isLast ? left > 0 : source.pos < source.size
    }
}
