/// In which form a layer's tar lies in its blob: it decides the blob's digest and size, never the layer's content.

package enum LayerEncoding: String, Hashable, Sendable, CaseIterable {
    /// Gzip without compression: the same bytes everywhere, at the cost of a checksum.
    case stored
    /// The bytes depend on the version of zlib.
    case gzip
    /// The bytes depend on the version of libzstd.
    case zstd
    /// The tar itself.
    case none

    package var mediaType: String {
        switch self {
        case .stored, .gzip: MediaType.layer
        case .zstd: MediaType.zstdLayer
        case .none: MediaType.plainLayer
        }
    }
}
