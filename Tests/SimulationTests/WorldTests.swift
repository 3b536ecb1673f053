import Testing

@testable import Simulation

@Suite struct WorldTests {
    func trace(_ seed: UInt64) -> [String] {
        var lines: [String] = []
        var world = World(Scenario(seed: seed), seed: seed, trace: { lines.append($0) })
        world.run()
        return lines
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a seed is the same world every time`(seed: UInt64) {
        let first = trace(seed)
        #expect(!first.isEmpty)
        #expect(trace(seed) == first)
    }
}
