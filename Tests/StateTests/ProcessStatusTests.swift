import Foundation
import Testing

@testable import State

@Suite struct ProcessStatusTests {
    private static let rest = "5 10 11 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654321 9 10"

    @Test(arguments: ["sh", "a b", "x) S 1 (", "((", "))", ""])
    func `a name may hold anything`(name: String) throws {
        let status = try #require(ProcessStatus(parsing: "42 (\(name)) S \(Self.rest)\n"))
        #expect(status.pid == 42)
        #expect(status.state == "S")
        #expect(status.group == 10)
        #expect(status.session == 11)
        #expect(status.startTime == 987_654_321)
        #expect(status.isRunning)
    }

    @Test(arguments: ["Z", "X"]) func `the dead do not run`(state: String) {
        #expect(ProcessStatus(parsing: "42 (sh) \(state) \(Self.rest)")?.isRunning == false)
    }

    @Test(arguments: ["", "42", "42 (sh) S 1 2", "x (sh) S 1 2 3"]) func `anything else is no process`(text: String) {
        #expect(ProcessStatus(parsing: text) == nil)
    }

    @Test func `this process is among all`() throws {
        let own = try #require(ProcessStatus(of: getpid()))
        #expect(own.group == getpgrp())
        #expect(own.session == getsid(0))
        #expect(ProcessStatus.all().contains { $0.pid == own.pid && $0.startTime == own.startTime })
        #expect(ProcessStatus(of: .max) == nil)
    }
}
