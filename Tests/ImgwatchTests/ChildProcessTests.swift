import Foundation
import Synchronization
import Testing

@testable import imgwatch

@Suite struct ChildProcessTests {
    /// What a command printed, and how it ended.
    struct Outcome: Sendable {
        var stdout: [String] = []
        var stderr: [String] = []
        var end = ProcessEnd.cancelled
        var pid: pid_t = 0
        /// Whether nothing is left of the group but what its parent has not looked at yet.
        var isGone: Bool {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return !names.isEmpty
                && !names.contains { name in
                    guard let text = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8) else {
                        return false
                    }
                    let fields = text.split(separator: ") ").last?.split(separator: " ") ?? []
                    return fields.count > 2 && fields[2] == "\(pid)" && fields[0] != "Z"
                }
        }
    }

    static func command(
        _ words: [String],
        in folder: String = "/",
        environment: [String] = ["PATH=/usr/bin:/bin"],
        timeout: Duration? = nil
    ) -> StepCommand {
        StepCommand(words: words, environment: environment, directory: folder, timeout: timeout)
    }

    static func script(_ text: String, in folder: String = "/", timeout: Duration? = nil) -> StepCommand {
        command(["/bin/sh", "-c", text], in: folder, timeout: timeout)
    }

    /// Runs it to its end on a thread of its own.
    static func run(
        _ command: StepCommand,
        onLine: @escaping @Sendable (ChildProcess, String) -> Void = { _, _ in }
    ) async throws -> Outcome {
        let child = try ChildProcess(command)
        child.release()
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var outcome = Outcome(pid: child.pid)
                outcome.end = child.wait { stream, bytes in
                    let line = String(decoding: bytes, as: UTF8.self)
                    if stream == .stdout { outcome.stdout.append(line) } else { outcome.stderr.append(line) }
                    onLine(child, line)
                }
                continuation.resume(returning: outcome)
            }
        }
    }

    // MARK: Output

    @Test func `each stream comes in lines, the last one too if it has no end`() async throws {
        let outcome = try await Self.run(Self.script("printf 'one\\n\\nthree'; printf 'wrong\\n' >&2"))
        #expect(outcome.stdout == ["one", "", "three"])
        #expect(outcome.stderr == ["wrong"])
        #expect(outcome.end == .exited(0))
    }

    @Test func `a very long line comes in pieces`() async throws {
        let outcome = try await Self.run(Self.script("head -c 300000 /dev/zero | tr '\\0' x; echo; echo next"))
        #expect(outcome.stdout.dropLast().joined() == String(repeating: "x", count: 300_000))
        #expect(outcome.stdout.count > 2 && outcome.stdout.last == "next")
        #expect(outcome.stdout.allSatisfy { $0.utf8.count <= 2 * LineReader.longestLine })
    }

    @Test func `a lot of short lines is read to the end`() async throws {
        let outcome = try await Self.run(Self.script("seq 200000"))
        #expect(outcome.stdout.count == 200_000 && outcome.stdout.last == "200000")
    }

    // MARK: Ends

    @Test(arguments: [
        ("exit 0", ProcessEnd.exited(0)), ("exit 7", .exited(7)), ("kill -KILL $$", .signalled(SIGKILL)),
        ("kill -TERM $$", .signalled(SIGTERM)), ("exec /none/such", .exited(127)),
    ])
    func `the end is the command's`(script: String, end: ProcessEnd) async throws {
        let outcome = try await Self.run(Self.script(script))
        #expect(outcome.end == end)
        #expect(outcome.isGone)
    }

    @Test func `a cancelled command is asked to end, with all that it started`() async throws {
        let script =
            "trap 'echo asked; exit 3' TERM; sh -c 'trap \"echo inner; exit\" TERM; echo ready; sleep 60 & wait'"
        let outcome = try await Self.run(Self.script(script)) { child, line in
            if line == "ready" { child.cancel() }
        }
        #expect(outcome.end == .cancelled)
        #expect(Set(outcome.stdout) == ["ready", "inner", "asked"])
        #expect(outcome.isGone)
    }

    /// Takes the five seconds between TERM and KILL.
    @Test func `a command that does not listen is killed`() async throws {
        let outcome = try await Self.run(Self.script("trap '' TERM; echo ready; while :; do sleep 1; done")) {
            child,
            _ in
            child.cancel()
        }
        #expect(outcome.end == .cancelled)
        #expect(outcome.isGone)
    }

    @Test func `a command that runs longer than its timeout is ended`() async throws {
        let outcome = try await Self.run(Self.script("sleep 60", timeout: .milliseconds(100)))
        #expect(outcome.end == .timedOut(.milliseconds(100)))
        #expect(outcome.isGone)
    }

    @Test func `a flood of output keeps nobody from ending the command`() async throws {
        #expect(
            try await Self.run(Self.command(["yes"], timeout: .milliseconds(100))).end == .timedOut(.milliseconds(100))
        )
        let count = Atomic(0)
        let outcome = try await Self.run(Self.command(["yes"])) { child, _ in
            if count.add(1, ordering: .relaxed).newValue == 1 { child.cancel() }
        }
        #expect(outcome.end == .cancelled)
    }

    @Test func `who cancels a command that is over writes nowhere`() async throws {
        let folder = try TemporaryFolder()
        let child = try ChildProcess(Self.script("exit 0"))
        child.release()
        _ = child.wait { _, _ in }
        let files = (0..<20).map { folder.path("\($0)") }
        let open = files.map { Glibc.open($0, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600) }
        child.cancel()
        for descriptor in open { close(descriptor) }
        for index in files.indices { #expect(try folder.read("\(index)") == "") }
    }

    // MARK: What is left behind

    @Test func `what the command left running is waited for`() async throws {
        let folder = try TemporaryFolder()
        let outcome = try await Self.run(Self.script("(sleep 0.3; echo late) & echo now", in: folder.root))
        #expect(outcome.stdout == ["now", "late"])
        let silent = try await Self.run(Self.script("(sleep 0.3; echo x > late) > /dev/null 2>&1 &", in: folder.root))
        #expect(folder.exists("late"))
        #expect([outcome.end, silent.end] == [.exited(0), .exited(0)])
        #expect(outcome.isGone && silent.isGone)
    }

    /// Takes the ten seconds that such processes are given.
    @Test func `what the command left running for good is ended, and the command has succeeded`() async throws {
        let outcome = try await Self.run(Self.script("sleep 1000 & exit 0"))
        #expect(outcome.end == .exited(0))
        #expect(outcome.isGone)
    }

    @Test func `a process that left the group is nobody's, even if it goes on printing`() async throws {
        let folder = try TemporaryFolder()
        let script = "setsid sh -c 'echo $$ > pid; exec yes' & while [ ! -s pid ]; do :; done; sleep 0.1"
        let outcome = try await Self.run(Self.script(script, in: folder.root))
        #expect(outcome.end == .exited(0))
        let pid = try #require(pid_t(try folder.read("pid").dropLast()))
        kill(pid, SIGKILL)
    }

    // MARK: Beginning

    @Test func `the group is there before the command is`() throws {
        let folder = try TemporaryFolder()
        let child = try ChildProcess(Self.script("echo x > made", in: folder.root))
        #expect(getpgid(child.pid) == child.pid)
        #expect(child.pid != getpgid(0))
        #expect(try String(contentsOfFile: "/proc/\(child.pid)/comm", encoding: .utf8) == "sh\n")
        #expect(!folder.exists("made"))
        child.release()
        #expect(child.wait { _, _ in } == .exited(0))
        #expect(folder.exists("made"))
    }

    @Test func `a command that is not released never begins`() throws {
        let folder = try TemporaryFolder()
        let child = try ChildProcess(Self.script("echo x > made", in: folder.root))
        child.discard()
        #expect(!folder.exists("made"))
        #expect(kill(child.pid, 0) == -1)
    }

    @Test func `a command that is cancelled before its release ends as cancelled`() throws {
        let child = try ChildProcess(Self.script("exec sleep 60"))
        child.cancel()
        child.release()
        #expect(child.wait { _, _ in } == .cancelled)
    }

    @Test func `a folder that is not there is an error that names it`() {
        let error = #expect(throws: SpawnError.self) { try ChildProcess(Self.command(["make"], in: "/none/such")) }
        #expect(error?.reason == "make in /none/such: No such file or directory")
    }

    @Test func `a program that is not there is told by the shell`() async throws {
        let outcome = try await Self.run(Self.command(["no-such-program"]))
        #expect(outcome.end == .exited(127))
        #expect(outcome.stderr.count == 1 && outcome.stderr.allSatisfy { $0.contains("no-such-program") })
    }

    @Test func `words reach the program as they are`() async throws {
        let words = ["a b", "$HOME", "'", "\"", "*", "", "-n", "é"]
        let outcome = try await Self.run(Self.command(["printf", "%s\\n"] + words))
        #expect(outcome.stdout == words)
    }

    @Test func `the environment is the given one, in the given folder, without input`() async throws {
        let folder = try TemporaryFolder()
        let variables = ["PATH=/usr/bin:/bin", "A=b c", "EMPTY="]
        let outcome = try await Self.run(Self.command(["env"], in: folder.root, environment: variables))
        #expect(Set(variables).isSubset(of: outcome.stdout))
        #expect(
            outcome.stdout.allSatisfy { line in
                variables.contains(line) || ["PWD=", "OLDPWD=", "SHLVL=", "_="].contains { line.hasPrefix($0) }
            }
        )
        #expect(try await Self.run(Self.script("pwd; cat", in: folder.root)).stdout == [folder.root])
    }

    @Test func `no descriptor and no ignored signal is inherited`() async throws {
        signal(SIGPIPE, SIG_IGN)
        let script = """
            for n in 3 4 5 6 7 8 9 10 11 12; do [ -e /proc/self/fd/$n ] && echo $n; done
            grep Sig[IB] /proc/self/status
            """
        let outcome = try await Self.run(Self.script(script))
        #expect(outcome.stdout.map { $0.prefix(7) } == ["SigBlk:", "SigIgn:"])
        // Beyond the first 31 are those that the C library keeps to itself.
        #expect(outcome.stdout.allSatisfy { (UInt64($0.dropFirst(8), radix: 16) ?? .max) & 0x7FFF_FFFF == 0 })
    }
}
