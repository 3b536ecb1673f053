/// The process groups of all runs, on record before they can do anything: whoever comes after a crash ends them.

import GRDB

/// The first process of a run's group.
package struct ProcessRecord: Hashable, Sendable {
    /// The group's number as well.
    package var pid: Int32
    /// Field 22 of `/proc/PID/stat`: clock ticks since the boot.
    package var startTime: UInt64
    package var session: Int32
    /// The boot, and the pid namespace: where numbers mean the same.
    package var bootID: String
    package var node: String

    package init(pid: Int32, startTime: UInt64, session: Int32, bootID: String, node: String) {
        (self.pid, self.startTime, self.session) = (pid, startTime, session)
        (self.bootID, self.node) = (bootID, node)
    }
}

extension StateStore {
    /// Durable before it returns.
    ///
    /// The process must lead its group, and wait meanwhile.
    package func recordProcess(_ pid: Int32, of node: String) throws(StateError) {
        guard pid > 1, let status = ProcessStatus(of: pid) else { throw .processGone(pid) }
        let boot = ProcessGroups.bootID()
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO process VALUES (?, ?, ?, ?, ?)",
                arguments: [pid, Int64(bitPattern: status.startTime), status.session, boot, node]
            )
        }
    }

    package func forgetProcess(_ pid: Int32) throws(StateError) {
        try write { try $0.execute(sql: "DELETE FROM process WHERE pid = ?", arguments: [pid]) }
    }

    /// In the order of their numbers.
    package func processes() throws(StateError) -> [ProcessRecord] {
        try read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT pid, started, session, boot, node FROM process")
            return rows.map { row in
                ProcessRecord(
                    pid: row[0],
                    startTime: UInt64(bitPattern: row[1]),
                    session: row[2],
                    bootID: row[3],
                    node: row[4]
                )
            }
        }
    }
}
