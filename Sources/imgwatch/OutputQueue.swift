/// Standard output for the reporter: a slow reader holds up nobody, since what is told waits here to be written.

import Dispatch
import Reporting
import Synchronization

final class OutputQueue: Sendable {
    private struct State: Sendable {
        var waitingBytes = 0
        /// Nobody reads any more.
        var isBroken = false
        var onBreak: @Sendable () -> Void = {}
    }
    /// With more than this in the queue the reader does not keep up.
    private static let limit = 8 << 20
    /// How long the end of the program waits for a reader.
    private static let patience: DispatchTimeInterval = .seconds(2)

    private let output: Output
    private let queue = DispatchQueue(label: "output", qos: .userInitiated)
    private let state = Mutex(State())

    init(_ output: Output) { self.output = output }

    /// Output of commands is left out then.
    var isFull: Bool { state.withLock { $0.waitingBytes > Self.limit } }

    /// Called once, when nobody reads any more; at once where that is known.
    func whenBroken(_ action: @escaping @Sendable () -> Void) {
        let isBroken = state.withLock { state in
            state.onBreak = action
            return state.isBroken
        }
        if isBroken { action() }
    }

    /// Returns at once; false where nobody reads any more.
    func send(_ bytes: [UInt8]) -> Bool {
        let isBroken = state.withLock { state in
            state.waitingBytes += bytes.count
            return state.isBroken
        }
        if !isBroken { queue.async { [self] in write(bytes) } }
        return !isBroken
    }

    private func write(_ bytes: [UInt8]) {
        guard !state.withLock(\.isBroken) else { return }
        let isRead = output.write(bytes)
        let action = state.withLock { state in
            state.waitingBytes -= bytes.count
            state.isBroken = !isRead
            return isRead ? nil : state.onBreak
        }
        action?()
    }

    /// Returns when all is written, or when the reader has not taken it for a while.
    func flush() {
        let isDone = DispatchSemaphore(value: 0)
        queue.async { isDone.signal() }
        _ = isDone.wait(timeout: .now() + Self.patience)
    }
}
