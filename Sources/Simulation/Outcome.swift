/// What came of a world, and of many.

package struct Outcome: Sendable {
    package var seed: UInt64
    package var events: Int
    package var violations: [Violation]

    /// The random world of a seed.
    package init(seed: UInt64, defect: Defect? = nil) {
        self.init(Scenario(seed: seed), seed: seed, defect: defect)
    }

    package init(_ scenario: Scenario, seed: UInt64, defect: Defect? = nil) {
        var world = World(scenario, seed: seed, defect: defect)
        world.run()
        (self.seed, events, violations) = (seed, world.events, world.violations)
    }
}

package struct Summary: Sendable {
    /// How many violating worlds are shown.
    private static let shown = 10

    private var seeds = 0
    private var events = 0
    private var violations = 0
    private var violating: [Outcome] = []

    package init() {}

    package var isClean: Bool { violating.isEmpty }

    package mutating func add(_ outcome: Outcome) {
        seeds += 1
        events += outcome.events
        violations += outcome.violations.count
        if !outcome.violations.isEmpty { violating.append(outcome) }
    }

    /// One line, and one more for each of the shortest worlds that broke a promise.
    package var text: String {
        var lines = ["\(seeds) seeds, \(events) events, \(violations) violations"]
        for outcome in violating.sorted(by: { ($0.events, $0.seed) < ($1.events, $1.seed) }).prefix(Self.shown) {
            for violation in outcome.violations.prefix(1) {
                lines.append("seed \(outcome.seed), \(outcome.events) events: \(violation)")
            }
        }
        return lines.joined(separator: "\n")
    }
}
