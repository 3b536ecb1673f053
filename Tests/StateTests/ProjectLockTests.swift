import Foundation
import State
import Testing

@Suite struct ProjectLockTests {
    @Test func `a project is held until the lock is dropped`() throws {
        let place = try TemporaryState()
        var lock: ProjectLock? = try ProjectLock.acquire(place.folders)
        #expect(lock != nil)
        #expect(throws: StateError.held(getpid())) { try ProjectLock.acquire(place.folders) }
        let other = try TemporaryState()
        _ = try ProjectLock.acquire(other.folders)
        lock = nil
        _ = try ProjectLock.acquire(place.folders)
    }

    @Test func `the lock of another process is seen, and who it is; its death frees the project`() throws {
        let place = try TemporaryState()
        let file = place.folders.state + "/loop.lock"
        let run = try CommandGroup("exec 9>'\(file)'; flock 9; echo $$ >&9; echo; kill -STOP $$")
        #expect(throws: StateError.held(run.pid)) { try ProjectLock.acquire(place.folders) }
        kill(run.pid, SIGKILL)
        run.reap()
        let lock = try ProjectLock.acquire(place.folders)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "\(getpid())\n")
        withExtendedLifetime(lock) {}
    }

    @Test func `a process that dies with the lock leaves it free`() async throws {
        let place = try TemporaryState()
        await #expect(processExitsWith: .signal(SIGKILL)) { [folders = place.folders as StateFolders] in
            let lock = try ProjectLock.acquire(folders)
            kill(getpid(), SIGKILL)
            withExtendedLifetime(lock) {}
        }
        _ = try ProjectLock.acquire(place.folders)
    }

    @Test func `a command does not inherit the lock`() throws {
        let place = try TemporaryState()
        var lock: ProjectLock? = try ProjectLock.acquire(place.folders)
        #expect(lock != nil)
        let run = try CommandGroup("echo; kill -STOP $$")
        lock = nil
        _ = try ProjectLock.acquire(place.folders)
        #expect(kill(run.pid, 0) == 0)
    }

    @Test func `who has it can be seen, and looking takes it from nobody`() throws {
        let place = try TemporaryState()
        #expect(try ProjectLock.holder(place.folders) == nil)
        var lock: ProjectLock? = try ProjectLock.acquire(place.folders)
        #expect(try ProjectLock.holder(place.folders) == getpid())
        #expect(throws: StateError.held(getpid())) { try ProjectLock.acquire(place.folders) }
        withExtendedLifetime(lock) {}
        lock = nil
        #expect(try ProjectLock.holder(place.folders) == nil)
        for _ in 0..<100 {
            #expect(try ProjectLock.holder(place.folders) == nil)
            _ = try ProjectLock.acquire(place.folders)
        }
    }
}
