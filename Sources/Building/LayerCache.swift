/// Layers that were made before, by what they hold.

package import OCI
internal import Synchronization

/// Two functions over whatever remembers layers, so that building knows no database.
package struct LayerCache: Sendable {
    /// The layer of a key; nil where it is not known.
    ///
    /// Whether its blob is still there is not asked here.
    package var lookup: @Sendable (_ key: Digest) -> LayerRecord?
    package var store: @Sendable (_ key: Digest, LayerRecord) -> Void

    package init(
        lookup: @escaping @Sendable (_ key: Digest) -> LayerRecord?,
        store: @escaping @Sendable (_ key: Digest, LayerRecord) -> Void
    ) {
        (self.lookup, self.store) = (lookup, store)
    }

    /// Forgets with the process.
    package static func inMemory() -> LayerCache {
        let records = LayerRecords()
        return LayerCache(lookup: { records[$0] }, store: { records[$0] = $1 })
    }
}

private final class LayerRecords: Sendable {
    private let records = Mutex<[Digest: LayerRecord]>([:])

    subscript(key: Digest) -> LayerRecord? {
        get { records.withLock { $0[key] } }
        set { records.withLock { $0[key] = newValue } }
    }
}
