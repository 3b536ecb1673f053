import HTTP
import Synchronization
import Testing

@testable import Registry

@Suite struct SharedAnswersTests {
    /// A question that is answered when the test says so.
    private final class Asked: Sendable {
        let count = Mutex(0)
        private let gate = AsyncStream<Void>.makeStream()

        func ask(_ result: Result<Int, HTTPError>) async throws(HTTPError) -> Int {
            count.withLock { $0 += 1 }
            for await _ in gate.stream { break }
            if Task.isCancelled { throw SharedAnswersTests.cancelled }
            return try result.get()
        }

        func answer() { gate.continuation.yield() }

        func wait(for number: Int) async { while count.withLock({ $0 }) < number { await Task.yield() } }
    }

    private static let cancelled = error(.cancelled)

    private static func error(_ kind: HTTPError.Kind) -> HTTPError {
        guard let address = WebAddress(parsing: "http://a.example/") else { preconditionFailure() }
        return HTTPError(kind, address, "so it is")
    }

    private func result(
        _ shared: SharedAnswers<String, Int>,
        _ body: () async throws(HTTPError) -> Int
    ) async -> Result<Int, HTTPError> {
        do throws(HTTPError) { return .success(try await shared.answer("a", cancelled: Self.cancelled, body)) } catch {
            return .failure(error)
        }
    }

    /// Many that ask the same, and what they hear.
    private func ask(_ outcome: Result<Int, HTTPError>) async -> (asked: Int, heard: [Result<Int, HTTPError>]) {
        let (shared, asked) = (SharedAnswers<String, Int>(), Asked())
        let heard = await withTaskGroup(of: Result<Int, HTTPError>.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    await result(shared) { () async throws(HTTPError) in try await asked.ask(outcome) }
                }
            }
            await asked.wait(for: 1)
            while shared.waiting("a") < 9 { await Task.yield() }
            asked.answer()
            return await group.reduce(into: []) { $0.append($1) }
        }
        return (asked.count.withLock { $0 }, heard)
    }

    @Test func `one asks, and all hear the answer`() async {
        let (asked, heard) = await ask(.success(7))
        #expect(asked == 1)
        #expect(heard == Array(repeating: .success(7), count: 10))
    }

    @Test func `a failure is everybody's`() async {
        let (asked, heard) = await ask(.failure(Self.error(.denied)))
        #expect(asked == 1)
        #expect(heard == Array(repeating: .failure(Self.error(.denied)), count: 10))
    }

    @Test func `where the first one is cancelled, another asks`() async {
        let (shared, asked) = (SharedAnswers<String, Int>(), Asked())
        let heard = await withTaskGroup(of: Result<Int, HTTPError>.self) { others in
            await withTaskGroup(of: Result<Int, HTTPError>.self) { first in
                first.addTask {
                    await result(shared) { () async throws(HTTPError) in try await asked.ask(.success(1)) }
                }
                await asked.wait(for: 1)
                others.addTask { await result(shared) { () async throws(HTTPError) in 2 } }
                while shared.waiting("a") < 1 { await Task.yield() }
                first.cancelAll()
                #expect(await first.next() == .failure(Self.cancelled))
            }
            return await others.next()
        }
        #expect(heard == .success(2))
    }

    @Test func `who waits and is cancelled goes away, and the others hear the answer`() async {
        let (shared, asked) = (SharedAnswers<String, Int>(), Asked())
        let heard = await withTaskGroup(of: Result<Int, HTTPError>.self) { first in
            first.addTask { await result(shared) { () async throws(HTTPError) in try await asked.ask(.success(1)) } }
            await asked.wait(for: 1)
            let other = await withTaskGroup(of: Result<Int, HTTPError>.self) { other in
                other.addTask { await result(shared) { () async throws(HTTPError) in 2 } }
                while shared.waiting("a") < 1 { await Task.yield() }
                other.cancelAll()
                return await other.next()
            }
            #expect(other == .failure(Self.cancelled))
            asked.answer()
            return await first.next()
        }
        #expect(heard == .success(1))
    }

    @Test func `later questions are asked anew, and other ones do not wait`() async {
        let shared = SharedAnswers<String, Int>()
        for number in 0..<3 {
            #expect(await result(shared) { () async throws(HTTPError) in number } == .success(number))
        }
        let inner = await result(shared) { () async throws(HTTPError) in
            try await shared.answer("b", cancelled: Self.cancelled) { () async throws(HTTPError) in 9 }
        }
        #expect(inner == .success(9))
    }
}
