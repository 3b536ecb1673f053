/// A command in its own process group: on record before it is executed, its output read line by line, ended as a whole.

import CLinux
import Foundation
import Glibc
import Synchronization

/// What to run, and how.
struct StepCommand: Sendable {
    /// Never empty; the first word is looked up in PATH.
    var words: [String]
    /// `NAME=value`.
    var environment: [String]
    /// Absolute.
    var directory: String
    var timeout: Duration?
}

/// How the command ended.
enum ProcessEnd: Equatable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    case timedOut(Duration)
    case cancelled
}

/// The command could not be started.
struct SpawnError: Error, Sendable {
    var reason: String
}

/// One command that runs.
///
/// Its group has ended when ``ChildProcess/wait(onLine:)`` returns: no process of it is left.
final class ChildProcess: Sendable {
    /// How long a cancelled group has between TERM and KILL.
    static let grace: Duration = .seconds(5)
    /// How long processes may go on after the command that started them has exited.
    static let leftBehind: Duration = .seconds(10)

    /// The process and the group.
    let pid: pid_t
    private let command: StepCommand
    private let pipes: Pipes
    /// The writing end of the control pipe; nil once the command is over.
    private let control: Mutex<Int32?>

    /// Makes the process, which waits: it is executed by ``release()``, and never if this program dies before that.
    init(_ command: StepCommand) throws(SpawnError) {
        self.command = command
        pipes = try Pipes()
        control = Mutex(pipes.control.write)
        // The shell waits for a line, so that the group is on record before the command can do anything.
        let words = ["/bin/sh", "-c", "read -r _ <&3 && exec 3<&- && exec \"$@\"", "sh"] + command.words
        do {
            pid = try Self.spawn(words, command, pipes)
        } catch {
            pipes.closeAll()
            throw error
        }
        pipes.closeChildEnds()
    }

    /// Lets the command begin.
    func release() {
        _ = "\n".withCString { write(pipes.gate.write, $0, 1) }
        close(pipes.gate.write)
    }

    /// Ends the process instead of releasing it: the command never begins.
    func discard() {
        close(pipes.gate.write)
        _ = wait { _, _ in }
    }

    /// Asks for the end of the group, TERM and KILL after a while, and returns at once.
    func cancel() {
        control.withLock { control in
            guard let control else { return }
            _ = "c".withCString { write(control, $0, 1) }
        }
    }

    /// From here on the numbers of the descriptors are others'.
    private func closePipes() {
        control.withLock { $0 = nil }
        for end in [pipes.stdout.read, pipes.stderr.read, pipes.control.read, pipes.control.write] { close(end) }
    }

    private static func spawn(_ words: [String], _ command: StepCommand, _ pipes: Pipes) throws(SpawnError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipes.stdout.write, 1)
        posix_spawn_file_actions_adddup2(&actions, pipes.stderr.write, 2)
        posix_spawn_file_actions_adddup2(&actions, pipes.gate.read, 3)
        posix_spawn_file_actions_addclosefrom_np(&actions, 4)
        posix_spawn_file_actions_addchdir_np(&actions, command.directory)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t(), all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var pid: pid_t = 0
        let arguments = words.map { strdup($0) } + [nil]
        let environment = command.environment.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        let code = posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments, environment)
        guard code == 0 else {
            throw SpawnError(reason: "\(command.words[0]) in \(command.directory): \(String(cString: strerror(code)))")
        }
        return pid
    }

    /// Blocks until every process of the group is gone; `onLine` gets each line without its newline.
    func wait(onLine: (OutputStream, [UInt8]) -> Void) -> ProcessEnd {
        defer { closePipes() }
        var reader = LineReader(stdout: pipes.stdout.read, stderr: pipes.stderr.read, control: pipes.control.read)
        var ending = Ending(pid: pid, timeout: command.timeout)
        var pause: Int32 = 1
        while true {
            // The end of the output mostly is the end of the command, so it is looked for at once, and then ever less.
            let isQuiet = reader.isOpen && !ending.isExited
            let wasAsked = reader.poll(milliseconds: isQuiet ? 50 : pause, onLine)
            pause = isQuiet ? 1 : min(pause * 2, 50)
            if wasAsked { ending.ask(.cancelled) }
            if ending.advance() {
                reader.drain(onLine)
                return ending.result
            }
        }
    }
}

/// Where a run is on its way to its end.
private struct Ending {
    let pid: pid_t
    private let timeout: Duration?
    private let start = ContinuousClock.now
    private var status: Int32?
    private var reason: ProcessEnd?
    private var askedAt: ContinuousClock.Instant?
    private var exitedAt: ContinuousClock.Instant?
    private var wasKilled = false

    init(pid: pid_t, timeout: Duration?) { (self.pid, self.timeout) = (pid, timeout) }

    var isExited: Bool { status != nil }

    var result: ProcessEnd {
        if let reason { return reason }
        guard let status else { return .cancelled }
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    }

    mutating func ask(_ reason: ProcessEnd) {
        guard askedAt == nil else { return }
        self.reason = status == nil ? reason : self.reason
        askedAt = ContinuousClock.now
        kill(-pid, SIGTERM)
    }

    /// Returns whether nothing of the group is left.
    mutating func advance() -> Bool {
        let now = ContinuousClock.now
        var raw: Int32 = 0
        if status == nil, waitpid(pid, &raw, WNOHANG) == pid { (status, exitedAt) = (raw, now) }
        if status == nil, let timeout, now - start >= timeout { ask(.timedOut(timeout)) }
        if let askedAt, !wasKilled, now - askedAt >= ChildProcess.grace { killAll() }
        guard let exitedAt else { return false }
        if !Self.groupLives(pid) { return true }
        if askedAt == nil, now - exitedAt >= ChildProcess.leftBehind { ask(.cancelled) }
        return false
    }

    private mutating func killAll() {
        wasKilled = true
        kill(-pid, SIGKILL)
    }

    /// Zombies do not count: nobody but their parent can end them, and they write nothing.
    private static func groupLives(_ group: pid_t) -> Bool {
        guard kill(-group, 0) == 0 || errno == EPERM else { return false }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc") else { return true }
        return names.contains { name in
            guard name.first?.isNumber == true,
                let stat = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
                let end = stat.lastIndex(of: ")")
            else { return false }
            let fields = stat[end...].split(separator: " ")
            return fields.count > 3 && fields[3] == "\(group)" && fields[1] != "Z"
        }
    }
}

/// The descriptors between this program and the command.
private struct Pipes: Sendable {
    struct Ends: Sendable { var read: Int32, write: Int32 }
    let stdout: Ends, stderr: Ends, gate: Ends, control: Ends

    init() throws(SpawnError) {
        (stdout, stderr, gate, control) = (try Self.make(), try Self.make(), try Self.make(), try Self.make())
    }

    private static func make() throws(SpawnError) -> Ends {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else {
            throw SpawnError(reason: "no pipe to be had: \(String(cString: strerror(errno)))")
        }
        return Ends(read: ends[0], write: ends[1])
    }

    /// What only the child needs.
    func closeChildEnds() { for end in [stdout.write, stderr.write, gate.read] { close(end) } }

    func closeAll() { for end in [stdout, stderr, gate, control] { for one in [end.read, end.write] { close(one) } } }
}
