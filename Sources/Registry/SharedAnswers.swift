/// Lets those who ask the same at the same time share one answer, so that a token or a helper is asked for once.

internal import HTTP
internal import Synchronization

final class SharedAnswers<Question: Hashable & Sendable, Answer: Sendable>: Sendable {
    /// nil: ask again.
    private typealias Waiter = CheckedContinuation<Result<Answer, HTTPError>?, Never>

    private struct State {
        /// By the questions that are being asked.
        var waiters: [Question: [Int: Waiter]] = [:]
        var count = 0
    }

    private let state = Mutex(State())

    /// Asks, or waits for the answer of who asks already.
    ///
    /// Its failure, too, is everybody's, unless it was only cancelled.
    func answer(
        _ question: Question,
        cancelled: @autoclosure () -> HTTPError,
        _ ask: () async throws(HTTPError) -> Answer
    ) async throws(HTTPError) -> Answer {
        while !isFirst(question) {
            if let result = await othersAnswer(question) { return try result.get() }
            if Task.isCancelled { throw cancelled() }
        }
        do throws(HTTPError) {
            let answer = try await ask()
            end(question, .success(answer))
            return answer
        } catch {
            end(question, error.kind == .cancelled ? nil : .failure(error))
            throw error
        }
    }

    /// How many wait for the answer of another.
    func waiting(_ question: Question) -> Int { state.withLock { $0.waiters[question]?.count ?? 0 } }

    private func isFirst(_ question: Question) -> Bool {
        state.withLock { state in
            guard state.waiters[question] == nil else { return false }
            state.waiters[question] = [:]
            return true
        }
    }

    private func othersAnswer(_ question: Question) async -> Result<Answer, HTTPError>? {
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let isUnderWay = state.withLock { state in
                    guard state.waiters[question] != nil else { return false }
                    state.waiters[question]?[number] = waiter
                    return true
                }
                if !isUnderWay { waiter.resume(returning: nil) }
                // The handler may have come too early to find it.
                if isUnderWay, Task.isCancelled { leave(question, number) }
            }
        } onCancel: {
            leave(question, number)
        }
    }

    private func leave(_ question: Question, _ number: Int) {
        state.withLock { $0.waiters[question]?.removeValue(forKey: number) }?.resume(returning: nil)
    }

    private func end(_ question: Question, _ result: Result<Answer, HTTPError>?) {
        let waiters = state.withLock { $0.waiters.removeValue(forKey: question) } ?? [:]
        for waiter in waiters.values { waiter.resume(returning: result) }
    }
}
