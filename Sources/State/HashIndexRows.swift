/// What each file held when it had these times and this inode, so that a start reads only what changed.

import GRDB

package struct IndexedHash: Hashable, Sendable {
    /// Bytes.
    package var size: Int64
    /// Nanoseconds since the epoch.
    package var modified: Int64
    /// Nanoseconds since the epoch: the last change of content or attributes.
    package var changed: Int64
    package var inode: UInt64
    package var device: UInt64
    /// Type and permissions, as `st_mode` has them.
    package var mode: UInt32
    /// 64 hex digits of SHA-256.
    package var digest: String
    /// 40 hex digits: git's name for the bytes.
    package var blobID: String

    package init(
        size: Int64,
        modified: Int64,
        changed: Int64,
        inode: UInt64,
        device: UInt64,
        mode: UInt32,
        digest: String,
        blobID: String
    ) {
        (self.size, self.modified, self.changed) = (size, modified, changed)
        (self.inode, self.device, self.mode) = (inode, device, mode)
        (self.digest, self.blobID) = (digest, blobID)
    }
}

extension StateStore {
    /// All of it, by path.
    package func hashIndex() throws(StateError) -> [String: IndexedHash] {
        try read { database in
            var index: [String: IndexedHash] = [:]
            index.reserveCapacity(try Int.fetchOne(database, sql: "SELECT count(*) FROM hash") ?? 0)
            let sql = "SELECT path, size, modified, changed, inode, device, mode, digest, blob FROM hash"
            let rows = try Row.fetchCursor(database, sql: sql)
            while let row = try rows.next() {
                index[row[0]] = IndexedHash(
                    size: row[1],
                    modified: row[2],
                    changed: row[3],
                    // SQLite knows signed numbers only, and some file systems use all 64 bits.
                    inode: UInt64(bitPattern: row[4]),
                    device: UInt64(bitPattern: row[5]),
                    mode: row[6],
                    digest: row[7],
                    blobID: row[8]
                )
            }
            return index
        }
    }

    /// All or nothing; nil drops a path.
    package func saveHashes(_ changed: [String: IndexedHash?]) throws(StateError) {
        try write { database in
            let insert = try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO hash VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            )
            let delete = try database.cachedStatement(sql: "DELETE FROM hash WHERE path = ?")
            // In the table's order, which halves the time.
            for (path, hash) in changed.sorted(by: { $0.key < $1.key }) {
                guard let hash else {
                    try delete.execute(arguments: [path])
                    continue
                }
                try insert.execute(
                    arguments: [
                        path, hash.size, hash.modified, hash.changed, Int64(bitPattern: hash.inode),
                        Int64(bitPattern: hash.device), hash.mode, hash.digest, hash.blobID,
                    ]
                )
            }
        }
    }
}
