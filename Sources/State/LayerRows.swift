/// Which layers were packed from which content, so that they are packed once.

import GRDB
package import OCI

extension StateStore {
    /// So many layers are remembered; then the one is forgotten that was saved longest ago.
    private static let layerLimit = 10_000

    /// - Returns: nil where it is not known.
    package func layer(_ key: Digest) throws(StateError) -> LayerRecord? {
        try read { database in
            let sql = "SELECT diffID, digest, size, mediaType FROM layer WHERE key = ?"
            guard let row = try Row.fetchOne(database, sql: sql, arguments: [key.hex]) else { return nil }
            guard let diffID = Digest(hex: row[0] as String), let digest = Digest(hex: row[1] as String) else {
                return nil
            }
            return LayerRecord(diffID: diffID, digest: digest, size: row[2], mediaType: row[3])
        }
    }

    package func saveLayer(_ key: Digest, _ layer: LayerRecord) throws(StateError) {
        try saveLayer(key, layer, limit: Self.layerLimit)
    }

    func saveLayer(_ key: Digest, _ layer: LayerRecord, limit: Int) throws(StateError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO layer (key, diffID, digest, size, mediaType) VALUES (?, ?, ?, ?, ?)",
                arguments: [key.hex, layer.diffID.hex, layer.digest.hex, layer.size, layer.mediaType]
            )
            try database.execute(
                sql: "DELETE FROM layer WHERE age <= ?",
                arguments: [database.lastInsertedRowID - Int64(limit)]
            )
        }
    }
}
