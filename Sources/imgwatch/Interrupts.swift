/// SIGINT, SIGTERM and SIGHUP: the first ends the loop cleanly, the second at once.

import Dispatch
import Glibc
import Synchronization

/// Listens until it is let go.
final class Interrupts {
    private let sources: [any DispatchSourceSignal]
    let count = InterruptCount()
    private let begun = BegunLoop()

    /// Returns when it listens, so that none is lost; until ``stop(_:)`` one ends the program with this exit code.
    init(_ session: Session, code: Int32) async {
        let (count, begun) = (count, begun)
        let queue = DispatchQueue(label: "interrupts", qos: .userInteractive)
        sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                let (isFirst, loop) = (count.isFirst(), begun.loop.withLock(\.self))
                if isFirst, let loop {
                    Task { await loop.stop() }
                    return
                }
                // What runs is killed; what was half written has no name yet, so nobody sees it.
                session.killRuns()
                session.end()
                _exit(isFirst ? code : 1)
            }
            return source
        }
        for source in sources {
            await withCheckedContinuation { continuation in
                source.setRegistrationHandler { continuation.resume() }
                source.activate()
            }
        }
    }

    /// The loop that is ended from now on.
    func stop(_ loop: Loop) { begun.loop.withLock { $0 = loop } }

    func end() { for source in sources { source.cancel() } }
}

private final class BegunLoop: Sendable {
    let loop = Mutex<Loop?>(nil)
}

/// How often somebody wanted the loop to end.
final class InterruptCount: Sendable {
    private let value = Atomic(0)
    func isFirst() -> Bool { value.add(1, ordering: .relaxed).oldValue == 0 }
}
