import Foundation
import Testing

@testable import State

@Suite struct ProcessGroupsTests {
    /// Runs for ever, and ends at once when it is killed.
    private static let forever = "tail -f /dev/null >/dev/null 2>&1"

    private func record(_ run: CommandGroup) throws -> ProcessRecord {
        let status = try #require(ProcessStatus(of: run.pid))
        return ProcessRecord(
            pid: run.pid,
            startTime: status.startTime,
            session: status.session,
            bootID: ProcessGroups.bootID(),
            node: "n"
        )
    }

    private func running(_ group: Int32) -> [ProcessStatus] {
        ProcessStatus.all().filter { $0.group == group && $0.isRunning }
    }

    @Test(
        arguments: [
            "\(forever) & echo; wait", "(\(forever) & \(forever)) & echo; \(forever)",
            "trap '' TERM INT HUP; \(forever) & echo; wait", "env -i sh -c '\(forever)' & echo; wait",
            "echo; while :; do (:); done",
        ]
    )
    func `all processes of a surviving group are ended`(script: String) throws {
        let run = try CommandGroup(script)
        let record = try record(run)
        #expect(!running(run.pid).isEmpty)
        #expect(ProcessGroups.endSurvivors([record]).isEmpty)
        #expect(running(run.pid).isEmpty)
    }

    @Test(arguments: [false, true]) func `a group whose first process has ended is ended too`(isReaped: Bool) throws {
        let run = try CommandGroup("\(Self.forever) & echo; kill -STOP $$")
        let record = try record(run)
        #expect(running(run.pid).count == 2)
        kill(run.pid, SIGKILL)
        if isReaped {
            run.reap()
        } else {
            var info = siginfo_t()
            #expect(waitid(P_PID, id_t(run.pid), &info, WEXITED | WNOWAIT) == 0)
        }
        #expect((ProcessStatus(of: run.pid) == nil) == isReaped)
        #expect(running(run.pid).count == 1)
        #expect(ProcessGroups.endSurvivors([record]).isEmpty)
        #expect(running(run.pid).isEmpty)
    }

    @Test func `a group that only has the number of one on record is left alone`() throws {
        let run = try CommandGroup("\(Self.forever) & echo; wait")
        var later = try record(run)
        later.startTime -= 1
        var elsewhere = try record(run)
        elsewhere.bootID = "another boot"
        #expect(ProcessGroups.endSurvivors([later, elsewhere]).isEmpty)
        #expect(running(run.pid).count == 2)
    }

    @Test func `nothing is on record, or nothing lives`() throws {
        let run = try CommandGroup("echo; kill -STOP $$")
        let record = try record(run)
        kill(run.pid, SIGKILL)
        run.reap()
        #expect(ProcessGroups.endSurvivors([]).isEmpty)
        #expect(ProcessGroups.endSurvivors([record, record]).isEmpty)
    }

    // MARK: The decision

    private static let ours = ProcessRecord(pid: 500, startTime: 90, session: 7, bootID: "", node: "")

    private func status(
        _ pid: Int32,
        group: Int32 = 500,
        session: Int32 = 7,
        start: UInt64 = 90,
        state: Character = "S"
    ) throws -> ProcessStatus {
        let fields = "1 \(group) \(session) 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 \(start) 0"
        return try #require(ProcessStatus(parsing: "\(pid) (x) \(state) \(fields)"))
    }

    @Test func `the first process decides where it is there`() throws {
        #expect(ProcessGroups.survives(Self.ours, [try status(500)]))
        #expect(!ProcessGroups.survives(Self.ours, [try status(500, start: 95)]))
        #expect(!ProcessGroups.survives(Self.ours, [try status(500, state: "Z")]))
        let child = try status(600, start: 95)
        #expect(ProcessGroups.survives(Self.ours, [try status(500, state: "Z"), child]))
        // The number is another process's now, which has no group of its own: the group had ended before.
        #expect(!ProcessGroups.survives(Self.ours, [try status(500, group: 400, start: 95), child]))
    }

    @Test func `without its first process a group is ours in our session and not before our start`() throws {
        #expect(ProcessGroups.survives(Self.ours, [try status(600, start: 95)]))
        #expect(!ProcessGroups.survives(Self.ours, [try status(600, session: 500, start: 95)]))
        #expect(!ProcessGroups.survives(Self.ours, [try status(600, start: 80)]))
        #expect(!ProcessGroups.survives(Self.ours, [try status(600, start: 95, state: "Z")]))
        #expect(!ProcessGroups.survives(Self.ours, [try status(600, group: 501, start: 95)]))
        #expect(!ProcessGroups.survives(Self.ours, []))
    }

    @Test(arguments: [-1, 0, 1, getpgrp()]) func `a group that must never be killed is not`(pid: Int32) throws {
        var record = Self.ours
        record.pid = pid
        #expect(!ProcessGroups.survives(record, [try status(max(pid, 1), group: pid)]))
    }
}
