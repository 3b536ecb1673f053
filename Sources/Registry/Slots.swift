/// Lets so many at once do something; the others wait for their turn, in the order in which they came.

internal import Synchronization

package final class Slots: Sendable {
    /// Resumed with whether it has a slot now.
    private typealias Waiter = CheckedContinuation<Bool, Never>

    private struct State {
        var free: Int
        var waiting: [(number: Int, waiter: Waiter)] = []
        var count = 0
    }

    private let state: Mutex<State>

    package init(_ count: Int) { state = Mutex(State(free: count)) }

    /// Who is cancelled while it waits goes on without a slot, to find that out by itself.
    package func with<Value, Failure>(
        _ work: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let hasSlot = await take()
        defer { if hasSlot { give() } }
        return try await work()
    }

    var free: Int { state.withLock(\.free) }

    private func take() async -> Bool {
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let isFree = state.withLock { state in
                    if state.free == 0 { state.waiting.append((number, waiter)) } else { state.free -= 1 }
                    return state.waiting.last?.number != number
                }
                if isFree { waiter.resume(returning: true) }
                // The handler may have come too early to find it.
                if !isFree, Task.isCancelled { leave(number) }
            }
        } onCancel: {
            leave(number)
        }
    }

    private func leave(_ number: Int) {
        let waiter = state.withLock { state in
            state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0).waiter }
        }
        waiter?.resume(returning: false)
    }

    private func give() {
        let next = state.withLock { state in
            guard state.waiting.isEmpty else { return Optional(state.waiting.removeFirst().waiter) }
            state.free += 1
            return nil
        }
        next?.resume(returning: true)
    }
}
