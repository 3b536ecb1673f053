import Rigs
import Synchronization
import Testing

@testable import Registry

@Suite struct SlotsTests {
    /// How many are at it, and how many were at most.
    private final class Count: Sendable {
        private let state = Mutex((now: 0, most: 0, done: 0))
        var values: (now: Int, most: Int, done: Int) { state.withLock { $0 } }

        func begin() {
            state.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
        }

        func end() {
            state.withLock { state in
                state.now -= 1
                state.done += 1
            }
        }
    }

    @Test func `so many at once and no more, and all have their turn`() async throws {
        let slots = Slots(3)
        let count = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                group.addTask {
                    let result = await failure {
                        try await slots.with { () async throws(RegistryError) in
                            count.begin()
                            await Task.yield()
                            count.end()
                            // Who fails gives its slot back, too.
                            if number % 7 == 0 { throw RegistryError("so it is", remedy: "") }
                        }
                    }
                    #expect((result != nil) == (number % 7 == 0))
                }
            }
            try await group.waitForAll()
        }
        let end = count.values
        #expect((end.now, end.done) == (0, 50))
        #expect((1...3).contains(end.most))
    }

    @Test func `who is cancelled waits no longer, and takes nobody's slot`() async throws {
        let slots = Slots(1)
        let (held, release) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await slots.with { () async throws(RegistryError) in for await _ in held {} } }
            _ = try await Waiting.until("the slot is taken") { slots.free == 0 ? true : nil }
            let cancelled = await withTaskGroup(of: Bool.self) { waiters in
                waiters.addTask {
                    await failure {
                        try await slots.with { () async throws(RegistryError) in
                            if Task.isCancelled { throw RegistryError.notNeeded }
                        }
                    }?.isCancelled == true
                }
                waiters.cancelAll()
                return await waiters.next()
            }
            #expect(cancelled == true && slots.free == 0)
            release.finish()
            try await group.waitForAll()
        }
        #expect(slots.free == 1)
    }
}
