/// The threads of all tasks. Swift's runtime would take the dispatch library's, which are looked after once a second
/// for as long as the process lives; these sleep until there is work.

import CLinux
import Dispatch
import Foundation
import Synchronization
@_spi(ExperimentalCustomExecutors) @_spi(ExperimentalScheduling) import _Concurrency

/// What Swift 6.3 keeps back as experimental: an executor for all tasks that have none of their own.
struct TaskThreads: ExecutorFactory {
    static let mainExecutor = PlatformExecutorFactory.mainExecutor
    static let defaultExecutor: any TaskExecutor = Workers()

    /// Before the first task starts.
    static func install() { _createExecutors(factory: Self.self) }
}

/// Takes jobs in order.
///
/// A thread more is started when all are busy, and none ends: one that waited only so long would wake for nothing.
final class Workers: TaskExecutor, SchedulingExecutor {
    private struct State: Sendable {
        var jobs: [UnownedJob] = []
        var threads = 0
        /// Threads without a job; each job that waits has one of these, as far as the limit allows.
        var idle = 0
    }

    /// More than processors, since a job may wait for the disk.
    private static let limit = max(8, ProcessInfo.processInfo.activeProcessorCount)

    private let state = Mutex(State())
    /// How many jobs wait.
    private let waiting = DispatchSemaphore(value: 0)
    private let timers = DispatchQueue(label: "timers", qos: .userInitiated)

    func enqueue(_ job: consuming ExecutorJob) { add(UnownedJob(job)) }

    func enqueue<C: Clock>(
        _ job: consuming ExecutorJob,
        after delay: C.Duration,
        tolerance: C.Duration?,
        clock: C
    ) {
        let job = UnownedJob(job)
        guard let delay = delay as? Duration, delay > .zero else { return add(job) }
        let timer = DispatchSource.makeTimerSource(queue: timers)
        timer.schedule(deadline: .now() + delay.interval, leeway: (tolerance as? Duration)?.interval ?? .nanoseconds(0))
        // The timer lives as long as its handler.
        timer.setEventHandler { [self] in
            timer.cancel()
            add(job)
        }
        timer.activate()
    }

    private func add(_ job: UnownedJob) {
        let isMoreNeeded = state.withLock { state in
            state.jobs.append(job)
            guard state.jobs.count > state.idle, state.threads < Self.limit else { return false }
            state.threads += 1
            state.idle += 1
            return true
        }
        if isMoreNeeded { Thread.detachNewThread { [self] in work() } }
        waiting.signal()
    }

    private func work() -> Never {
        // Signals are for who listens for them: one that came to a thread that blocks none would be lost.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        while true {
            waiting.wait()
            let job = state.withLock { state in
                state.idle -= 1
                return state.jobs.removeFirst()
            }
            job.runSynchronously(on: asUnownedTaskExecutor())
            state.withLock { $0.idle += 1 }
        }
    }
}

extension Duration {
    /// At most some centuries.
    fileprivate var interval: DispatchTimeInterval {
        let (seconds, attoseconds) = components
        return .nanoseconds(Int(min(seconds, 9_000_000_000)) * 1_000_000_000 + Int(attoseconds / 1_000_000_000))
    }
}
