/// What is in layers that were listed before, by their blobs' digests: bytes whose form is this module's own.

package import OCI
internal import Synchronization

/// Two functions over whatever keeps the bytes.
///
/// Bytes that are not what was stored count as not there.
package struct LayerIndexCache: Sendable {
    package var lookup: @Sendable (_ layer: Digest) -> [UInt8]?
    package var store: @Sendable (_ layer: Digest, [UInt8]) -> Void

    package init(
        lookup: @escaping @Sendable (_ layer: Digest) -> [UInt8]?,
        store: @escaping @Sendable (_ layer: Digest, [UInt8]) -> Void
    ) {
        (self.lookup, self.store) = (lookup, store)
    }

    /// Forgets with the process.
    package static func inMemory() -> LayerIndexCache {
        let known = Indexes()
        return LayerIndexCache(lookup: { known[$0] }, store: { known[$0] = $1 })
    }

    /// So many files at most are taken over when the folder is opened, those that were written last.
    package static let mostFiles = 1000

    /// One file a layer; the folder is made where it is missing.
    ///
    /// What cannot be written is listed again next time.
    package static func inFolder(_ path: String) throws(OCIError) -> LayerIndexCache {
        let folder = try FolderOfFiles(path, most: mostFiles)
        return LayerIndexCache(
            lookup: { (try? folder.read($0.hex)) ?? nil },
            store: { try? folder.write($0.hex, $1) }
        )
    }
}

private final class Indexes: Sendable {
    private let known = Mutex<[Digest: [UInt8]]>([:])

    subscript(layer: Digest) -> [UInt8]? {
        get { known.withLock { $0[layer] } }
        set { known.withLock { $0[layer] = newValue } }
    }
}
