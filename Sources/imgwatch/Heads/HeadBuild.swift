/// One head under way: those who wait for it may go away, and others may come; it goes on.

import OCI
import Synchronization

final class HeadBuild: Sendable {
    let key: String
    private struct State {
        var result: Result<Descriptor, ImageProblem>?
        var waiters: [Int: CheckedContinuation<Result<Descriptor, ImageProblem>, Never>] = [:]
        var ended: [CheckedContinuation<Void, Never>] = []
        var next = 0
        var isCancelled = false
        /// How what it does now is ended early.
        var end: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())

    init(key: String) { self.key = key }

    var isCancelled: Bool { state.withLock(\.isCancelled) }

    /// Whether anybody is to be told what happens.
    var isAwaited: Bool { state.withLock { !$0.waiters.isEmpty } }

    func onCancel(_ end: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.end = end
            return state.isCancelled
        }
        if isLate { end() }
    }

    func cancel() {
        let end = state.withLock { state in
            state.isCancelled = true
            return state.end
        }
        end?()
    }

    func finish(_ result: Result<Descriptor, ImageProblem>) {
        let (waiters, ended) = state.withLock { state in
            state.result = result
            defer { (state.waiters, state.ended) = ([:], []) }
            return (state.waiters.values, state.ended)
        }
        for waiter in waiters { waiter.resume(returning: result) }
        for waiter in ended { waiter.resume() }
    }

    /// What comes of it; who is cancelled does not wait any longer.
    func value() async throws(ImageProblem) -> Descriptor {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known: Result<Descriptor, ImageProblem>? = state.withLock { state in
                    if let result = state.result { return result }
                    if Task.isCancelled { return .failure(.cancelled) }
                    state.waiters[number] = continuation
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: .failure(.cancelled))
        }
        return try result.get()
    }

    /// Waits for its end, whatever it is.
    func end() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.result == nil { state.ended.append(continuation) }
                return state.result != nil
            }
            if isOver { continuation.resume() }
        }
    }
}
