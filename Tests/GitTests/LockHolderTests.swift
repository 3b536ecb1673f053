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
        #expect(repository.lockHolder("index.lock").map(repository.mayWrite) == true)
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
        #expect(repository.lockHolder("index.lock").map(repository.mayWrite) == false)
        git.end()
        #expect(git.process.terminationStatus == 0)
        #expect(!repository.activity().isBusy)
    }

    @Test func `a lock that was left behind has no holder`() throws {
        let place = try TemporaryRepository()
        try place.write("", to: ".git/index.lock")
        #expect(try place.open().lockHolder("index.lock") == nil)
    }

    @Test func `a git that serves an editor holds no lock`() throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "1"])
        try place.write("", to: ".git/index.lock")
        let servant = try Waiting(["sh", "-c", "echo ready; exec git -c core.pager= cat-file --batch"], in: place)
        let (repository, deadline) = (try place.open(), Date(timeIntervalSinceNow: 60))
        // Its program comes before its arguments.
        let arguments = "/proc/\(servant.process.processIdentifier)/cmdline"
        while Date() < deadline, try !String(contentsOfFile: arguments, encoding: .utf8).hasPrefix("git") {}
        #expect(repository.lockHolder("index.lock") == nil)
        kill(servant.process.processIdentifier, SIGKILL)
        servant.process.waitUntilExit()
    }

    @Test(arguments: [
        ("git stash push -m commit", true), ("git -C a -c b.c=d --no-pager commit -a", false), ("git", true),
    ])
    func `a commit is known by its subcommand`(command: String, mayWrite: Bool) throws {
        let place = try TemporaryRepository()
        #expect(try place.open().mayWrite(GitLockHolder(process: 1, command: command)) == mayWrite)
        #expect(try !place.open().mayWrite(GitLockHolder(process: 1, command: command, isSure: false)))
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
