import Testing

@testable import Simulation

@Suite struct OutcomeTests {
    /// A debug build takes its time; `make simulate` does ten times as many in a minute.
    static let seeds: UInt64 = 400
    static let chunk: UInt64 = 50

    /// `make simulate SEED=n` tells what happens in a world that is named here.
    @Test(arguments: 0..<seeds / chunk)
    func `no random world breaks a promise`(part: UInt64) {
        for seed in part * Self.chunk..<(part + 1) * Self.chunk {
            #expect(Outcome(seed: seed).violations.isEmpty, "seed \(seed)")
        }
    }

    /// One world for each way in which the engine was wrong once, beyond those above.
    @Test(arguments: [
        3455, 12329, 21396, 24133, 24283, 26490, 28798, 30036, 30957, 38642, 40507, 40935, 44830, 48319, 49042, 53883,
    ])
    func `what was wrong once is right`(seed: UInt64) {
        #expect(Outcome(seed: seed).violations.isEmpty)
    }

    @Test func `the shortest worlds are shown first`() {
        var summary = Summary()
        for seed in 0..<300 as Range<UInt64> { summary.add(Outcome(seed: seed, defect: .losesOverflow)) }
        #expect(!summary.isClean)
        let lines = summary.text.split(separator: "\n")
        #expect(lines[0].hasPrefix("300 seeds, "))
        let events = lines.dropFirst().compactMap { Int($0.split(separator: " ")[2]) }
        #expect(events.count > 3 && events == events.sorted())
    }
}
