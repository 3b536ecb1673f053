import Testing

@testable import Simulation

/// A planted bug that no world catches means a missing world.
@Suite struct DefectTests {
    /// Which promise the defect breaks, and in which world, where it is not one of the random ones.
    static let broken: [(Defect, Promise, DirectedWorld?)] = [
        (.gatesOnlyTheFirstRun, .effects, .race),
        (.publishesWithoutCommitGate, .noStaleArtifact, .editWhileReading),
        (.countsRunsUnderEdits, .noStaleArtifact, .editBeforeRead),
        (.countsRunsUnderEdits, .convergence, .editBeforeRead),
        (.keepsTheSuccessOfAStartedStep, .noStaleArtifact, .failureAndBack),
        (.keepsTheSuccessOfAStartedStep, .convergence, .failureBeside),
        (.retriesFailuresForEver, .minimality, .failureAndBack),
        (.neverRetriesTransientFailures, .convergence, .outage),
        (.losesEditsAtFailures, .convergence, .failureBeside),
        (.forgetsCancelledRuns, .monotony, .lateRequests),
        (.startsBeforeKeying, .noStaleArtifact, .failureBeside),
        (.waitsForSilence, .progress, .flood),
        (.neverProtectsImages, .progress, .savesUnderBuild),
        (.loopsForEver, .convergence, .loops),
        (.comparesContent, .noStaleArtifact, .editBeforeRead),
        (.forgetsOrphans, .noStaleArtifact, .orphan),
        (.recordsAfterExec, .noStaleArtifact, .orphanAtBirth),
        (.reportsCancelledEarly, .monotony, .lateRequests),
        (.losesOverflow, .convergence, .overflow),
        (.losesOverflow, .noLostEdit, nil),
        (.reportsUndrained, .effects, .savesUnderNeeds),
        (.readsWithoutBarrier, .convergence, .bursts),
        (.snapshotsUnsettled, .noStaleArtifact, .editWhileReading),
        (.forgetsLate, .convergence, .sideEffect),
    ]

    @Test func `every defect is in the table`() {
        #expect(Set(Self.broken.map(\.0)) == Set(Defect.allCases))
    }

    /// Only in worlds in which nothing is wrong without the defect, as other tests say.
    @Test(arguments: broken)
    func `a defect is caught`(defect: Defect, promise: Promise, world: DirectedWorld?) {
        func isCaught(_ outcome: Outcome) -> Bool { outcome.violations.contains { $0.promise == promise } }
        if let world, world.seeds.contains(where: { isCaught(Outcome(world.scenario, seed: $0, defect: defect)) }) {
            return
        }
        let seeds = 0..<2000 as Range<UInt64>
        #expect(seeds.contains { isCaught(Outcome(seed: $0, defect: defect)) }, "no world breaks \(promise.rawValue)")
    }
}
