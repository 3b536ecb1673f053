/// What can be wrong with a loop of this kind: each defect must be caught by some world, or a world is missing.

package import Engine

package enum Defect: String, CaseIterable, Sendable {
    // An engine without one of its rules.
    case gatesOnlyTheFirstRun
    case publishesWithoutCommitGate
    case countsRunsUnderEdits
    case keepsTheSuccessOfAStartedStep
    case retriesFailuresForEver
    case neverRetriesTransientFailures
    case losesEditsAtFailures
    case forgetsCancelledRuns
    case startsBeforeKeying
    case waitsForSilence
    case neverProtectsImages
    case loopsForEver

    // A runtime that does not keep its side of the contract.
    /// A run's inputs are compared by content alone: changed and changed back goes unseen.
    case comparesContent
    /// Survivors of a crash are left alone.
    case forgetsOrphans
    /// A process group is on record only after its command has begun.
    case recordsAfterExec
    /// A cancelled push is called ended while its request is in the air.
    case reportsCancelledEarly
    /// An overflowed queue is not followed by a re-scan.
    case losesOverflow
    /// A run's end is reported before the watcher's queue is empty.
    case reportsUndrained
    /// Inputs are read for a key without a second look at a barrier.
    case readsWithoutBarrier
    /// A snapshot is taken without reading again what changed meanwhile.
    case snapshotsUnsettled
    /// That a step's success is void does not reach the disk before the step starts.
    case forgetsLate

    /// The rules that an engine with this defect does without.
    package var missing: Rules {
        switch self {
        case .gatesOnlyTheFirstRun: .gateEveryRun
        case .publishesWithoutCommitGate: .commitGate
        case .countsRunsUnderEdits: .countUnchanged
        case .keepsTheSuccessOfAStartedStep: .voidAtStart
        case .retriesFailuresForEver: .failedKeyWaits
        case .neverRetriesTransientFailures: .retryTransient
        case .losesEditsAtFailures: .containFailure
        case .forgetsCancelledRuns: .awaitCancelled
        case .startsBeforeKeying: .keyBeforeStart
        case .waitsForSilence: .capQuiet
        case .neverProtectsImages: .protectImages
        case .loopsForEver: .stopLoops
        case .comparesContent, .forgetsOrphans, .recordsAfterExec, .reportsCancelledEarly, .losesOverflow,
            .reportsUndrained, .readsWithoutBarrier, .snapshotsUnsettled, .forgetsLate:
            []
        }
    }
}
