/// What outlives the process, in one SQLite file: successes, layers, process groups. Only what can be
/// found again: a lost file costs time, and nothing that the user made.

import Foundation
import GRDB

/// Safe to use from several threads, and by several processes.
///
/// A write that has returned survives the end of the process by whatever signal (write-ahead log); after a power
/// failure the last ones may be missing, but never the middle.
package final class StateStore: Sendable {
    /// What happened to the file that was there before; to be told once.
    package let notice: String?
    let folders: StateFolders
    private let queue: DatabaseQueue

    private init(_ queue: DatabaseQueue, _ folders: StateFolders, notice: String?) {
        (self.queue, self.folders, self.notice) = (queue, folders, notice)
    }

    /// Opens the database, or makes it.
    ///
    /// One that is damaged, or that a newer imgwatch wrote, is moved aside first.
    package static func open(_ folders: StateFolders) throws(StateError) -> StateStore {
        try folders.create()
        // Two that open at once must not both move the file away, nor switch the journal under each other.
        return try FileLock.holding(folders.state + "/open.lock") { () throws(StateError) -> StateStore in
            let path = folders.state + "/" + file
            do {
                return try open(path, folders)
            } catch {
                throw .database(path: path, reason: "\(error)")
            }
        }
    }

    private static func open(_ path: String, _ folders: StateFolders) throws -> StateStore {
        do {
            return StateStore(try connect(path), folders, notice: nil)
        } catch let problem as Unusable {
            let aside = try moveAside(path, problem)
            let notice = "\(problem.sentence) It is kept as \(aside); everything is looked at anew."
            return StateStore(try connect(path), folders, notice: notice)
        }
    }

    private static let file = "state.sqlite"

    func read<Value>(_ body: (Database) throws -> Value) throws(StateError) -> Value {
        do { return try queue.read(body) } catch { throw failure(error) }
    }

    func write(_ body: (Database) throws -> Void) throws(StateError) {
        do { try queue.write(body) } catch { throw failure(error) }
    }

    private func failure(_ error: any Error) -> StateError { .database(path: queue.path, reason: "\(error)") }
}

extension StateStore {
    /// Why a file is not taken as it is.
    private enum Unusable: Error {
        case damaged
        case newer

        var suffix: String {
            switch self {
            case .damaged: ".corrupt"
            case .newer: ".newer"
            }
        }

        var sentence: String {
            switch self {
            case .damaged: "The remembered state was damaged."
            case .newer: "The remembered state was written by a newer imgwatch."
            }
        }
    }

    private static func connect(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "imgwatch.state"
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let isNewer = try queue.read { database in
                guard try String.fetchOne(database, sql: "PRAGMA quick_check(1)") == "ok" else {
                    throw Unusable.damaged
                }
                return try Schema.migrator.hasBeenSuperseded(database)
            }
            if isNewer { throw Unusable.newer }
            try Schema.migrator.migrate(queue)
            return queue
        } catch let error as DatabaseError {
            switch error.resultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR: throw Unusable.damaged
            default: throw error
            }
        }
    }

    /// Keeps the last one of each sort.
    ///
    /// The log and the index of the log go with the file, or they would be applied to the next one.
    private static func moveAside(_ path: String, _ problem: Unusable) throws -> String {
        let files = FileManager.default
        let aside = path + problem.suffix
        for part in ["", "-wal", "-shm"] {
            if files.fileExists(atPath: aside + part) { try files.removeItem(atPath: aside + part) }
            if files.fileExists(atPath: path + part) { try files.moveItem(atPath: path + part, toPath: aside + part) }
        }
        return aside
    }
}
