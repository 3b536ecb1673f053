/// What is remembered of the runs that counted, so that a restart builds nothing that is fresh.

import GRDB

/// Of the last run of a node that counted.
///
/// The texts are the caller's: nothing here reads them.
package struct Success: Hashable, Sendable {
    package var key: String
    /// The hash of what a step left; of a deploy, the key of the image that it acted on.
    package var outputs: String
    /// What git said of an image's inputs.
    package var provenance: String
    /// Where an image went.
    package var destination: String
    /// The names under which an image is to be found.
    package var references: [String]
    /// The image's manifest.
    package var digest: String

    package init(
        key: String,
        outputs: String = "",
        provenance: String = "",
        destination: String = "",
        references: [String] = [],
        digest: String = ""
    ) {
        (self.key, self.outputs, self.provenance) = (key, outputs, provenance)
        (self.destination, self.references, self.digest) = (destination, references, digest)
    }

    /// A run came after it that did not count: all that is left of it is that it was there, and under which names.
    package var isVoid: Bool { key.isEmpty }
}

extension StateStore {
    /// By node.
    package func successes() throws(StateError) -> [String: Success] {
        try read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT * FROM success")
            return Dictionary(
                uniqueKeysWithValues: rows.map { row in
                    let shown: String = row["shown"]
                    let success = Success(
                        key: row["key"],
                        outputs: row["outputs"],
                        provenance: row["provenance"],
                        destination: row["destination"],
                        references: shown.split(separator: "\n").map(String.init),
                        digest: row["digest"]
                    )
                    return (row["node"], success)
                }
            )
        }
    }

    /// Durable before it returns; nil voids what there is.
    package func remember(_ node: String, _ success: Success?) throws(StateError) {
        try write { database in
            guard let success else {
                return try database.execute(sql: "UPDATE success SET key = '' WHERE node = ?", arguments: [node])
            }
            try database.execute(
                sql: "INSERT OR REPLACE INTO success VALUES (?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    node, success.key, success.outputs, success.provenance, success.destination,
                    success.references.joined(separator: "\n"), success.digest,
                ]
            )
        }
    }
}
