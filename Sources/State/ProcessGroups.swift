/// Ends what a crash left running, and nothing else: an orphan would write into what the next run reads.

import Glibc

package enum ProcessGroups {
    /// A process that is killed is gone within milliseconds, unless it waits for a dead disk.
    private static let attempts = 100
    /// Milliseconds between two looks at the process table, at most.
    ///
    /// The kernel tells only its parent when a process ends.
    private static let pause: Int32 = 50

    /// Clock ticks since the boot; nil where there is no such process.
    package static func startTime(of pid: Int32) -> UInt64? { ProcessStatus(of: pid)?.startTime }

    /// Where pids mean the same as here.
    static func bootID() -> String {
        let boot = KernelFiles.line("/proc/sys/kernel/random/boot_id") ?? ""
        return boot + " " + (KernelFiles.target(of: "/proc/self/ns/pid") ?? "")
    }

    /// Kills the groups on record that still live, and waits until their processes are gone.
    ///
    /// - Returns: those of which some process is left after five seconds, since it is another user's or hangs.
    package static func endSurvivors(_ records: [ProcessRecord]) -> [ProcessRecord] {
        let boot = bootID()
        var left = records.filter { $0.bootID == boot }
        var milliseconds: Int32 = 1
        for _ in 0..<attempts where !left.isEmpty {
            let processes = ProcessStatus.all()
            left = left.filter { survives($0, processes) }
            for record in left { kill(-record.pid, SIGKILL) }
            if !left.isEmpty { poll(nil, 0, milliseconds) }
            milliseconds = min(milliseconds * 2, pause)
        }
        return left
    }

    /// Whether a process of the very group on record still runs.
    ///
    /// The kernel gives a number to no new process while a group has it. So if the first process is there, its start
    /// time decides; with another one the group had ended before. If it is not there, the group may still be a later
    /// one whose first process has ended too. But a group never leaves its session, and runs get no session of their
    /// own (setpgid, not setsid): no daemon, nor anything from another terminal, can be taken for a run.
    static func survives(_ record: ProcessRecord, _ processes: [ProcessStatus]) -> Bool {
        guard record.pid > 1, record.pid != getpgrp() else { return false }
        let members = processes.filter { $0.group == record.pid && $0.isRunning }
        guard !members.isEmpty else { return false }
        if let first = processes.first(where: { $0.pid == record.pid }) { return first.startTime == record.startTime }
        return members.allSatisfy { $0.session == record.session && $0.startTime >= record.startTime }
    }
}
