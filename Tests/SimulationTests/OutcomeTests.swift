import Testing

@testable import Simulation

@Suite struct OutcomeTests {
    static let seeds: UInt64 = 2000
    static let chunk: UInt64 = 50

    /// `make simulate SEED=n` tells what happens in a world that is named here.
    @Test(arguments: 0..<seeds / chunk)
    func `no random world breaks a promise`(part: UInt64) {
        for seed in part * Self.chunk..<(part + 1) * Self.chunk {
            #expect(Outcome(seed: seed).violations.isEmpty, "seed \(seed)")
        }
    }

    /// Worlds that were wrong once, beyond those above.
    @Test(arguments: [
        3742, 4239, 4527, 4901, 5140, 7977, 8036, 9684, 13736, 15006, 15338, 16452, 17213, 17766, 34561, 41606, 42168,
        61328, 105_232,
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
