/// The database's tables. A change is a migration more; those that were released never change.

import GRDB

enum Schema {
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            for table in first { try database.execute(sql: table) }
        }
        migrator.registerMigration("2") { try $0.execute(sql: encodings) }
        // What nodes read lies in files of its own.
        migrator.registerMigration("3") { try $0.execute(sql: "DROP TABLE hash") }
        return migrator
    }()

    /// All layers that were remembered before are in gzip.
    private static let encodings = """
        ALTER TABLE layer ADD COLUMN mediaType TEXT NOT NULL DEFAULT 'application/vnd.oci.image.layer.v1.tar+gzip'
        """

    private static let first = [
        """
        CREATE TABLE success (
            node TEXT PRIMARY KEY NOT NULL, key TEXT NOT NULL, outputs TEXT NOT NULL, provenance TEXT NOT NULL,
            destination TEXT NOT NULL, shown TEXT NOT NULL, digest TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE hash (
            path TEXT PRIMARY KEY NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL, changed INTEGER NOT NULL,
            inode INTEGER NOT NULL, device INTEGER NOT NULL, mode INTEGER NOT NULL, digest TEXT NOT NULL,
            blob TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE layer (
            age INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, diffID TEXT NOT NULL,
            digest TEXT NOT NULL, size INTEGER NOT NULL
        )
        """,
        """
        CREATE TABLE process (
            pid INTEGER PRIMARY KEY NOT NULL, started INTEGER NOT NULL, session INTEGER NOT NULL, boot TEXT NOT NULL,
            node TEXT NOT NULL
        )
        """,
    ]
}
