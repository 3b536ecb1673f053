import Foundation
import Testing

@testable import State

@Suite struct ProcessRowsTests {
    @Test func `a run is on record until it is forgotten`() throws {
        let place = try TemporaryState()
        let run = try CommandGroup("echo; kill -STOP $$")
        let status = try #require(ProcessStatus(of: run.pid))
        try place.open().recordProcess(run.pid, of: "build-ui")
        let record = ProcessRecord(
            pid: run.pid,
            startTime: status.startTime,
            session: getsid(0),
            bootID: ProcessGroups.bootID(),
            node: "build-ui"
        )
        #expect(try place.open().processes() == [record])
        #expect(ProcessGroups.startTime(of: run.pid) == record.startTime)
        try place.open().recordProcess(run.pid, of: "other")
        #expect(try place.open().processes().map(\.node) == ["other"])
        try place.open().forgetProcess(run.pid)
        #expect(try place.open().processes().isEmpty)
    }

    @Test(arguments: [-1, 0, 1, Int32.max]) func `what is no run is not recorded`(pid: Int32) throws {
        let store = try TemporaryState().open()
        #expect(throws: StateError.processGone(pid)) { try store.recordProcess(pid, of: "x") }
        #expect(try store.processes().isEmpty)
    }

    @Test func `the boot is named, and the same for all processes here`() throws {
        let boot = ProcessGroups.bootID()
        #expect(boot.hasSuffix(KernelFiles.target(of: "/proc/self/ns/pid") ?? "-"))
        #expect(boot == ProcessGroups.bootID())
    }
}
