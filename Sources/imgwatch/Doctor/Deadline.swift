/// Waits for work only so long: a hung network folder must not hang who looks for what hangs.

import Dispatch
import Synchronization

enum Deadline {
    /// What the work comes to; nil where it takes longer: then it is cancelled, and not waited for.
    static func within<Value: Sendable>(
        _ limit: Duration,
        _ work: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let once = Once()
        let working = Task { await work() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                Task {
                    let value = await working.value
                    if once.isFirst() { continuation.resume(returning: value) }
                }
                let seconds = Int(limit.components.seconds)
                DispatchQueue(label: "deadline").asyncAfter(deadline: .now() + .seconds(seconds)) {
                    guard once.isFirst() else { return }
                    working.cancel()
                    continuation.resume(returning: nil)
                }
            }
        } onCancel: {
            working.cancel()
        }
    }

    /// Runs what blocks on a thread that others do not wait for.
    static func offside<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "offside").async { continuation.resume(returning: work()) }
        }
    }
}

private final class Once: Sendable {
    private let isTaken = Mutex(false)

    func isFirst() -> Bool {
        isTaken.withLock { taken in
            defer { taken = true }
            return !taken
        }
    }
}
