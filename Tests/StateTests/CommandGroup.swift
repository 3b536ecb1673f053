/// A real command that leads a process group of its own, as runs do, and is killed with its group after the test.

import Foundation

final class CommandGroup {
    struct SpawnFailed: Error { var code: Int32 }

    let pid: Int32
    private let output: Int32

    /// Returns when the script has printed its first line.
    init(_ script: String) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SpawnFailed(code: errno) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        posix_spawn_file_actions_addclose(&actions, ends[1])
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var words = ["/bin/sh", "-c", script].map { (word: String) in strdup(word) } + [nil]
        defer { for word in words { free(word) } }
        var pid: Int32 = 0
        let code = posix_spawn(&pid, "/bin/sh", &actions, &attributes, &words, environ)
        close(ends[1])
        guard code == 0 else { throw SpawnFailed(code: code) }
        (self.pid, output) = (pid, ends[0])
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1, byte != UInt8(ascii: "\n") {}
    }

    deinit {
        kill(-pid, SIGKILL)
        reap()
        close(output)
    }

    /// Waits for the first process's end and takes it out of the process table.
    func reap() {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }
}
