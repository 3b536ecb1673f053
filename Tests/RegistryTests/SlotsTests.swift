import Rigs
import Synchronization
import Testing

@testable import Registry

@Suite struct SlotsTests {
    /// How many are at it, and how many were at most.
    private struct Numbers {
        var now = 0
        var most = 0
        var done = 0
    }

    private final class Count: Sendable {
        private let numbers = Mutex(Numbers())
        func withLock<Result: Sendable>(_ body: @Sendable (inout Numbers) -> Result) -> Result {
            numbers.withLock { body(&$0) }
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
                            count.withLock { count in
                                count.now += 1
                                count.most = max(count.most, count.now)
                            }
                            await Task.yield()
                            count.withLock { count in
                                count.now -= 1
                                count.done += 1
                            }
                            // Who fails gives its slot back, too.
                            if number % 7 == 0 { throw RegistryError("so it is", remedy: "") }
                        }
                    }
                    #expect((result != nil) == (number % 7 == 0))
                }
            }
            try await group.waitForAll()
        }
        let end = count.withLock { $0 }
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
