import Dispatch
import Testing

@testable import imgwatch

@Suite struct WorkersTests {
    private let workers = Workers()

    @Test func `every job runs, however many there are`() async {
        await withTaskExecutorPreference(workers) {
            let sum = await withTaskGroup(of: Int.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        await Task.yield()
                        return number
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(sum == 499_500)
        }
    }

    @Test func `a job that blocks its thread holds up no other`() async {
        let signal = Signal()
        let blocked = Task(executorPreference: workers) { signal.isHeard() }
        let other = Task(executorPreference: workers) { signal.give() }
        _ = await other.value
        #expect(await blocked.value)
    }

    private struct Signal: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        func give() { semaphore.signal() }
        func isHeard() -> Bool { semaphore.wait(timeout: .now() + 120) == .success }
    }
}
