import Foundation
import State
import Synchronization
import Testing

@Suite struct StateStoreTests {
    @Test func `what was written is there when it is opened again`() throws {
        let place = try TemporaryState()
        let success = Success(key: "k", outputs: "o", references: ["a:1", "b:2"])
        do {
            let store = try place.open()
            #expect(store.notice == nil)
            #expect(try store.successes().isEmpty)
            try store.remember("step", success)
        }
        let store = try place.open()
        #expect(store.notice == nil)
        #expect(try store.successes() == ["step": success])
        #expect(try place.open().successes() == ["step": success])
    }

    @Test(arguments: Damage.allCases) func `a damaged file is moved aside, once, with all that belongs to it`(
        damage: Damage
    ) throws {
        let place = try TemporaryState()
        do {
            let store = try place.open()
            for number in 0..<200 { try store.remember("node \(number)", Success(key: "k", outputs: long)) }
        }
        try damage.apply(to: place.database)
        do {
            let store = try place.open()
            let notice = try #require(store.notice)
            #expect(notice.contains("damaged"))
            #expect(notice.contains(place.database + ".corrupt"))
            #expect(try store.successes().isEmpty)
            try store.remember("step", Success(key: "new"))
        }
        #expect(FileManager.default.fileExists(atPath: place.database + ".corrupt"))
        let store = try place.open()
        #expect(store.notice == nil)
        #expect(try store.successes() == ["step": Success(key: "new")])
    }

    @Test func `the second damaged file takes the place of the first`() throws {
        let place = try TemporaryState()
        for text in ["first", "second"] {
            try text.write(toFile: place.database, atomically: false, encoding: .utf8)
            #expect(try place.open().notice != nil)
            #expect(try String(contentsOfFile: place.database + ".corrupt", encoding: .utf8) == text)
        }
    }

    @Test func `the file of a newer imgwatch is moved aside`() throws {
        let place = try TemporaryState()
        try place.open().remember("step", Success(key: "k"))
        let sql = "INSERT INTO grdb_migrations VALUES ('2999')"
        let command = try Process.run(
            URL(fileURLWithPath: "/usr/bin/env"),
            arguments: ["sqlite3", place.database, sql]
        )
        command.waitUntilExit()
        try #require(command.terminationStatus == 0, "sqlite3 is needed")
        let store = try place.open()
        #expect(store.notice?.contains("newer") == true)
        #expect(try store.successes().isEmpty)
        #expect(FileManager.default.fileExists(atPath: place.database + ".newer"))
    }

    @Test func `a folder in the way is an error that names it`() throws {
        let place = try TemporaryState()
        try FileManager.default.createDirectory(atPath: place.database, withIntermediateDirectories: false)
        let error = #expect(throws: StateError.self) { try place.open() }
        #expect(error?.reason.contains(place.database) == true)
    }

    @Test(arguments: [false, true]) func `many may open and write at once`(isDamaged: Bool) async throws {
        let place = try TemporaryState()
        if isDamaged { try Damage.garbage.apply(to: place.database) }
        let folders = place.folders
        let notices = try await withThrowingTaskGroup(of: String?.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let store = try StateStore.open(folders)
                    for turn in 0..<10 { try store.remember("\(number)", Success(key: "\(turn)")) }
                    return store.notice
                }
            }
            return try await group.reduce(into: []) { if let notice = $1 { $0.append(notice) } }
        }
        #expect(notices.count == (isDamaged ? 1 : 0))
        let expected = Dictionary(uniqueKeysWithValues: (0..<8).map { ("\($0)", Success(key: "9")) })
        #expect(try place.open().successes() == expected)
    }

    @Test(arguments: [1, 40, 111]) func `what was said to be written survives SIGKILL in the middle of the next write`(
        writes: Int
    ) async throws {
        let place = try TemporaryState()
        let (journal, folder) = (place.folder + "/journal", place.folder)
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [folders = place.folders as StateFolders, journal = journal as String, writes = writes as Int] in
            try KilledWriter.run(folders, journal: journal, until: writes)
        }
        let said = try String(contentsOfFile: journal, encoding: .utf8).split(separator: "\n").count
        #expect(said >= writes)
        let store = try place.open()
        #expect(store.notice == nil, "in \(folder)")
        let success = try #require(try store.successes()["step"])
        let known = try #require(Int(success.key))
        #expect((said...said + 1).contains(known))
    }

    private var long: String { String(repeating: "x", count: 200) }
}

/// What may happen to a file.
enum Damage: CaseIterable, Sendable {
    case garbage, header, page, half

    func apply(to path: String) throws {
        var bytes = (try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data()
        switch self {
        case .garbage: bytes = Data("this is no database, and longer than a header of one would be".utf8)
        case .header: bytes.replaceSubrange(0..<100, with: Data(count: 100))
        case .page: bytes.replaceSubrange(4_096..<bytes.count, with: Data(repeating: 0xA5, count: bytes.count - 4_096))
        case .half: bytes = bytes.prefix(bytes.count / 2 / 4_096 * 4_096)
        }
        try bytes.write(to: URL(fileURLWithPath: path))
    }
}

/// Writes and says so, until it is killed by another thread of its own process, at no chosen place.
enum KilledWriter {
    static func run(_ folders: StateFolders, journal path: String, until writes: Int) throws {
        let store = try StateStore.open(folders)
        let journal = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let progress = Progress()
        Thread.detachNewThread {
            while progress.count.load(ordering: .relaxed) < writes { sched_yield() }
            kill(getpid(), SIGKILL)
        }
        for number in 1...1_000_000 {
            try store.remember("step", Success(key: "\(number)"))
            _ = "\(number)\n".withCString { write(journal, $0, strlen($0)) }
            progress.count.add(1, ordering: .relaxed)
        }
    }

    private final class Progress: Sendable {
        let count = Atomic(0)
    }
}
