import Foundation
import Git
import Testing

@Suite(.enabled(if: TemporaryRepository.hasGit, "git is not installed")) struct LockHolderTests {
    @Test func `who has the lock open holds it`() throws {
        let place = try TemporaryRepository()
        let repository = try place.open()
        #expect(repository.lockHolder("index.lock") == nil)
        let holder = try Waiting(["sh", "-c", "exec 3>.git/index.lock; echo ready; read line"], in: place)
        #expect(repository.lockHolder("index.lock")?.process == holder.process.processIdentifier)
        #expect(repository.lockHolder("index.lock")?.command.hasPrefix("sh -c exec 3>") == true)
        #expect(repository.lockHolder("HEAD.lock") == nil)
        holder.end()
        #expect(repository.lockHolder("index.lock") == nil)
    }

    @Test func `a commit whose editor is open holds its lock, though the file is closed`() throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "1", "sub/b": "1"])
        try place.write("2", to: "a")
        let repository = try place.open()
        let editor = "core.editor=sh -c 'echo ready; read line; echo text >\"$1\"' editor"
        let git = try Waiting(["git", "-C", "sub", "-c", editor, "commit", "--all"], in: place)
        #expect(repository.activity().locks.map(\.name) == ["index.lock"])
        #expect(repository.lockHolder("index.lock")?.process == git.process.processIdentifier)
        #expect(repository.lockHolder("index.lock")?.command.hasPrefix("git -C sub") == true)
        git.end()
        #expect(git.process.terminationStatus == 0)
        #expect(!repository.activity().isBusy)
    }

    @Test func `a lock that was left behind has no holder`() throws {
        let place = try TemporaryRepository()
        try place.write("", to: ".git/index.lock")
        #expect(try place.open().lockHolder("index.lock") == nil)
    }
}

/// A command that says when it waits, and goes on when told to.
private struct Waiting {
    let process = Process()
    private let input = Pipe()

    init(_ command: [String], in place: TemporaryRepository) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = URL(fileURLWithPath: place.root)
        process.environment = place.environment
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        // Empty where it ended without waiting: the expectations fail then.
        _ = output.fileHandleForReading.availableData
    }

    func end() {
        input.fileHandleForWriting.write(Data("\n".utf8))
        process.waitUntilExit()
    }
}
